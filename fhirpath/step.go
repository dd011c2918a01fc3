package fhirpath

import (
	"encoding/binary"
	"strings"
	"sync/atomic"
)

// step is one name of a path.
type step struct {
	name string
	key  nameKey
	met  atomic.Pointer[meeting]
}

// meeting is what a step's name means in the type that it met last. Most steps
// only ever meet one.
type meeting struct {
	in *structure
	of *element // nil if the type has no such element
}

func newStep(name string) *step { return &step{name: name, key: keyOf(name)} }

// in returns what the step's name means in a type.
func (s *step) in(t *structure) *element {
	if m := s.met.Load(); m != nil && m.in == t {
		return m.of
	}
	m := &meeting{t, t.elements[s.name]}
	s.met.Store(m)
	return m.of
}

// nameKey is a name made for being compared with those of a document: its first
// eight bytes, a closing quote included, are one word.
type nameKey struct {
	name       string
	word, mask uint64
	plain      bool // no quote or backslash in it, which no element has
}

func keyOf(name string) nameKey {
	k := nameKey{name: name, plain: !strings.ContainsAny(name, `"\`)}
	head := [8]byte{}
	n := copy(head[:], name+`"`)
	k.word = binary.LittleEndian.Uint64(head[:])
	k.mask = ^uint64(0) >> (64 - 8*n)
	return k
}

// begins reports whether the name that begins at from, behind its quote, begins
// with the key's name and returns the offset behind that.
func (k *nameKey) begins(raw []byte, from int) (to int, ok bool) {
	to = from + len(k.name)
	return to, to < len(raw) && string(raw[from:to]) == k.name
}

// is reports whether the name that begins at from is the key's.
func (k *nameKey) is(raw []byte, from int) bool {
	if from+8 > len(raw) {
		to, ok := k.begins(raw, from)
		return ok && raw[to] == '"'
	}
	if binary.LittleEndian.Uint64(raw[from:])&k.mask != k.word {
		return false
	}
	if len(k.name) < 8 {
		return k.plain
	}
	to, ok := k.begins(raw, from)
	return ok && raw[to] == '"' && k.plain
}
