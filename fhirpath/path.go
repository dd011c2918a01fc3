package fhirpath

import (
	"encoding/binary"
	"strings"
	"sync/atomic"
)

// step is one name of a path.
type step struct {
	name string
	key  nameKey
	met  atomic.Pointer[meeting]
}

// meeting is what a step's name means in the type that it met last. Most steps
// only ever meet one.
type meeting struct {
	in *structure
	of *element // nil if the type has no such element
}

func newStep(name string) *step { return &step{name: name, key: keyOf(name)} }

// in returns what the step's name means in a type.
func (s *step) in(t *structure) *element {
	if m := s.met.Load(); m != nil && m.in == t {
		return m.of
	}
	m := &meeting{t, t.elements[s.name]}
	s.met.Store(m)
	return m.of
}

// nameKey is a name made for being compared with those of a document: its first
// eight bytes, a closing quote included, are one word.
type nameKey struct {
	name       string
	word, mask uint64
	plain      bool // no quote or backslash in it, which no element has
}

func keyOf(name string) nameKey {
	k := nameKey{name: name, plain: !strings.ContainsAny(name, `"\`)}
	head := [8]byte{}
	n := copy(head[:], name+`"`)
	k.word = binary.LittleEndian.Uint64(head[:])
	k.mask = ^uint64(0) >> (64 - 8*n)
	return k
}

// begins reports whether the name that begins at from, behind its quote, begins
// with the key's name and returns the offset behind that.
func (k *nameKey) begins(raw []byte, from int) (to int, ok bool) {
	to = from + len(k.name)
	return to, to < len(raw) && string(raw[from:to]) == k.name
}

// is reports whether the name that begins at from is the key's.
func (k *nameKey) is(raw []byte, from int) bool {
	if from+8 > len(raw) {
		to, ok := k.begins(raw, from)
		return ok && raw[to] == '"'
	}
	if binary.LittleEndian.Uint64(raw[from:])&k.mask != k.word {
		return false
	}
	if len(k.name) < 8 {
		return k.plain
	}
	to, ok := k.begins(raw, from)
	return ok && raw[to] == '"' && k.plain
}

// member finds the element that a step names in an item. half is the member
// _name, which holds the id and extensions of a primitive. scanned is how many
// members were looked at, for the budget.
func (f *frame) member(it *Item, s *step) (value, half Node, typ *structure, scanned int) {
	n := it.node
	if it.more != 0 {
		n.i = it.more
	}
	if it.value != nil || n.Kind() != Object {
		return
	}
	if it.typ == nil {
		return f.model.guess(n, s.name)
	}
	e := s.in(it.typ)
	switch {
	case e == nil: // of another release, or a local one: followed, its type not known
		value, half, scanned = n.find(&s.key, nil)
	case e.choices != nil:
		return n.findChoice(&s.key, e)
	default:
		value, half, scanned = n.find(&s.key, e.of)
		typ = e.of
	}
	return
}

// find looks for a member and, if its type may have one, for its other half.
func (n Node) find(k *nameKey, of *structure) (value, half Node, scanned int) {
	if n.halves() && (of == nil || of.kind == primitiveKind || of.kind == systemKind) {
		return n.findHalves(k)
	}
	d, end := n.doc, n.entry().next
	for c := n.i + 1; c < end; {
		e := &d.nodes[c]
		scanned++
		if e.name&escaped != 0 {
			if d.name(e.name) == k.name {
				return Node{d, c}, half, scanned
			}
		} else if k.is(d.raw, int(e.name)+1) {
			return Node{d, c}, half, scanned
		}
		c = e.next
	}
	return value, half, scanned
}

// halves reports whether an object may have a member whose name begins with _.
func (n Node) halves() bool { return n.entry().end&escaped != 0 }

func (n Node) findHalves(k *nameKey) (value, half Node, scanned int) {
	d, end := n.doc, n.entry().next
	for c := n.i + 1; c < end; c = d.nodes[c].next {
		scanned++
		at := d.nodes[c].name
		from := int(at&^escaped) + 1
		switch {
		case at&escaped != 0:
			if name := d.name(at); name == k.name {
				value = Node{d, c}
			} else if len(name) > 0 && name[0] == '_' && name[1:] == k.name {
				half = Node{d, c}
			}
		case k.is(d.raw, from):
			value = Node{d, c}
		case d.raw[from] == '_' && k.is(d.raw, from+1):
			half = Node{d, c}
		}
	}
	return value, half, scanned
}

// findChoice looks for the one member that a choice element has: valueQuantity.
func (n Node) findChoice(k *nameKey, e *element) (value, half Node, typ *structure, scanned int) {
	d, end := n.doc, n.entry().next
	for c := n.i + 1; c < end; c = d.nodes[c].next {
		scanned++
		raw, from := d.plainName(d.nodes[c].name)
		under := raw[from] == '_'
		if under {
			from++
		}
		to, ok := k.begins(raw, from)
		if !ok {
			continue
		}
		of := e.choice(raw[to:])
		switch {
		case of == nil:
		case under:
			if half = (Node{d, c}); typ == nil {
				typ = of
			}
		case !value.Exists():
			if value, typ = (Node{d, c}), of; of.kind != primitiveKind || !n.halves() {
				return value, Node{}, typ, scanned
			}
		}
	}
	return value, half, typ, scanned
}

// choice returns the type that the rest of a member's name stands for.
func (e *element) choice(rest []byte) *structure {
	for _, c := range e.choices {
		suffix := c.name[len(e.name):]
		if len(rest) > len(suffix) && rest[len(suffix)] == '"' && string(rest[:len(suffix)]) == suffix {
			return c.of
		}
	}
	return nil
}

// elements calls yield with every item of an element: of the array, or the one
// value, a primitive with its other half.
func (f *frame) elements(value, half Node, typ *structure, yield func(Item) error) error {
	if !arrays(value, half) {
		if it, ok := f.element(value, half, typ); ok {
			return yield(it)
		}
		return nil
	}
	values, halves := value.first(), half.first()
	for values.Exists() || halves.Exists() {
		if it, ok := f.element(values, halves, typ); ok {
			if err := yield(it); err != nil {
				return err
			}
		}
		values, halves = value.after(values), half.after(halves)
	}
	return nil
}

// arrays reports whether an element stands in an array. A half that does while its
// value does not is none of it, or it would hide the value.
func arrays(value, half Node) bool {
	return value.Kind() == Array || half.Kind() == Array && !value.Exists()
}

// element makes an item of a value and its other half, which what is complex does not
// have. A resource's type is the one that it says.
func (f *frame) element(value, half Node, typ *structure) (Item, bool) {
	kind := value.Kind()
	hasValue := kind != Absent && kind != Null
	switch {
	case kind == Object || half.Kind() != Object:
		if kind == Object && (typ == nil || typ.open) {
			f.steps += value.lookup() - 1 // counts with the next step
			if own := f.model.resource(value); own != nil {
				typ = own
			}
		}
		return Item{node: value, typ: typ}, hasValue
	case hasValue:
		return Item{node: value, typ: typ, more: half.i}, true
	}
	return Item{node: half, typ: typ, more: half.i}, true
}

// first returns an array's first element, after the one behind e.
func (n Node) first() Node {
	if n.Kind() != Array || n.i+1 == n.entry().next {
		return Node{}
	}
	return Node{n.doc, n.i + 1}
}

func (n Node) after(e Node) Node {
	if !e.Exists() || e.entry().next == n.entry().next {
		return Node{}
	}
	return Node{e.doc, e.entry().next}
}

// walk appends what is found by following steps from an item. It calls itself
// only for the items of arrays, so no deeper than there are steps.
func (f *frame) walk(it *Item, steps []*step, out []Item) ([]Item, error) {
	var at Item
	for len(steps) > 0 {
		if it.value != nil {
			return it.part(steps, out), f.step()
		}
		value, half, typ, scanned := f.member(it, steps[0])
		steps = steps[1:]
		if err := f.charge(1 + scanned/wide); err != nil {
			return out, err
		}
		if arrays(value, half) {
			return f.walkEach(value, half, typ, steps, out)
		}
		var ok bool
		if at, ok = f.element(value, half, typ); !ok {
			return out, nil
		}
		it = &at
	}
	return append(out, *it), f.step()
}

// walkEach goes on from each item of an array.
func (f *frame) walkEach(value, half Node, typ *structure, steps []*step, out []Item) (_ []Item, err error) {
	values, halves := value.first(), half.first()
	for values.doc != nil || halves.doc != nil {
		if it, ok := f.element(values, halves, typ); !ok {
		} else if len(steps) == 0 {
			out, err = append(out, it), f.step()
		} else {
			out, err = f.walk(&it, steps, out)
		}
		if err != nil {
			return out, err
		}
		values, halves = value.after(values), half.after(halves)
	}
	return out, nil
}

// part appends what a computed value has under a name: a quantity its value and
// unit, a type its name and namespace.
func (it *Item) part(steps []*step, out []Item) []Item {
	if len(steps) != 1 {
		return out
	}
	switch v := it.value.(type) {
	case quantity:
		switch steps[0].name {
		case "value":
			return append(out, Item{value: v.value})
		case "unit", "code":
			return append(out, Item{value: v.unit})
		}
	case typeInfo:
		switch steps[0].name {
		case "name":
			return append(out, Item{value: v.name})
		case "namespace":
			return append(out, Item{value: v.namespace})
		case "baseType":
			return append(out, Item{value: v.base})
		}
	}
	return out
}

// children appends all elements of an item.
func (f *frame) children(it Item, out []Item) ([]Item, error) {
	n := it.extended()
	if it.value != nil || n.Kind() != Object {
		return out, nil
	}
	lookup := n.lookup()
	for name, value := range n.Members() {
		if err := f.charge(lookup); err != nil {
			return out, err
		}
		half := Node{}
		switch {
		case name == "resourceType":
			continue
		case name != "" && name[0] == '_':
			if name = name[1:]; n.Get(name).Exists() {
				continue
			}
			value, half = Node{}, value
		case n.halves() && value.Kind() != Object:
			half = n.Get("_" + name)
		}
		err := f.elements(value, half, f.typeOfMember(it.typ, name), func(child Item) error {
			out = append(out, child)
			return f.step()
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}

// typeOfMember returns the type of the member of that JSON name.
func (f *frame) typeOfMember(in *structure, name string) *structure {
	if in == nil {
		return f.model.named(name)
	}
	if e := in.elements[name]; e != nil {
		return e.of
	}
	return nil
}
