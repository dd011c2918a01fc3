// Command fhirpathdiff compares package fhirpath with fhirpath.js, HL7's engine in
// JavaScript: it makes up a few thousand expressions over real resources,
// evaluates each with both, and reports where they disagree. make fhirpath-diff
// runs it.
//
// Neither engine is right because it is one of the two. Where ours is, by the
// specification, the table in explained.go says so, and the difference does not
// count. The command exits with 1 if there is any other, with 2 if it can't run.
//
// The same -seed and -n give the same expressions, over the same resources. With
// -hostile they are made of literals and arguments at the edge of what the
// language allows, in place of paths of the resources.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/fhirpathdiff/fhirpathjs"
)

func main() {
	n := flag.Int("n", 4000, "how many expressions")
	seed := flag.Uint64("seed", 1, "seed of the expressions")
	hostile := flag.Bool("hostile", false, "literals and arguments at the edge, no resources")
	verbose := flag.Bool("v", false, "print each difference rather than an example of its class, and the explained ones, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	r, err := compare(ctx, *n, *seed, *hostile, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fhirpathdiff:", err)
		os.Exit(2)
	}
	r.print(os.Stdout)
	if r.differ > 0 {
		os.Exit(1)
	}
}

func compare(ctx context.Context, n int, seed uint64, hostile, verbose bool) (*report, error) {
	folder, err := fhirpathjs.Install(ctx)
	if err != nil {
		return nil, err
	}
	corpus, err := readCorpus()
	if err != nil {
		return nil, err
	}
	theirs, err := startPeer(ctx, folder, corpus)
	if err != nil {
		return nil, err
	}
	defer theirs.close()
	r := newReport(verbose)
	g := newGenerator(seed, corpus)
	for range n {
		q := g.next(hostile)
		their, err := theirs.evaluate(q)
		if err != nil {
			return nil, fmt.Errorf("%w, at %s", err, q.expression)
		}
		r.add(q, ours(ctx, q.expression, q.on.doc.Root()), their)
	}
	return r, nil
}

// question is an expression over a resource. form names the way it was made.
type question struct {
	form, expression string
	on               *resource
}

func ours(ctx context.Context, expression string, focus fhirpath.Node) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{err: "panic", panicked: true}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	e, err := fhirpath.Compile(expression, fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		return outcome{err: problem(err)}
	}
	items, err := e.Evaluate(ctx, focus, fhirpath.Env{})
	if err != nil {
		return outcome{err: problem(err)}
	}
	for _, it := range items {
		o.values = append(o.values, ourValue(it))
	}
	return o
}
