package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// evaluator runs one expression over streams of resources.
type evaluator struct {
	options        fhirpath.Options
	expression     string
	typed          bool
	stdout, stderr io.Writer

	out      *bufio.Writer
	compiled *fhirpath.Expression // for options
	env      fhirpath.Env
}

// run evaluates over the files, or over stdin if there are none, and returns the
// exit code.
func (e *evaluator) run(ctx context.Context, files []string, stdin io.Reader) int {
	e.out = bufio.NewWriter(e.stdout)
	e.env.Trace = e.trace
	var err error
	if e.compiled, err = fhirpath.Compile(e.expression, e.options); err != nil {
		fmt.Fprintln(e.stderr, err)
		return wrong
	}
	if len(files) == 0 {
		return max(e.read(ctx, "standard input", stdin), e.flush())
	}
	code := fine
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			fmt.Fprintf(e.stderr, "fhirpath: %s: %v\n", name, err)
			code = max(code, failed)
			continue
		}
		code = max(code, e.read(ctx, name, file))
		file.Close()
	}
	return max(code, e.flush())
}

func (e *evaluator) flush() int {
	if err := e.out.Flush(); err != nil {
		fmt.Fprintln(e.stderr, "fhirpath: the output can't be written")
		return failed
	}
	return fine
}

// read evaluates over one stream. An error of one resource is reported and the
// next is read; one of the expression ends it.
func (e *evaluator) read(ctx context.Context, name string, r io.Reader) int {
	code := fine
	for s := newStream(r); ; {
		raw, line, err := s.next()
		if err == io.EOF {
			return code
		}
		if err != nil {
			fmt.Fprintf(e.stderr, "fhirpath: %s: line %d: %v\n", name, line, err)
			return failed
		}
		err = e.one(ctx, raw)
		var compile *fhirpath.CompileError
		var syntax *fhirpath.SyntaxError
		switch {
		case err == nil:
			continue
		case errors.As(err, &compile):
			fmt.Fprintf(e.stderr, "fhirpath: %s: line %d: %v\n", name, line, err)
			return wrong
		case errors.As(err, &syntax):
			line += bytes.Count(raw[:min(syntax.Offset, len(raw))], []byte("\n"))
		}
		code = failed
		fmt.Fprintf(e.stderr, "fhirpath: %s: line %d: %v\n", name, line, err)
		if ctx.Err() != nil {
			return code
		}
	}
}

// one evaluates over one resource and prints the results.
func (e *evaluator) one(ctx context.Context, raw []byte) error {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return err
	}
	if err := e.focusOn(doc.Root().Get("resourceType").Text()); err != nil {
		return err
	}
	items, err := e.compiled.Evaluate(ctx, doc.Root(), e.env)
	if err != nil {
		return err
	}
	for _, it := range items {
		if e.typed {
			fmt.Fprintf(e.out, "%s\t", it.TypeName())
		}
		e.out.Write(oneLine(it.JSON()))
		e.out.WriteByte('\n')
	}
	return nil
}

// focusOn compiles the expression anew if static checks are asked for and the type
// of the resources changes.
func (e *evaluator) focusOn(resourceType string) error {
	if !e.options.Strict || e.options.Context == resourceType {
		return nil
	}
	o := e.options
	o.Context = resourceType
	compiled, err := fhirpath.Compile(e.expression, o)
	if err == nil {
		e.options, e.compiled = o, compiled
	}
	return err
}

// trace is what trace(name) does: it shows the items on standard error.
func (e *evaluator) trace(name string, items fhirpath.Collection) {
	for _, it := range items {
		fmt.Fprintf(e.stderr, "trace %s: %s\n", name, oneLine(it.JSON()))
	}
}

// oneLine returns JSON without line breaks: an element's is as in its document.
func oneLine(raw []byte) []byte {
	if !bytes.ContainsAny(raw, "\n\r") {
		return raw
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return raw
	}
	return b.Bytes()
}
