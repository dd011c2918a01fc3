#!/bin/sh
# compare.sh BASE: the Go benchmark of each stage of a change's way, here and in BASE (a tag
# or a commit), in turns, and what benchstat makes of them. COUNT (6) is how often.
set -eu
base=${1:?usage: compare.sh BASE}
count=${COUNT:-6}
benchstat=golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

# A stage's package and benchmarks.
stages='
subscription Hook
topic Fires
topic/search Keys
topic IndexMatch/patient/1e[35]
store/memory ClaimFinish
store/sqlite Store/(Append|CommitEvents|Deliver)
store/postgres Store/(Append|CommitEvents|Deliver)
notification Append/full-resource$
channel/egress Send/(channel|bare)
internal/bench Delivery
'

cd "$(git rev-parse --show-toplevel)"
dir=$(mktemp -d)
trap 'git worktree remove --force "$dir/base" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
git worktree add --quiet --detach "$dir/base" "$base"

# Each package is compiled once; what one of both does not have is left out there.
echo "$stages" | while read -r package _; do
	[ -n "$package" ] || continue
	name=$(echo "$package" | tr / -)
	[ ! -x "$dir/new-$name" ] || continue
	go test -c -o "$dir/new-$name" "./$package"
	(cd "$dir/base" && go test -c -o "$dir/old-$name" "./$package") 2>/dev/null || echo "$package: not in $base" >&2
done
for _ in $(seq "$count"); do
	echo "$stages" | while read -r package benchmarks; do
		[ -n "$package" ] || continue
		name=$(echo "$package" | tr / -)
		for side in old new; do
			tree=.
			[ $side = new ] || tree=$dir/base
			[ -x "$dir/$side-$name" ] && [ -d "$tree/$package" ] || continue
			(cd "$tree/$package" && "$dir/$side-$name" -test.run '^$' -test.short -test.benchmem -test.bench "^Benchmark$benchmarks" \
				-test.benchtime "${BENCHTIME:-300ms}") >>"$dir/$side.txt" || echo "$package: failed ($side)" >&2
		done
	done
done
go run "$benchstat" base="$dir/old.txt" here="$dir/new.txt"
