package jsonpatch

import (
	"bytes"
	"encoding/json"
	"iter"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// children yields the members of an object by name, or the elements of an array.
func children(n fhirpath.Node) iter.Seq2[string, fhirpath.Node] {
	if n.Kind() != fhirpath.Array {
		return n.Members()
	}
	return func(yield func(string, fhirpath.Node) bool) {
		for element := range n.Elements() {
			if !yield("", element) {
				return
			}
		}
	}
}

// HasMembers reports whether an object has any.
func HasMembers(object fhirpath.Node) bool {
	for range object.Members() {
		return true
	}
	return false
}

// equalJSON reports whether two values are equal as RFC 6902, section 4.6, has it:
// the order of members and the notation of numbers make no difference.
func equalJSON(a, b fhirpath.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhirpath.Object:
		count := 0
		for name, member := range a.Members() {
			if other := b.Get(name); !other.Exists() || !equalJSON(member, other) {
				return false
			}
			count++
		}
		for range b.Members() {
			count--
		}
		return count == 0
	case fhirpath.Array:
		if a.Len() != b.Len() {
			return false
		}
		next, stop := iter.Pull(b.Elements())
		defer stop()
		for element := range a.Elements() {
			if other, _ := next(); !equalJSON(element, other) {
				return false
			}
		}
		return true
	case fhirpath.Number:
		return canonicalNumber(a.Text()) == canonicalNumber(b.Text())
	}
	return a.Text() == b.Text()
}

// canonicalNumber writes a JSON number as its significant digits, an e and an
// exponent, so that numbers of the same value are the same text.
func canonicalNumber(s string) string {
	s, negative := strings.CutPrefix(s, "-")
	exponent := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		e, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return s // beyond all reason: equal only to itself
		}
		exponent, s = e, s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	exponent -= len(fraction)
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return "0"
	}
	exponent += len(digits) - len(significant)
	if negative {
		significant = "-" + significant
	}
	return significant + "e" + strconv.Itoa(exponent)
}

// quoted returns s as a JSON string.
func quoted(s string) string {
	var buffer bytes.Buffer
	e := json.NewEncoder(&buffer)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string: it cannot fail
	return strings.TrimSuffix(buffer.String(), "\n")
}
