package cases

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TimeLimit is how long one case may take.
const TimeLimit = 2 * time.Second

// Verdict is what became of a case.
type Verdict uint8

// The verdicts. The zero value is none.
const (
	Passed Verdict = iota + 1
	Failed
	Skipped // the input is missing or no JSON, or the model is not known
)

// String returns the verdict's name in lower case.
func (v Verdict) String() string {
	switch v {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	}
	return "no verdict"
}

// Result is the verdict on one case with, unless it passed, the reason: what was
// wanted and what came, or why it was skipped.
type Result struct {
	Verdict Verdict
	Reason  string
}

// Runner runs cases, one at a time.
type Runner struct {
	Inputs  string           // folder of the input files
	Release fhirpath.Release // of cases without a model; required
	Engine  Engine           // nil: Evaluate
}

// Run evaluates one case, for at most TimeLimit. It recovers from a panic of the
// engine.
func (r *Runner) Run(ctx context.Context, c Case) Result {
	release, ok := r.release(c.Model)
	if !ok {
		return Result{Skipped, fmt.Sprintf("the model %q is not known", c.Model)}
	}
	raw, reason := r.input(c.Input)
	if reason != "" {
		return Result{Skipped, reason}
	}
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return Result{Failed, fmt.Sprintf("the input is JSON and yet refused: %v", err)}
	}
	o := fhirpath.Options{Release: release}
	if c.strict() {
		o.Strict, o.Context = true, doc.Root().Get("resourceType").Text()
	}
	ctx, cancel := context.WithTimeout(ctx, TimeLimit)
	defer cancel()
	got, err := r.evaluate(ctx, c.Expression, o, doc.Root())
	return c.judge(got, err)
}

// evaluate calls the engine and makes an error of its panic. Items are read here,
// too, for their methods are the engine's as well.
func (r *Runner) evaluate(ctx context.Context, expression string, o fhirpath.Options, focus fhirpath.Node) (got []value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errPanic, p)
		}
	}()
	engine := r.Engine
	if engine == nil {
		engine = Evaluate
	}
	items, err := engine(ctx, expression, o, focus)
	for _, it := range items {
		got = append(got, valueOf(it))
	}
	return got, err
}

func (r *Runner) release(model string) (fhirpath.Release, bool) {
	if model == "" {
		return r.Release, true
	}
	release, err := fhirpath.ParseRelease(strings.ToUpper(model))
	return release, err == nil
}

func (r *Runner) input(name string) (raw []byte, reason string) {
	if name == "" {
		return []byte("{}"), ""
	}
	raw, err := os.ReadFile(filepath.Join(r.Inputs, filepath.FromSlash(name)))
	switch {
	case err != nil:
		return nil, fmt.Sprintf("the input %s can't be read", name)
	case !json.Valid(raw):
		return nil, fmt.Sprintf("the input %s is not JSON", name)
	}
	return raw, ""
}

// judge compares what came with what the case wants.
func (c *Case) judge(got []value, err error) Result {
	passed := false
	switch {
	case c.Error == "":
		passed = err == nil && c.matches(got)
	case c.Error == "syntax":
		var compile *fhirpath.CompileError
		passed = errors.As(err, &compile) && !lacking(err)
	default:
		passed = err != nil && !lacking(err)
	}
	if passed {
		return Result{Verdict: Passed}
	}
	return Result{Failed, fmt.Sprintf("wanted %s\ngot %s", c.wanted(), show(got, err))}
}

func (c *Case) wanted() string {
	if c.Error != "" {
		return "error: " + c.Error
	}
	list := make([]string, len(c.Outputs))
	for i, o := range c.Outputs {
		text, _ := o.text()
		list[i] = o.Type + " " + text
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func show(got []value, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	list := make([]string, len(got))
	for i, v := range got {
		list[i] = v.typ + " " + v.text
	}
	return "[" + strings.Join(list, ", ") + "]"
}
