package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/carillon-fhir/carillon/examples/fhirpath/cases"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// suite is what -cases and the flags beside it ask for.
type suite struct {
	file, inputs string
	release      fhirpath.Release
	verbose      bool
}

// runCases runs a suite and returns the exit code.
func runCases(ctx context.Context, s suite, stdout, stderr io.Writer) int {
	list, err := cases.Read(s.file)
	if err != nil {
		fmt.Fprintf(stderr, "fhirpath: %s: %v\n", s.file, err)
		return wrong
	}
	if s.inputs == "" {
		s.inputs = filepath.Join(filepath.Dir(s.file), "inputs")
	}
	runner := cases.Runner{Inputs: s.inputs, Release: s.release}
	count := map[cases.Verdict]int{}
	for _, c := range list.Cases {
		if ctx.Err() != nil {
			fmt.Fprintln(stderr, "fhirpath: interrupted")
			return failed
		}
		result := runner.Run(ctx, c)
		count[result.Verdict]++
		if result.Verdict == cases.Skipped || result.Verdict == cases.Failed && s.verbose {
			fmt.Fprintf(stdout, "%s %s\n", result.Verdict, c.ID)
			for _, line := range []string{c.Expression, result.Reason} {
				fmt.Fprintln(stdout, "    "+strings.ReplaceAll(line, "\n", "\n    "))
			}
		}
	}
	fmt.Fprintf(stdout, "%d passed, %d failed, %d skipped\n", count[cases.Passed], count[cases.Failed], count[cases.Skipped])
	if count[cases.Failed] > 0 {
		return failed
	}
	return fine
}
