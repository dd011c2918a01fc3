package validate

import (
	"fmt"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

type slicing struct {
	Discriminator []struct{ Type, Path string }
	Rules         string
}

// check refuses what this package does not understand, so that nothing is ignored.
func (s *slicing) check() error {
	if len(s.Discriminator) == 1 {
		switch d := s.Discriminator[0]; {
		case d.Type == "value" && (d.Path == "name" || d.Path == "url"),
			d.Type == "type" && d.Path == "resource",
			s.byPlace():
			return nil
		}
	}
	return fmt.Errorf("unknown discriminator")
}

// byPlace reports whether the slices are the first entry and the others. The profile of
// R5 says so in words only; its discriminator, whether entry has an entry, never tells.
func (s *slicing) byPlace() bool {
	return s.Discriminator[0].Type == "exists" && s.Discriminator[0].Path == "entry"
}

// slice checks values by the slices of e to which they belong.
func (v *validator) slice(e *element, values []value) {
	if e.slicing == nil {
		return
	}
	counts := make([]int, len(e.slices))
	for i, x := range values {
		found := slices.IndexFunc(e.slices, func(s *element) bool { return v.belongs(e.slicing, s, x.node) })
		if e.slicing.byPlace() {
			found = min(i, len(e.slices)-1)
		}
		switch {
		case found >= 0:
			counts[found]++
			v.one(e.slices[found], x)
		case e.slicing.Rules == "closed":
			v.issue(x.path, "slicing", "is in no slice")
		}
	}
	for i, s := range e.slices {
		if counts[i] < s.min || s.max >= 0 && counts[i] > s.max {
			path := e.name
			if len(values) > 0 {
				path = values[0].path
			}
			v.issue(path, "slicing", fmt.Sprintf("there are %d of slice %d (%v), want %d to %d", counts[i], i, s.discriminant(), s.min, s.max))
		}
	}
}

// discriminant names the slice in the text of an issue.
func (e *element) discriminant() any {
	for _, name := range []string{"name", "url"} {
		if c := e.child(name); c != nil && c.exact != nil {
			return c.exact
		}
	}
	if c := e.child("resource"); c != nil && len(c.types) > 0 {
		return c.types[0].Code
	}
	return e.types
}

func (v *validator) belongs(s *slicing, slice *element, node fhirpath.Node) bool {
	path := s.Discriminator[0].Path
	part := node.Get(path)
	if s.Discriminator[0].Type == "type" {
		return slices.ContainsFunc(slice.child(path).types, func(t typeRef) bool { return part.Get("resourceType").Is(t.Code) })
	}
	if c := slice.child(path); c != nil {
		return c.exact != nil && part.Text() == c.exact
	}
	for _, t := range slice.types { // an extension is told by the url that its definition fixes
		if slices.Contains(t.Profile, part.Text()) {
			return true
		}
	}
	return false
}
