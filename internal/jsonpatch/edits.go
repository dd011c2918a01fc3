package jsonpatch

import (
	"cmp"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Edits are changes to the bytes of one document. They must not overlap.
type Edits []edit

type edit struct {
	from, to int // offsets in the document
	text     string
}

// Replace puts text in the place of n.
func (e *Edits) Replace(n fhirpath.Node, text string) {
	*e = append(*e, edit{n.Offset(), End(n), text})
}

// Insert puts text before the byte at an offset of the document.
func (e *Edits) Insert(at int, text string) {
	if text != "" {
		*e = append(*e, edit{at, at, text})
	}
}

// Apply returns n's bytes with the edits, which all lie within n, made.
func (e Edits) Apply(n fhirpath.Node) []byte {
	slices.SortStableFunc(e, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	raw, start := n.Raw(), n.Offset()
	size := len(raw)
	for _, edit := range e {
		size += len(edit.text)
	}
	out := make([]byte, 0, size)
	at := start
	for _, edit := range e {
		out = append(out, raw[at-start:edit.from-start]...)
		out = append(out, edit.text...)
		at = edit.to
	}
	return append(out, raw[at-start:]...)
}

// End returns the offset behind n.
func End(n fhirpath.Node) int { return n.Offset() + len(n.Raw()) }
