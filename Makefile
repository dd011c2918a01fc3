# Every target works on a fresh clone. STATICCHECK is fetched at this version when
# it is not installed.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.8.0
FUZZTIME ?= 20s
FUZZ ?= ./...

.PHONY: test lint bench fuzz soak quickstart fhirpath-diff

# Everything that decides whether a change is good.
test: lint
	go test -race -shuffle=on ./...
	cd internal/fhirpathbench && go vet ./... && go test ./...
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

# The table of the README: ratios against ceilings measured in the same run.
bench:
	go run ./internal/bench -readme README.md
	cd internal/fhirpathbench && go run . -into ../../fhirpath/README.md

# Each fuzz target of the packages FUZZ for FUZZTIME, from its committed corpus.
fuzz:
	@for pkg in $$(go list $(FUZZ)); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

# The real server, killed 100 times under load.
soak:
	CARILLON_KILLS=100 go test -count=1 -timeout 30m -v -run KilledServer ./examples/server

# Generated expressions over real resources, by this engine and by fhirpath.js (npm).
fhirpath-diff:
	go run ./internal/fhirpathdiff
	go run ./internal/fhirpathdiff -hostile

quickstart:
	go run ./examples/quickstart
