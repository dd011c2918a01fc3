// Command fhirpathbench compares the speed of package fhirpath with that of the
// other engines that can be installed: gofhir and its predecessor in Go, HL7's
// fhirpath.js in Node.js. It prints a table and, with -into FILE, also replaces the
// table between that file's fhirpathbench markers.
//
//	cd internal/fhirpathbench && go run . -into ../../fhirpath/README.md
//
// All engines work on the same bytes in the same run, taking turns, so that what
// else the machine does falls on all of them; each figure is the median of the
// rounds. It is a module of its own so that the other engines never become
// dependencies of a host.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"runtime"
	"strings"
)

const (
	begin = "<!-- fhirpathbench: made by make bench -->\n"
	end   = "<!-- /fhirpathbench -->\n"
)

func main() {
	log.SetFlags(0)
	into := flag.String("into", "", "`file` whose table to replace")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *into); err != nil {
		log.Fatal("fhirpathbench: ", err)
	}
}

func run(ctx context.Context, into string) error {
	subjects, err := readSubjects()
	if err != nil {
		return err
	}
	js, err := startScript(ctx, subjects)
	if err != nil { // the others can be measured without it
		log.Print("fhirpathbench: ", err)
	}
	defer js.close()
	columns, err := newColumns(ctx, subjects, js)
	if err != nil {
		return err
	}
	if err := measure(ctx, columns); err != nil {
		return err
	}
	out := table(subjects, columns, js != nil)
	os.Stdout.WriteString(out)
	if into == "" {
		return nil
	}
	return replace(into, out)
}

// table writes a line for each expression.
func table(subjects []subject, columns []*column, withScript bool) string {
	var b strings.Builder
	b.WriteString("| expression |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString(" from bytes, the fastest other Go engine takes |\n|---|" + strings.Repeat("---:|", len(columns)+1) + "\n")
	for i, s := range subjects {
		fmt.Fprintf(&b, "| `%s` |", strings.ReplaceAll(s.expression, "|", `\|`))
		our, best := 0.0, 0.0
		for _, c := range columns {
			cell := c.cells[i]
			fmt.Fprintf(&b, " %s |", cell)
			switch {
			case c.kind == fromBytes && c.ours:
				our = cell.nanoseconds()
			case c.kind == fromBytes && cell.why == "" && (best == 0 || cell.nanoseconds() < best):
				best = cell.nanoseconds()
			}
		}
		if best == 0 {
			b.WriteString(" – |\n")
			continue
		}
		fmt.Fprintf(&b, " %.1f × |\n", best/our)
	}
	fmt.Fprintf(&b, "\nNanoseconds, allocations; medians of %d interleaved rounds with %s on %d cores, %s. %s", rounds, runtime.Version(), runtime.NumCPU(), runtime.GOARCH, legend)
	if !withScript {
		b.WriteString(" fhirpath.js was not measured: node and npm have to be installed, and npm to reach its registry.")
	}
	b.WriteString("\n")
	return b.String()
}

const legend = "“Indexed” is an evaluation over a document that is parsed already, as the engine of subscriptions does it: once for all criteria of an event. " +
	"fhirpath.js gets JavaScript objects and a compiled expression."

// replace puts the table between the markers of a file.
func replace(file, table string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := bytes.Cut(text, []byte(begin))
	_, tail, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s has no fhirpathbench markers", file)
	}
	out := bytes.Join([][]byte{head, []byte(begin), []byte(table), []byte(end), tail}, nil)
	return os.WriteFile(file, out, 0o644)
}
