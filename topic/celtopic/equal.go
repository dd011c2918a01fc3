package celtopic

import (
	"bytes"
	"strconv"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// equal reports whether two places hold equal JSON: the order of members does not
// count, and numbers are compared as the doubles that criteria see.
func (e *evaluation) equal(a, b fhirpath.Node) bool {
	if e.charge(a) != nil || e.charge(b) != nil {
		return false // Fires fails
	}
	if bytes.Equal(a.Raw(), b.Raw()) {
		return true
	}
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case fhirpath.Object:
		return e.equalMembers(a, b)
	case fhirpath.Array:
		x, y := e.list(a, fhirpath.Type{}), e.list(b, fhirpath.Type{})
		if len(x.nodes) != len(y.nodes) {
			return false
		}
		for i := range x.nodes {
			if !e.equal(x.nodes[i], y.nodes[i]) {
				return false
			}
		}
		return true
	case fhirpath.Number:
		x, errX := strconv.ParseFloat(a.Text(), 64)
		y, errY := strconv.ParseFloat(b.Text(), 64)
		return errX == nil && errY == nil && x == y
	case fhirpath.String:
		return a.Text() == b.Text()
	}
	return false // null and booleans are equal if their bytes are
}

func (e *evaluation) equalMembers(a, b fhirpath.Node) bool {
	members := 0
	for name, value := range a.Members() {
		if e.charge(b) != nil || !e.equal(value, b.Get(name)) {
			return false
		}
		members++
	}
	for range b.Members() {
		members--
	}
	return members == 0
}
