package search

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Error tells why a criterion can't be used. Its text never holds the value,
// which may name a patient.
type Error struct {
	Parameter string
	Modifier  string // without the colon; "" if there is none
	Problem   string
}

func (e *Error) Error() string {
	name := e.Parameter
	if e.Modifier != "" {
		name += ":" + e.Modifier
	}
	return fmt.Sprintf("search: %q: %s", name, e.Problem)
}

// Criterion is one parameter of a query with its value: name:modifier=value. It
// is immutable and safe for concurrent use.
type Criterion struct {
	Modifier string // without the colon; "" if there is none
	Value    string // as in the query, percent-decoded; escapes with \ are kept

	definition *definition // its expressions are compiled
	test       test        // an anyOf if the value has alternatives
	missing    bool        // the value of :missing
	typed      bool        // the modifier is a resource type
}

// Parameter returns the definition of what the criterion searches.
func (c *Criterion) Parameter() Parameter { return c.definition.Parameter }

// test is one of the comma-separated alternatives of a value, or all of them.
type test interface {
	// match reports whether e passes. v is the view that e is of.
	match(e element, v *View) bool
}

// anyOf is a value with alternatives.
type anyOf []test

func (tests anyOf) match(e element, v *View) bool {
	for _, t := range tests {
		if t.match(e, v) {
			return true
		}
	}
	return false
}

// Parse reads one criterion for resourceType. name is the
// parameter's code, with a modifier if there is one; value is percent-decoded.
// Commas in value separate alternatives; \, \| \$ and \\ stand for themselves.
//
// Whatever can't be evaluated on the resource alone, and whatever is not known, is
// an *Error: it is never ignored, which would widen the search (FLT-14, ACC-08).
// For the types Resource and DomainResource only parameters that all their types
// share are known.
func Parse(o Options, resourceType, name, value string) (*Criterion, error) {
	code, modifier, hasModifier := strings.Cut(name, ":")
	c := &Criterion{Modifier: modifier, Value: value}
	fail := func(problem string) (*Criterion, error) {
		return nil, &Error{Parameter: printable(code), Modifier: printable(modifier), Problem: problem}
	}
	if reason, ok := refusedCodes[code]; ok {
		return fail(reason)
	}
	if strings.Contains(code, ".") || strings.Contains(modifier, ".") {
		return fail("chained parameters need other resources")
	}
	if hasModifier && modifier == "" {
		return fail("the modifier after the colon is missing")
	}
	ds := o.known()
	if ds.release != o.Release {
		return fail("the definitions are of another release")
	}
	d := ds.lookup(resourceType, code)
	if d == nil {
		if len(ds.bases(resourceType)) == 0 {
			return fail("there is no such resource type in " + o.Release.String())
		}
		return fail("there is no such search parameter in " + o.Release.String())
	}
	if reason := d.refusal(); reason != "" {
		return fail(reason)
	}
	c.definition = d
	if _, _, err := d.expressions(); err != nil {
		return fail("its definition can't be evaluated: " + reason(err))
	}
	if value == "" {
		return fail("the value is missing")
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fail("the value holds bytes that no value can have")
	}
	if problem := c.parseValue(o.Release); problem != "" {
		return fail(problem)
	}
	return c, nil
}

// printable keeps a name that can be one; names come from strangers and go into
// messages.
func printable(name string) string {
	if len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "?"
	}
	return name
}

// reason is the text of a compile error without its package's caret line.
func reason(err error) string {
	var compile *fhirpath.CompileError
	if errors.As(err, &compile) {
		return compile.Problem
	}
	return "unusable expression"
}

// parseValue reads Modifier and Value, and returns what is wrong with them.
func (c *Criterion) parseValue(r fhirpath.Release) string {
	if c.Modifier == "missing" && c.definition.Kind != KindComposite {
		if c.Value != "true" && c.Value != "false" {
			return "the value must be true or false"
		}
		c.missing = c.Value == "true"
		return ""
	}
	parse, problem := c.parser(r)
	if problem != "" {
		return problem
	}
	var tests anyOf
	for _, alternative := range split(c.Value, ',') {
		if alternative == "" {
			return "an alternative is empty"
		}
		t, problem := parse(alternative)
		if problem != "" {
			return problem
		}
		tests = append(tests, t)
	}
	if c.test = tests; len(tests) == 1 {
		c.test = tests[0]
	}
	return ""
}

// parseFunc reads one alternative, with its escapes.
type parseFunc func(alternative string) (t test, problem string)

// parser picks the reader for the parameter's kind and modifier.
func (c *Criterion) parser(r fhirpath.Release) (parseFunc, string) {
	const unknown = "the modifier is unknown or not supported for this kind of parameter"
	d := c.definition
	switch c.Modifier {
	case "in", "not-in", "above", "below":
		if d.Kind != KindURI {
			return nil, "the modifier needs a terminology service"
		}
	case "text-advanced", "code-text", "iterate":
		return nil, "the modifier is not supported"
	}
	if d.Kind == KindReference && IsResourceType(r, c.Modifier) {
		c.typed = true
		return func(s string) (test, string) { return parseReference(s, c.Modifier, d, r) }, ""
	}
	switch d.Kind + ":" + c.Modifier {
	case "token:", "token:not":
		return func(s string) (test, string) { return parseToken(s, d) }, ""
	case "token:text":
		return parseTokenText, ""
	case "token:of-type":
		return parseOfType, ""
	case "reference:":
		return func(s string) (test, string) { return parseReference(s, "", d, r) }, ""
	case "reference:identifier":
		return parseReferenceIdentifier, ""
	case "string:", "string:exact", "string:contains":
		return func(s string) (test, string) { return parseString(s, c.Modifier) }, ""
	case "uri:", "uri:below", "uri:above":
		return func(s string) (test, string) { return parseURI(s, c.Modifier) }, ""
	case "date:":
		return parseDate, ""
	case "number:":
		return parseNumber, ""
	case "quantity:":
		return parseQuantity, ""
	case "composite:":
		_, components, _ := d.expressions()
		return func(s string) (test, string) { return parseComposite(s, d, components, r) }, ""
	}
	return nil, unknown
}

// Prefixes returns the comparators that the value's alternatives are written
// with, such as "ge", in order and without the alternatives that have none. Only
// dates, numbers and quantities have comparators.
func (c *Criterion) Prefixes() []string {
	switch c.definition.Kind {
	case KindDate, KindNumber, KindQuantity:
	default:
		return nil
	}
	if c.Modifier != "" {
		return nil
	}
	var prefixes []string
	for _, alternative := range split(c.Value, ',') {
		if prefix, _ := cutPrefix(alternative); prefix != "" {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes
}

// NeedsHost reports whether the criterion asks the Host, so that a caller may put
// off what could wait on a network.
func (c *Criterion) NeedsHost() bool { return false }

// Match reports whether resource meets the criterion. base is the address of the
// server's FHIR base, see NewView. The resource is taken to be of the type that
// the criterion was parsed for. Errors are as those of Test.
func (c *Criterion) Match(ctx context.Context, resource fhirpath.Node, base string) (bool, error) {
	return c.Test(ctx, NewView(resource, base))
}

// Test is Match for a resource that several criteria look at. An error means that
// the answer is unknown: that of the Host, that of ctx, or fhirpath.ErrLimit for a
// resource so large that the parameter's expression exceeds its budget.
func (c *Criterion) Test(ctx context.Context, v *View) (bool, error) {
	elements, err := v.elements(ctx, c.definition)
	if err != nil {
		return false, err
	}
	if c.Modifier == "missing" {
		return (len(elements) == 0) == c.missing, nil
	}
	v.ctx, v.err = ctx, nil
	found := false
	for i := 0; i < len(elements) && !found; i++ {
		found = c.test.match(elements[i], v)
	}
	if v.err != nil {
		return false, v.err
	}
	if c.Modifier == "not" {
		return !found, nil // "not in the set": true also if there is no element at all
	}
	return found, nil
}
