package fhirproto

import (
	"bytes"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// same reports whether two documents say the same. Times may differ in how they write
// their offset, as the writer of protos does.
func same(a, b []byte) bool {
	left, err := fhirpath.Parse(a)
	if err != nil {
		return false
	}
	right, err := fhirpath.Parse(b)
	return err == nil && equal(left.Root(), right.Root())
}

func equal(a, b fhirpath.Node) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhirpath.Object:
		for name, value := range a.Members() {
			if !equal(value, b.Get(name)) {
				return false
			}
		}
		return count(a) == count(b)
	case fhirpath.Array:
		return slices.EqualFunc(slices.Collect(a.Elements()), slices.Collect(b.Elements()), equal)
	case fhirpath.String:
		return a.Text() == b.Text() || sameTime(a.Text(), b.Text())
	}
	return bytes.Equal(a.Raw(), b.Raw())
}

func count(n fhirpath.Node) (members int) {
	for range n.Members() {
		members++
	}
	return members
}

func sameTime(a, b string) bool {
	at, err := time.Parse(time.RFC3339Nano, a)
	if err != nil {
		return false
	}
	as, err := time.Parse(time.RFC3339Nano, b)
	return err == nil && at.Equal(as)
}
