package fhirpath

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// MaxDepth is how many objects and arrays may be open at once in a document.
// FHIR resources stay below 30; a Questionnaire may nest as deep as it likes.
const MaxDepth = 200

// Doc is the index of one JSON document: where each value starts and ends, and
// what is inside what. It holds the document's bytes and copies none of them, so
// the caller must not change them while the Doc or any Node of it is in use. A
// Doc never changes after Parse and is safe for concurrent use.
type Doc struct {
	raw   []byte
	nodes []entry
}

// entry is one value. Its kind is told by its first byte, its first child is the
// entry behind it, and its text begins at off.
type entry struct {
	name uint32 // offset of the opening quote of the member's name; escaped if it has a backslash
	off  uint32
	end  uint32 // one past the last byte; escaped if this is a string with a backslash, or an object with halves
	next uint32 // index of the first entry behind this value and all inside it
}

// escaped marks the offset of a string that has a backslash in it. Offsets are
// below it, which limits documents to 2 GiB. On the end of an object it says that
// the name of a member begins with _, which is the other half of a primitive, or
// has escapes that might spell that.
const escaped = 1 << 31

// SyntaxError says why Parse refused a document. Its text never holds content of
// the document.
type SyntaxError struct {
	Offset  int    // of the byte at fault, from 0
	Problem string // such as "duplicate name in an object"
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("fhirpath: invalid JSON at byte %d: %s", e.Offset, e.Problem)
}

// scanners holds the working memory of Parse: the index is built in a large slice
// and copied out once its size is known.
var scanners = sync.Pool{New: func() any { return new(scanner) }}

// maxPooled is the number of entries (1 MiB) beyond which a scanner's slice is
// left to the collector rather than kept.
const maxPooled = 1 << 16

// Parse indexes raw, which must be one JSON value as RFC 8259 has it, read
// strictly: valid UTF-8 without a byte order mark, no lone surrogate in an
// escape, no name twice in an object (escapes decoded: "a" and "\u0061" are the
// same name), nothing but white space behind the value, at most MaxDepth deep.
// Numbers may be of any size and keep their text. The error is a *SyntaxError.
//
// FHIR adds rules of its own to JSON, such as no empty arrays; Parse does not
// know them.
func Parse(raw []byte) (*Doc, error) {
	if len(raw) > math.MaxInt32 {
		return nil, &SyntaxError{Offset: math.MaxInt32, Problem: "document larger than 2 GiB"}
	}
	s := scanners.Get().(*scanner)
	defer func() {
		s.raw = nil
		if cap(s.nodes) <= maxPooled {
			scanners.Put(s)
		}
	}()
	s.raw, s.nodes, s.depth = raw, s.nodes[:0], 0
	if at, problem := s.scan(); problem != "" {
		return nil, &SyntaxError{Offset: at, Problem: problem}
	}
	return &Doc{raw: raw, nodes: slices.Clone(s.nodes)}, nil
}

// Root returns the document's value.
func (d *Doc) Root() Node {
	if d == nil || len(d.nodes) == 0 {
		return Node{}
	}
	return Node{doc: d}
}

// Raw returns the bytes that were parsed, white space around the value included.
// They must not be changed.
func (d *Doc) Raw() []byte {
	if d == nil {
		return nil
	}
	return d.raw
}
