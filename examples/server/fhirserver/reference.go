package fhirserver

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/jsonpatch"
)

// resolve returns a resource of a transaction with references to other entries, by
// their fullUrl, replaced by what those entries are now: Type/id.
func resolve(r fhirpath.Release, resource []byte, places map[string]string) ([]byte, error) {
	root, err := parse(resource)
	if err != nil {
		return nil, err
	}
	var e jsonpatch.Edits
	if err := resolveWithin(&e, r, root, "", places, root.Get("resourceType").Text()); err != nil {
		return nil, err
	}
	if len(e) == 0 {
		return resource, nil
	}
	return e.Apply(root), nil
}

// resolveWithin notes the replacements within n, the value of the member called name.
func resolveWithin(e *jsonpatch.Edits, r fhirpath.Release, n fhirpath.Node, name string, places map[string]string, expression string) error {
	switch n.Kind() {
	case fhirpath.Object:
		for name, member := range n.Members() {
			if err := resolveWithin(e, r, member, name, places, expression+"."+name); err != nil {
				return err
			}
		}
	case fhirpath.Array:
		for element := range n.Elements() {
			if err := resolveWithin(e, r, element, name, places, expression); err != nil {
				return err
			}
		}
	case fhirpath.String:
		// Identifier.value and other plain strings may look like a reference and are none.
		if name == "value" || name == "valueString" {
			return nil
		}
		text := n.Text()
		if place, ok := places[text]; ok {
			e.Replace(n, `"`+place+`"`)
			return nil
		}
		if kind, _, conditional := strings.Cut(text, "?"); name == "reference" && conditional && isResourceType(r, kind) {
			return unsupported("conditional references are not supported").at(expression)
		}
	}
	return nil
}
