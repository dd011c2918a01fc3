// Package jsonequal compares places in JSON documents by value: what == means in criteria
// of topics, in whichever language they are.
package jsonequal

import (
	"bytes"
	"strconv"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Nodes reports whether a and b hold equal JSON: the order of members does not count,
// and numbers are compared as the doubles that criteria see. charge is called for each
// place before it is looked through, once for each look; where it returns an error, the
// answer is false, and the caller knows why.
func Nodes(a, b fhirpath.Node, charge func(fhirpath.Node) error) bool {
	if charge(a) != nil || charge(b) != nil {
		return false
	}
	if bytes.Equal(a.Raw(), b.Raw()) {
		return true
	}
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhirpath.Object:
		return members(a, b, charge)
	case fhirpath.Array:
		return values(a, b, charge)
	case fhirpath.Number:
		x, errX := strconv.ParseFloat(a.Text(), 64)
		y, errY := strconv.ParseFloat(b.Text(), 64)
		return errX == nil && errY == nil && x == y
	case fhirpath.String:
		return a.Text() == b.Text()
	}
	return false // null and booleans are equal if their bytes are
}

func members(a, b fhirpath.Node, charge func(fhirpath.Node) error) bool {
	surplus := 0
	for name, value := range a.Members() {
		if charge(b) != nil || !Nodes(value, b.Get(name), charge) {
			return false
		}
		surplus++
	}
	for range b.Members() {
		surplus--
	}
	return surplus == 0
}

func values(a, b fhirpath.Node, charge func(fhirpath.Node) error) bool {
	if a.Len() != b.Len() {
		return false
	}
	others := make([]fhirpath.Node, 0, b.Len())
	for n := range b.Elements() {
		others = append(others, n)
	}
	i := 0
	for n := range a.Elements() {
		if !Nodes(n, others[i], charge) {
			return false
		}
		i++
	}
	return true
}
