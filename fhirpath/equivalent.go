package fhirpath

import "strings"

// equivalentAll is the operator ~: in any order, and never unknown.
func (f *frame) equivalentAll(a, b []Item) (truth, error) {
	if len(a) != len(b) {
		return no, nil
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
			if same {
				taken[i] = true
				continue next
			}
		}
		return no, nil
	}
	return yes, nil
}

func (f *frame) equivalent(a, b Item) (bool, error) {
	if err := f.charge(a.weight() + b.weight()); err != nil {
		return false, err
	}
	x, y := a.system(), b.system()
	if s, ok := x.(string); ok {
		if t, ok := y.(string); ok && foldText(s) == foldText(t) {
			return true, nil
		}
	}
	if d, ok := toDecimal(x); ok {
		if e, ok := toDecimal(y); ok {
			places := min(d.places(), e.places())
			return d.round(places).cmp(e.round(places)) == 0, nil
		}
	}
	if q, ok := x.(quantity); ok {
		if r, ok := y.(quantity); ok {
			return q.equivalent(r), nil
		}
	}
	if x == nil && y == nil && a.hasValue() && b.hasValue() {
		return f.deepEquivalent(a.node, b.node)
	}
	t, err := f.equal(a, b)
	return t == yes, err
}

// deepEquivalent compares complex elements member by member, the items of each
// member in any order.
func (f *frame) deepEquivalent(a, b Node) (bool, error) {
	if a.Kind() != Object || b.Kind() != Object {
		return f.equivalentElements(a, b)
	}
	members, lookup := 0, b.lookup()
	for name, x := range a.Members() {
		if err := f.charge(lookup); err != nil {
			return false, err
		}
		members++
		if same, err := f.equivalentElements(x, b.Get(name)); err != nil || !same {
			return false, err
		}
	}
	for range b.Members() {
		members--
	}
	return members == 0, nil
}

func (f *frame) equivalentElements(a, b Node) (bool, error) {
	if !b.Exists() {
		return false, nil
	}
	t, err := f.equivalentAll(items(a), items(b))
	return t == yes, err
}

// items are the elements of a member, whose types are of no account here.
func items(n Node) []Item {
	var list []Item
	for e := range n.Elements() {
		if e.Kind() != Null {
			list = append(list, Item{node: e})
		}
	}
	return list
}

// foldText is s without regard to case and to the length of white space.
func foldText(s string) string {
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}
