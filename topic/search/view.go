package search

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// View is one resource as criteria see it: each parameter's expression is
// evaluated at most once, and the host is asked for each of its other resources at
// most once, however many criteria ask. These must have been parsed with the same
// Host. It belongs to one goroutine. The zero View waits for Reset.
type View struct {
	resource fhirpath.Node
	base     string
	read     []reading
	items    []fhirpath.Item
	resolver fhirpath.Resolver // of the criterion that is running, if it asks
	now      time.Time         // zero: not asked yet
	asked    *lookups          // nil: nothing
	nested   bool              // reached from another resource
	members  map[string]bool

	// Of the Test that is running: a composite evaluates expressions of its own.
	ctx context.Context
	err error
}

// reading is what one parameter's expression found.
type reading struct {
	of       *definition
	elements []element
	err      error
}

// NewView returns a View of resource. base is the address of the server's FHIR
// base: an absolute reference below it is the same as a relative one. It may be
// empty.
func NewView(resource fhirpath.Node, base string) *View {
	v := &View{}
	v.Reset(resource, base)
	return v
}

// Reset turns v to another resource and keeps its memory. The absent Node makes it
// let go of the last resource.
func (v *View) Reset(resource fhirpath.Node, base string) {
	v.resource = resource
	v.base = strings.TrimRight(base, "/")
	if !resource.Exists() {
		for i := range v.read {
			clear(v.read[i].elements)
		}
		clear(v.items)
		v.ctx, v.err = nil, nil
	}
	v.read = v.read[:0]
	v.resolver, v.now, v.asked, v.members = nil, time.Time{}, nil, nil
}

// clock returns the time of the first question about the resource.
func (v *View) clock() time.Time {
	if v.now.IsZero() {
		v.now = time.Now()
	}
	return v.now
}

// fail makes the answer of the Test that is running unknown, unless an element
// passes after all.
func (v *View) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

// Resource returns the resource that v shows.
func (v *View) Resource() fhirpath.Node { return v.resource }

// elements returns the elements that the parameter searches.
func (v *View) elements(ctx context.Context, d *definition) ([]element, error) {
	for i := range v.read {
		if v.read[i].of == d {
			return v.read[i].elements, v.read[i].err
		}
	}
	// Reuse the memory of an earlier reading at this place.
	n := len(v.read)
	if n < cap(v.read) {
		v.read = v.read[:n+1]
	} else {
		v.read = append(v.read, reading{})
	}
	slot := &v.read[n]
	slot.of = d
	slot.elements, slot.err = v.evaluate(ctx, slot.elements[:0], d.compile.expression, v.resource)
	return slot.elements, slot.err
}

// evaluate appends what the expression finds from focus.
func (v *View) evaluate(ctx context.Context, dst []element, e *fhirpath.Expression, focus fhirpath.Node) ([]element, error) {
	var err error
	v.items, err = e.AppendItems(ctx, v.items[:0], focus, fhirpath.Env{Resolver: v.resolver})
	for _, item := range v.items {
		if node, ok := item.Node(); ok {
			if node.Kind() != fhirpath.Null {
				dst = append(dst, element{node: node})
			}
			continue
		}
		if literal := item.String(); literal != "" { // "": only extensions, which is no value
			dst = append(dst, element{literal: literal})
		}
	}
	return dst, err
}

// element is one value that a parameter searches: a place in the resource, or
// the literal that an expression such as deceased.exists() computed.
type element struct {
	node    fhirpath.Node
	literal string
}

// text returns a primitive's text, nil for anything else. It allocates only if
// the resource wrote it with escapes.
func (e element) text() []byte {
	if e.node.Exists() {
		return text(e.node)
	}
	return []byte(e.literal)
}

// object returns the node if it is a complex element.
func (e element) object() (fhirpath.Node, bool) { return e.node, e.node.Kind() == fhirpath.Object }

// text returns a primitive's text without copying it if it can.
func text(n fhirpath.Node) []byte {
	switch n.Kind() {
	case fhirpath.Bool, fhirpath.Number:
		return n.Raw()
	case fhirpath.String:
		raw := n.Raw()
		if bytes.IndexByte(raw, '\\') < 0 {
			return raw[1 : len(raw)-1]
		}
		return []byte(n.Text())
	}
	return nil
}
