package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	theirs "github.com/gofhir/fhirpath"
	theirtypes "github.com/gofhir/fhirpath/types"
	"github.com/gofhir/models/r4"
	older "github.com/robertoaraneda/gofhir/pkg/fhirpath"
	oldertypes "github.com/robertoaraneda/gofhir/pkg/fhirpath/types"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// newColumns prepares all engines and tries each cell once. One that fails or
// gives another number of results than it should is not measured.
func newColumns(ctx context.Context, subjects []subject, js *script) ([]*column, error) {
	columns := []*column{
		{name: "Carillon, indexed", kind: evaluation, ours: true},
		{name: "from bytes", kind: fromBytes, ours: true},
		{name: "compile", kind: compilation, ours: true},
		{name: "gofhir/fhirpath 1.4.0 from bytes", kind: fromBytes},
		{name: "compile", kind: compilation},
		{name: "robertoaraneda/gofhir 1.6.1 from bytes", kind: fromBytes},
		{name: "compile", kind: compilation},
		{name: "fhirpath.js 5.1.1", kind: evaluation},
	}
	for i, s := range subjects {
		indexed, bytes, err := our(ctx, s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.expression, err)
		}
		works := []func() (int, error){
			indexed, bytes, compiling(s, func(e string) error {
				_, err := fhirpath.Compile(e, fhirpath.Options{Release: fhirpath.R4})
				return err
			}),
			gofhir(s), compiling(s, func(e string) error { _, err := theirs.Compile(e); return err }),
			gofhirOlder(s), compiling(s, func(e string) error { _, err := older.Compile(e); return err }),
		}
		for k, work := range works {
			columns[k].cells = append(columns[k].cells, newCell(s, work))
		}
		columns[len(works)].cells = append(columns[len(works)].cells, js.cell(i, s))
	}
	return columns, nil
}

// newCell makes a cell of work that returns the number of results.
func newCell(s subject, work func() (int, error)) *cell {
	switch n, err := work(); {
	case err != nil:
		return &cell{why: "error"}
	case n != s.results:
		return &cell{why: wrongCount(n)}
	}
	return &cell{step: func(n int) (time.Duration, error) {
		for range n {
			if _, err := work(); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}}
}

// wrongCount says what is wrong with n results.
func wrongCount(n int) string {
	if n == 0 {
		return "gives nothing"
	}
	return "wrong result"
}

func compiling(s subject, compile func(string) error) func() (int, error) {
	return func() (int, error) { return s.results, compile(s.expression) }
}

func our(ctx context.Context, s subject) (indexed, fromBytes func() (int, error), err error) {
	e, err := fhirpath.Compile(s.expression, fhirpath.Options{Release: fhirpath.R4})
	if err != nil {
		return nil, nil, err
	}
	var items []fhirpath.Item
	evaluate := func(focus, current, previous fhirpath.Node) (int, error) {
		var env fhirpath.Env
		if s.focus == nil {
			env.Variables = []fhirpath.Variable{{Name: "current", Value: current}, {Name: "previous", Value: previous}}
		}
		var err error
		items, err = e.AppendItems(ctx, items[:0], focus, env)
		return len(items), err
	}
	parse := func() (nodes [3]fhirpath.Node, err error) {
		for i, raw := range [][]byte{s.focus, s.current, s.previous} {
			if raw == nil {
				continue
			}
			doc, err := fhirpath.Parse(raw)
			if err != nil {
				return nodes, err
			}
			nodes[i] = doc.Root()
		}
		return nodes, nil
	}
	ready, err := parse()
	indexed = func() (int, error) { return evaluate(ready[0], ready[1], ready[2]) }
	fromBytes = func() (int, error) {
		nodes, err := parse()
		if err != nil {
			return 0, err
		}
		return evaluate(nodes[0], nodes[1], nodes[2])
	}
	return indexed, fromBytes, err
}

func gofhir(s subject) func() (int, error) {
	e, err := theirs.Compile(s.expression)
	if err != nil {
		return func() (int, error) { return 0, err }
	}
	model := theirs.WithModel(r4.FHIRPathModel())
	return func() (int, error) {
		if s.focus != nil {
			out, err := e.EvaluateWithOptions(s.focus, model)
			return len(out), err
		}
		current, err1 := theirtypes.JSONToCollection(s.current)
		previous, err2 := theirtypes.JSONToCollection(s.previous)
		out, err := e.EvaluateWithOptions(s.current, model, theirs.WithVariable("current", current), theirs.WithVariable("previous", previous))
		return len(out), errors.Join(err1, err2, err)
	}
}

func gofhirOlder(s subject) func() (int, error) {
	e, err := older.Compile(s.expression)
	if err != nil {
		return func() (int, error) { return 0, err }
	}
	return func() (int, error) {
		if s.focus != nil {
			out, err := e.Evaluate(s.focus)
			return len(out), err
		}
		current, err1 := oldertypes.JSONToCollection(s.current)
		previous, err2 := oldertypes.JSONToCollection(s.previous)
		out, err := e.EvaluateWithOptions(s.current, older.WithVariable("current", current), older.WithVariable("previous", previous))
		return len(out), errors.Join(err1, err2, err)
	}
}
