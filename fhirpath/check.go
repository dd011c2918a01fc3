package fhirpath

import (
	"slices"
	"strings"
)

// shape is what can be known of a collection before there is data.
type shape struct {
	types     []*structure // that its items may have; nil: not known
	unordered bool         // its order has no meaning: children()
}

// checker is the static check of Options.Strict. It reports only what is wrong for
// whatever data; where a type is not known it is silent.
type checker struct {
	*compiler
	variables map[string]shape
}

// maxInferences bounds the check, which looks twice into what repeat() is given, and so
// twice as often at every level of such calls in each other. Beyond it, no more is
// known.
const maxInferences = 20_000

// check reports what is wrong with an expression that parses.
func (c *compiler) check(tree *expr) error {
	focus, err := c.declared(tree, c.options.Context)
	if err != nil {
		return err
	}
	k := checker{c, map[string]shape{"context": focus, "ucum": {types: []*structure{systemString}},
		"sct": {types: []*structure{systemString}}, "loinc": {types: []*structure{systemString}}}}
	if len(focus.types) > 0 && focus.types[0].kind == resourceKind {
		k.variables["resource"] = focus
	}
	for _, v := range c.options.Variables {
		name, typ, _ := strings.Cut(v, ":")
		if k.variables[name], err = c.declared(tree, typ); err != nil {
			return err
		}
	}
	_, err = k.infer(tree, focus)
	return err
}

// declared is the shape of what the caller gave a type.
func (c *compiler) declared(e *expr, name string) (shape, error) {
	if name == "" {
		return shape{}, nil
	}
	s := c.model.structures[name]
	if s == nil {
		return shape{}, c.fail(e, "Options name the type "+quoteName(name)+", which "+c.options.Release.String()+" does not have")
	}
	return shape{types: []*structure{s}}, nil
}

// infer returns the shape of what e gives for this.
func (k *checker) infer(e *expr, this shape) (shape, error) {
	if k.inferences++; k.inferences > maxInferences {
		return shape{}, nil
	}
	switch e.form {
	case literalForm:
		return shape{types: []*structure{Item{value: e.value}.structure()}}, nil
	case nameForm:
		if e.text != "" && 'A' <= e.text[0] && e.text[0] <= 'Z' { // compile refuses the empty name
			return k.root(e, this)
		}
		return k.member(e, this)
	case memberForm:
		base, err := k.infer(e.left, this)
		if err != nil {
			return shape{}, err
		}
		return k.member(e, base)
	case callForm:
		return k.call(e, this)
	case indexerForm:
		if _, err := k.infer(e.right, this); err != nil {
			return shape{}, err
		}
		base, err := k.infer(e.left, this)
		if err == nil {
			err = k.ordered(e, base)
		}
		return base, err
	case variableForm:
		return k.variables[e.text], nil
	case dollarForm:
		switch e.text {
		case "this":
			return this, nil
		case "index":
			return shape{types: []*structure{systemInteger}}, nil
		}
	case unaryForm:
		return k.infer(e.left, this)
	case directionForm:
		return k.infer(e.left, this)
	case typeForm:
		base, err := k.infer(e.left, this)
		if err != nil {
			return shape{}, err
		}
		return k.cast(e, e.text, e.right, base)
	case binaryForm:
		return k.operator(e, this)
	}
	return shape{}, nil
}

// root is a type's name at the start of a path.
func (k *checker) root(e *expr, this shape) (shape, error) {
	s := k.model.structures[e.text]
	if s == nil { // compile says so
		return shape{}, nil
	}
	for _, t := range this.types {
		if t.derives(s) {
			return this, nil
		}
	}
	if this.types != nil && !slices.ContainsFunc(this.types, s.derives) {
		return shape{}, &CompileError{Expression: k.source, Offset: e.at, elsewhere: true,
			Problem: "the focus is " + titles(this.types) + ", never " + quoteName(e.text)}
	}
	return shape{types: []*structure{s}}, nil
}

// member is an element's name behind what has the shape base.
func (k *checker) member(e *expr, base shape) (shape, error) {
	if base.types == nil {
		return shape{}, nil
	}
	found := shape{types: []*structure{}}
	for _, t := range base.types {
		def := t.elements[e.text]
		switch {
		case def == nil && (t.abstract() || t == systemQuantity || t == typeInfoType):
			return shape{}, nil
		case def == nil:
			continue
		case def.choiceOf != nil:
			return shape{}, k.fail(e, quoteName(e.text)+" is written "+def.choiceOf.name+".ofType("+def.of.name+")")
		case def.choices != nil:
			for _, choice := range def.choices {
				found.types = add(found.types, choice.of)
			}
		case def.of.open:
			return shape{}, nil
		default:
			found.types = add(found.types, def.of)
		}
	}
	if len(found.types) == 0 {
		return found, k.fail(e, "no element "+quoteName(e.text)+" in "+titles(base.types))
	}
	return found, nil
}

// cast is is, as or ofType. Of these is may be asked of anything: published invariants
// ask it of elements that never are of the type, and false is an answer.
func (k *checker) cast(e *expr, op string, specifier *expr, base shape) (shape, error) {
	t, err := k.specifierOf(specifier)
	if err != nil {
		return shape{}, err
	}
	if op == "is" {
		return shape{types: []*structure{systemBoolean}}, nil
	}
	if base.types != nil && !slices.ContainsFunc(base.types, func(s *structure) bool { return t.meets(s) }) {
		return shape{}, k.fail(e, titles(base.types)+" is never "+quoteName(t.name))
	}
	result := shape{types: []*structure{}, unordered: base.unordered}
	for _, s := range []*structure{t.fhir, t.system} {
		if s != nil {
			result.types = append(result.types, s)
		}
	}
	return result, nil
}

// meets reports whether an item of static type s may be of type t.
func (t typeSpecifier) meets(s *structure) bool {
	for _, of := range []*structure{t.fhir, t.system} {
		if of != nil && (s.derives(of) || of.derives(s)) {
			return true
		}
	}
	return false
}

// ordered refuses what depends on an order that there is not.
func (k *checker) ordered(e *expr, in shape) error {
	if in.unordered {
		return k.fail(e, "depends on the order of a collection that has none")
	}
	return nil
}

func add(types []*structure, more ...*structure) []*structure {
	for _, t := range more {
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	return types
}

// merge is the shape of two collections as one.
func merge(a, b shape) shape {
	if a.types == nil || b.types == nil {
		return shape{unordered: a.unordered || b.unordered}
	}
	return shape{types: add(slices.Clone(a.types), b.types...), unordered: a.unordered || b.unordered}
}

func titles(types []*structure) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.name
	}
	return strings.Join(names, " or ")
}
