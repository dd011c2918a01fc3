package search

import (
	"context"
	"hash/maphash"
)

// seed makes keys differ from process to process, so that nobody can prepare
// values whose keys collide.
var seed = maphash.MakeSeed()

// hashString mixes s into salt, with ASCII letters in lower case: tokens compare
// that way, and for all else a key needs only to be the same for equal values.
func hashString[T ~string | ~[]byte](salt uint64, s T) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	var buf [8]byte
	for i := range buf {
		buf[i] = byte(salt >> (8 * i))
	}
	h.Write(buf[:])
	for len(s) > 0 {
		var chunk [64]byte
		n := min(len(s), len(chunk))
		for i := range n {
			chunk[i] = lowerASCII(s[i])
		}
		h.Write(chunk[:n])
		s = s[n:]
	}
	return h.Sum64()
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// equalFold reports whether a and b are equal but for the case of ASCII letters.
func equalFold[A, B ~string | ~[]byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lowerASCII(a[i]) != lowerASCII(b[i]) {
			return false
		}
	}
	return true
}

// The salts of the forms of one parameter's values. A criterion and a resource
// meet if they have a key in common.
const (
	codeForm    = iota + 1 // a code, whatever its system
	codingForm             // system|code
	literalForm            // a primitive, whose system is implied
	systemForm             // system|
	placeForm              // Type/id, or the end of an address
	idForm                 // an id without its type
	uriForm
	stringForm
)

// Keys returns the keys of a criterion that asks for equality, ok false if it
// does not. A resource that matches has at least one of the keys among those of
// AppendKeys for the same parameter; a resource that has one need not match.
// Keys are the same within a process only.
func (c *Criterion) Keys() (keys []uint64, ok bool) {
	if c.Modifier != "" && c.Modifier != "exact" && !c.typed {
		return nil, false
	}
	alternatives, ok := c.test.(anyOf)
	if !ok {
		alternatives = anyOf{c.test}
	}
	for _, t := range alternatives {
		k, can := t.(keyer)
		if !can {
			return nil, false
		}
		n := len(keys)
		if keys = k.appendKeys(keys, c.definition.salt); len(keys) == n {
			return nil, false
		}
	}
	return keys, true
}

// keyer is a test for equality.
type keyer interface {
	// appendKeys appends the keys any of which a matching element has, none if
	// the value is no equality after all.
	appendKeys(dst []uint64, salt uint64) []uint64
}

// AppendKeys appends the keys of the resource's values for the parameter of c, see
// Criterion.Keys. A parameter whose kind is not compared by equality has none.
//
// Failure policy: elements beyond the evaluation budget of fhirpath get no keys.
func (v *View) AppendKeys(dst []uint64, c *Criterion) []uint64 {
	d := c.definition
	elements, _ := v.elements(context.Background(), d)
	for _, e := range elements {
		switch d.Kind {
		case KindToken:
			dst = appendTokenKeys(dst, d.salt, e)
		case KindReference:
			dst = appendReferenceKeys(dst, d.salt, e)
		case KindURI:
			dst = appendURIKeys(dst, d.salt, e)
		case KindString:
			dst = appendStringKeys(dst, d.salt, e)
		}
	}
	return dst
}
