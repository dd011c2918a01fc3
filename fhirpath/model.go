package fhirpath

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
)

// The tables of fhirpath/model, which internal/modelgen writes.
//
//go:embed model/r4.tsv model/r4b.tsv model/r5.tsv
var tables embed.FS

// model is the types of one release. It never changes once it is read.
type model struct {
	structures map[string]*structure
	choices    map[string]*structure // by the suffix of a choice: Quantity, DateTime
	quantity   *structure
}

var models = [...]func() *model{
	R4:  sync.OnceValue(func() *model { return readModel("model/r4.tsv") }),
	R4B: sync.OnceValue(func() *model { return readModel("model/r4b.tsv") }),
	R5:  sync.OnceValue(func() *model { return readModel("model/r5.tsv") }),
}

// model returns the release's types, which are read when they are first needed.
// It is nil for what is no release.
func (r Release) model() *model {
	if r < R4 || r > R5 {
		return nil
	}
	return models[r]()
}

// readModel reads a table that is a part of this package, so that what is wrong
// with it is wrong with the program.
func readModel(name string) *model {
	raw, err := tables.ReadFile(name)
	if err != nil {
		panic(err)
	}
	m := &model{structures: map[string]*structure{}, choices: map[string]*structure{}}
	elements := map[string]string{}
	bases := map[*structure]string{}
	for line := range strings.SplitSeq(string(raw), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		field := strings.Split(line, "\t")
		s := &structure{name: field[0]}
		switch field[1] {
		case "primitive":
			s.kind = primitiveKind
		case "complex":
			s.kind = complexKind
		case "backbone":
			s.kind = backboneKind
		case "resource":
			s.kind = resourceKind
			s.open = s.name == "Resource" || s.name == "DomainResource"
		default:
			panic(fmt.Sprintf("%s: kind of %s", name, s.name))
		}
		m.structures[s.name], elements[s.name], bases[s] = s, field[3], field[2]
		if s.kind == primitiveKind || s.kind == complexKind {
			m.choices[capital(s.name)] = s
		}
	}
	for s, base := range bases {
		if base != "-" {
			s.base = m.must(base)
		}
	}
	for _, s := range m.structures {
		m.complete(s, elements)
	}
	m.quantity = m.must("Quantity")
	return m
}

func (m *model) must(name string) *structure {
	if rest, ok := strings.CutPrefix(name, "System."); ok {
		return systemTypes[rest]
	}
	s := m.structures[name]
	if s == nil {
		panic("fhirpath: the tables do not define " + name)
	}
	return s
}

// complete gives s what its bases and its own line define.
func (m *model) complete(s *structure, lines map[string]string) {
	if s.elements != nil {
		return
	}
	s.elements = map[string]*element{}
	if s.base != nil {
		m.complete(s.base, lines)
		for name, e := range s.base.elements {
			s.elements[name] = e
		}
		s.system = s.base.system
	}
	switch own := systemOf[s.name]; {
	case own != nil:
		s.system = own
	case s.kind == primitiveKind && s.system == nil && s.name != "PrimitiveType":
		s.system = systemString
	}
	for _, definition := range splitElements(lines[s.name]) {
		m.define(s, definition)
	}
}

// define reads one element: name*:Type, or name[x]:Type|Type.
func (m *model) define(s *structure, definition string) {
	name, types, _ := strings.Cut(definition, ":")
	name, repeats := strings.CutSuffix(name, "*")
	name, choice := strings.CutSuffix(name, "[x]")
	e := &element{name: name, repeats: repeats}
	s.elements[name] = e
	for _, typ := range splitTypes(types) {
		typ, targets, limited := strings.Cut(strings.TrimSuffix(typ, ")"), "(")
		of := e
		if choice {
			of = &element{name: name + capital(typ), choiceOf: e, repeats: repeats}
			e.choices = append(e.choices, of)
			s.elements[of.name] = of
		}
		of.of = m.must(typ)
		if limited {
			of.targets = strings.Split(targets, "|")
		}
	}
}

func splitElements(line string) []string { return strings.Fields(line) }

// splitTypes splits at the bars that are in no brackets.
func splitTypes(types string) []string {
	depth := 0
	return strings.FieldsFunc(types, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == '|' && depth == 0
	})
}

// capital returns a type's name as it stands behind the name of a choice element.
func capital(name string) string {
	return string(unicode.ToUpper(rune(name[0]))) + name[1:]
}

// resource returns the type of a resource: the one that its resourceType names.
// It is nil if n is no resource of this release.
func (m *model) resource(n Node) *structure {
	name := n.Get("resourceType")
	if name.Kind() != String {
		return nil
	}
	if s := m.structures[string(name.decoded())]; s != nil && s.kind == resourceKind {
		return s
	}
	return nil
}

// at returns the type of n, which may be any place of a document, by the names
// that lead to it from the resource that it is in. It is nil if that is not known.
func (m *model) at(n Node) *structure {
	if !n.Exists() {
		return nil
	}
	d, here := n.doc, Node{n.doc, 0}
	var s *structure
	for {
		if here.Kind() == Object && (s == nil || s.kind == resourceKind) {
			if own := m.resource(here); own != nil {
				s = own
			}
		}
		if here.i == n.i {
			return s
		}
		inObject := here.Kind() == Object
		end := here.entry().next
		at := here.i + 1
		for at < end && d.nodes[at].next <= n.i {
			at = d.nodes[at].next
		}
		here = Node{d, at}
		if inObject && s != nil {
			e := s.elements[d.name(d.nodes[at].name)]
			if s = nil; e != nil {
				s = e.of
			}
		}
	}
}
