// Command fhirpath evaluates a FHIRPath expression over resources, or runs a suite
// of cases.
//
//	fhirpath [-release R4|R4B|R5] [-strict] [-type] EXPRESSION [FILE...]
//	fhirpath -cases FILE [-inputs FOLDER] [-release R4|R4B|R5] [-v]
//
// The first form reads the files, or standard input, as a stream of resources, one
// a line or pretty-printed, and prints the results, one a line, as JSON; with -type
// behind the name of their type. A Bundle is one resource. References can be
// followed within a resource: to what it contains, to the entries of a Bundle.
// trace() writes to standard error.
//
//	$ fhirpath 'name.where(use = %use).given' patient.json
//	fhirpath: unknown variable %use at line 1, column 18 …
//	$ cat *.ndjson | fhirpath -type 'Observation.value.ofType(Quantity).value'
//	decimal	6.3
//
// With -strict the expression is checked against the definitions of the type of
// each resource: a name that it does not have is an error.
//
// The second form is described in package cases. It prints the failing cases with
// -v, and always ends with the line "N passed, N failed, N skipped".
//
// It exits with 0; with 1 if a resource could not be read, an evaluation failed or
// a case did not pass; with 2 if the command or the expression is wrong. Errors
// name files and lines, never what is in them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// The exit codes.
const (
	fine   = 0
	failed = 1
	wrong  = 2
)

// run is the command, with everything that it touches given.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("fhirpath", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, "usage: fhirpath [-release R4|R4B|R5] [-strict] [-type] EXPRESSION [FILE...]\n"+
			"       fhirpath -cases FILE [-inputs FOLDER] [-release R4|R4B|R5] [-v]\n")
		flags.PrintDefaults()
	}
	release := fhirpath.R4
	flags.Func("release", "`release` of the resources: R4 (the default), R4B or R5", func(s string) (err error) {
		release, err = fhirpath.ParseRelease(s)
		return err
	})
	strict := flags.Bool("strict", false, "check the expression against the type of each resource")
	typed := flags.Bool("type", false, "print each result's type before it")
	file := flags.String("cases", "", "run the suite of cases in this `file`")
	inputs := flags.String("inputs", "", "`folder` of the suite's inputs (default: inputs beside the suite)")
	verbose := flags.Bool("v", false, "print the cases that fail")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return fine
	} else if err != nil {
		return wrong
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	rest := flags.Args()
	switch {
	case given["cases"] && (len(rest) > 0 || *strict || *typed):
		fmt.Fprintln(stderr, "fhirpath: -cases takes no expression, -strict or -type")
	case given["cases"]:
		return runCases(ctx, suite{file: *file, inputs: *inputs, release: release, verbose: *verbose}, stdout, stderr)
	case given["inputs"] || *verbose:
		fmt.Fprintln(stderr, "fhirpath: -inputs and -v go with -cases")
	case len(rest) == 0:
		flags.Usage()
	default:
		e := evaluator{options: fhirpath.Options{Release: release, Strict: *strict}, expression: rest[0], typed: *typed, stdout: stdout, stderr: stderr}
		return e.run(ctx, rest[1:], stdin)
	}
	return wrong
}
