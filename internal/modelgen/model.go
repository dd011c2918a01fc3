package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// model is the types of one release, by name.
type model map[string]*modelType

// modelType is a type of the release, or one defined inside another, which is
// named by its path (Patient.contact).
type modelType struct {
	name, kind, base string // base is empty for Element and Resource, in R5 for Base
	elements         []*element
}

// The kinds of types.
const (
	kindPrimitive = "primitive"
	kindComplex   = "complex"
	kindResource  = "resource"
	kindBackbone  = "backbone"
)

// element is one of a type's own elements. A choice (value[x]) has several types
// and may have just one.
type element struct {
	name         string
	choice, many bool
	types        []pathType
}

// find gives the element of a type, own or inherited, that a JSON property holds,
// and the type that the property's name tells: valueQuantity is value[x], Quantity.
func (m model) find(typeName, property string) (*element, pathType, bool) {
	for t := m[typeName]; t != nil; t = m[t.base] {
		for _, e := range t.elements {
			if !e.choice && e.name == property {
				return e, e.types[0], true
			}
			for _, of := range e.types {
				if e.choice && property == e.name+suffix(of.Code) {
					return e, of, true
				}
			}
		}
	}
	return nil, pathType{}, false
}

// suffix is how a type ends the name of a choice: dateTime, DateTime.
func suffix(typeName string) string { return strings.ToUpper(typeName[:1]) + typeName[1:] }

// write prints one line a type, sorted by name; README.md of fhirpath/model
// describes the form.
func (m model) write(b *bytes.Buffer) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		t := m[name]
		base := t.base
		if base == "" {
			base = "-"
		}
		elements := make([]string, len(t.elements))
		for i, e := range t.elements {
			elements[i] = e.String()
		}
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\n", t.name, t.kind, base, strings.Join(elements, " "))
	}
}

// String is the element as the table has it: value[x]:Reference(Patient)|string.
func (e *element) String() string {
	types := make([]string, len(e.types))
	for i, of := range e.types {
		types[i] = of.Code
		if len(of.Targets) > 0 {
			types[i] += "(" + strings.Join(of.Targets, "|") + ")"
		}
	}
	name := e.name
	if e.choice {
		name += "[x]"
	}
	if e.many {
		name += "*"
	}
	return name + ":" + strings.Join(types, "|")
}
