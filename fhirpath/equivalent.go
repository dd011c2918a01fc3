package fhirpath

import (
	"strings"
	"unicode"
)

// equivalentAll is the operator ~: in any order. It is unknown for two quantities
// whose units have nothing in common, otherwise it is not.
func (f *frame) equivalentAll(a, b []Item) (truth, error) {
	if len(a) != len(b) {
		return no, nil
	}
	if len(a) == 1 {
		return f.equivalent(a[0], b[0])
	}
	taken := make([]bool, len(b))
next:
	for _, x := range a {
		for i, y := range b {
			if taken[i] {
				continue
			}
			same, err := f.equivalent(x, y)
			if err != nil {
				return no, err
			}
			if same == yes {
				taken[i] = true
				continue next
			}
		}
		return no, nil
	}
	return yes, nil
}

func (f *frame) equivalent(a, b Item) (truth, error) {
	if err := f.charge(a.weight() + b.weight()); err != nil {
		return no, err
	}
	x, y := a.system(), b.system()
	if s, ok := x.(string); ok {
		if t, ok := y.(string); ok && equivalentText(s, t) {
			return yes, nil
		}
	}
	d, ok1 := toDecimal(x)
	e, ok2 := toDecimal(y)
	if ok1 && ok2 {
		return truthOf(d.equivalent(e)), nil
	}
	q, ok1 := toQuantity(x)
	r, ok2 := toQuantity(y)
	if ok1 && ok2 {
		return q.equivalent(r), nil
	}
	if x == nil && y == nil && a.hasValue() && b.hasValue() {
		return f.equivalentElements(a, b)
	}
	t, err := f.equal(a, b)
	return truthOf(t == yes), err
}

// equivalentText compares without regard to case and to the kind of white space.
func equivalentText(s, t string) bool {
	return strings.EqualFold(strings.Map(blank, s), strings.Map(blank, t))
}

func blank(r rune) rune {
	if unicode.IsSpace(r) {
		return ' '
	}
	return r
}

// equivalentElements compares complex elements member by member but for their ids,
// the items of each member in any order. Of a Coding only its system and code count,
// and two CodeableConcepts have a coding in common
// (https://hl7.org/fhir/fhirpath.html#changes).
func (f *frame) equivalentElements(a, b Item) (truth, error) {
	if a.node.Kind() != Object || b.node.Kind() != Object {
		return no, nil
	}
	if a.typ != nil && b.typ != nil {
		switch {
		case a.typ.name == "Coding" && b.typ.name == "Coding":
			return f.equivalentMembers(a, b, "system", "code")
		case a.typ.name == "CodeableConcept" && b.typ.name == "CodeableConcept":
			return f.commonCoding(f.members(a, "coding"), f.members(b, "coding"))
		}
	}
	count, lookup := 0, b.node.lookup()
	for name := range a.node.Members() {
		if err := f.charge(lookup); err != nil {
			return no, err
		}
		if name == "id" {
			continue
		}
		count++
		if same, err := f.equivalentMembers(a, b, name); err != nil || same != yes {
			return no, err
		}
	}
	for name := range b.node.Members() {
		if name != "id" {
			count--
		}
	}
	return truthOf(count == 0), nil
}

func (f *frame) equivalentMembers(a, b Item, names ...string) (truth, error) {
	for _, name := range names {
		same, err := f.equivalentAll(f.members(a, name), f.members(b, name))
		if err != nil || same != yes {
			return no, err
		}
	}
	return yes, nil
}

func (f *frame) commonCoding(a, b []Item) (truth, error) {
	for _, x := range a {
		for _, y := range b {
			if same, err := f.equivalent(x, y); err != nil || same == yes {
				return same, err
			}
		}
	}
	return no, nil
}

// members are the items of a member that has that name in JSON.
func (f *frame) members(it Item, name string) []Item {
	var list []Item
	for e := range it.node.Get(name).Elements() {
		if member, ok := f.element(e, Node{}, f.typeOfMember(it.typ, name)); ok {
			list = append(list, member)
		}
	}
	return list
}
