package fhirpath

import (
	"bytes"
	"slices"
	"strings"
)

// What is known of elements in JSON that is no resource of the release, such as a
// part of one: the names of choices, and the shape of values.

// guess finds a member in an object of unknown type. For a choice element it
// is the member whose name is the element's with a data type's behind it.
func (m *model) guess(n Node, name string) (value, half Node, typ *structure, scanned int) {
	d, end := n.doc, n.entry().next
	var choice, choiceHalf *structure
	for c := n.i + 1; c < end; c = d.nodes[c].next {
		scanned++
		raw, from := d.plainName(d.nodes[c].name)
		under := raw[from] == '_'
		if under {
			from++
		}
		to := from + len(name)
		if to >= len(raw) || string(raw[from:to]) != name {
			continue
		}
		next := raw[to]
		switch {
		case next == '"' && under:
			half = Node{d, c}
		case next == '"':
			if value, choice = (Node{d, c}), nil; value.complex() {
				return value, Node{}, m.named(name), scanned
			}
		case 'A' <= next && next <= 'Z':
			suffix := raw[to:]
			found := m.choices[string(suffix[:bytes.IndexByte(suffix, '"')])]
			if found == nil {
				continue
			}
			if under {
				choiceHalf = found
				if !half.Exists() {
					half = Node{d, c}
				}
			} else if !value.Exists() {
				value, choice = Node{d, c}, found
			}
		}
	}
	switch {
	case value.Exists() && choice == nil: // a plain name, whose other half is plain too
		if choiceHalf != nil {
			half = n.Get("_" + name)
		}
		return value, half, nil, scanned
	case value.Exists() && choiceHalf != choice:
		return value, Node{}, choice, scanned
	case value.Exists():
		return value, half, choice, scanned
	}
	return value, half, choiceHalf, scanned
}

// named returns the type of the elements whose name alone tells it.
func (m *model) named(name string) *structure {
	if name == "extension" || name == "modifierExtension" {
		return m.structures["Extension"]
	}
	return nil
}

// complex reports whether n is of a complex type, which has no other half.
func (n Node) complex() bool {
	return n.Kind() == Object || n.Kind() == Array && n.first().Kind() == Object
}

// shapeIs tells whether a value of unknown type is of type t, as far as its shape
// excludes or shows that. A Reference is known by its reference.
func (n Node) shapeIs(t *structure) truth {
	kind := n.Kind()
	switch {
	case t.kind == resourceKind:
		return no // a resource says its type
	case t.name == "Element" || t.name == "Base":
		return yes
	case slices.Contains(abstractTypes, t.name):
		return unknown
	case kind == Object:
		if t.kind == primitiveKind {
			return no
		}
		if n.Get("reference").Kind() == String {
			return truthOf(t.name == "Reference")
		}
		return unknown
	case t.kind != primitiveKind:
		return no
	case kind == Bool:
		return truthOf(t.system == systemBoolean)
	case kind == Number:
		fraction := strings.ContainsAny(n.Text(), ".eE")
		switch {
		case t.system == systemDecimal && fraction:
			return yes
		case t.system == systemInteger && fraction:
			return no
		case t.system == systemDecimal, t.system == systemInteger:
			return unknown
		}
		return no
	}
	switch t.system {
	case systemBoolean, systemDecimal, systemInteger:
		return no
	case systemDate, systemDateTime:
		if _, ok := parseDateTime(n.Text()); !ok {
			return no
		}
	}
	return unknown
}

// abstractTypes have no elements of their own; which elements derive from them
// can't be told by a shape.
var abstractTypes = []string{"BackboneElement", "BackboneType", "DataType", "PrimitiveType"}
