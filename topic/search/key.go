package search

import (
	"context"
	"hash/maphash"
	"strings"
)

// seed makes keys differ from process to process, so that nobody can prepare
// values whose keys collide.
var seed = maphash.MakeSeed()

// hashString mixes s into salt, with ASCII letters in lower case: tokens compare
// that way, and for all else a key needs only to be the same for equal values. The
// lowest bits, which tell the form, stay those of salt.
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
	return h.Sum64()&^(Forms-1) | salt&(Forms-1)
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

// Forms is how many forms the values of a parameter can be asked for in at most, such
// as a code with its system or without. A key modulo Forms tells its form, so that
// nobody need look for keys of a form that no criterion has.
const Forms = 16

// The forms are added to the salt of a parameter, which leaves room for them. A
// criterion and a resource meet if they have a key in common.
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
	if c.Modifier != "" && c.Modifier != "exact" && !c.typed || c.beyond != nil || c.asks {
		return nil, false
	}
	for _, t := range c.alternatives() {
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
// Criterion.Keys. A parameter whose kind is not compared by equality has none. An
// error is as those of Test, which fails for the parameter then as well.
func (v *View) AppendKeys(ctx context.Context, dst []uint64, c *Criterion) ([]uint64, error) {
	d := c.definition
	elements, err := v.elements(ctx, d)
	if err != nil {
		return dst, err
	}
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
	return dst, nil
}

// Rebase changes the address of the server's FHIR base that references are
// compared by. Unlike after Reset, what was read of the resource stays.
func (v *View) Rebase(base string) {
	v.base = strings.TrimRight(base, "/")
	v.asked, v.members = nil, nil
}

// SameParameter reports whether c and d search the same parameter, so that they
// may have keys in common.
func (c *Criterion) SameParameter(d *Criterion) bool { return c.definition == d.definition }

// Equal reports whether c and d, which must have been parsed with the same Host, ask
// the same.
func (c *Criterion) Equal(d *Criterion) bool {
	return c.definition == d.definition && c.name == d.name && c.Modifier == d.Modifier && c.Value == d.Value
}

// Hash is the same for criteria that are Equal, within a process.
func (c *Criterion) Hash() uint64 {
	return hashString(hashString(hashString(c.definition.salt, c.name), c.Modifier), c.Value)
}
