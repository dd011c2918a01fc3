package fhirpath

import "bytes"

// member finds the element of that name in an item. For a choice element it is
// the member whose name is the element's with a data type's behind it: value finds
// valueQuantity, and the item then knows its type. half is the member _name, which
// holds the id and extensions of a primitive.
//
// scanned is how many members were looked at, for the budget.
func (it Item) member(name string) (value, half Node, typ string, scanned int) {
	n := it.extended()
	if it.value != nil || n.Kind() != Object {
		return value, half, "", 0
	}
	d, end := n.doc, n.entry().next
	choice, choiceHalf := "", ""
	for c := n.i + 1; c < end; c = d.nodes[c].next {
		scanned++
		at := d.nodes[c].name
		if at&escaped != 0 {
			if d.name(at) == name {
				value = Node{d, c}
			}
			continue
		}
		under := d.raw[at+1] == '_'
		if under {
			at++
		}
		from := int(at) + 1
		to := from + len(name)
		if to >= len(d.raw) || string(d.raw[from:to]) != name {
			continue
		}
		next := d.raw[to]
		switch {
		case next == '"' && under:
			half = Node{d, c}
		case next == '"':
			if value, choice = (Node{d, c}), ""; value.complex() {
				return value, Node{}, namedType(name), scanned
			}
		case 'A' <= next && next <= 'Z':
			suffix := d.raw[to:]
			found := choiceType(suffix[:bytes.IndexByte(suffix, '"')])
			if found == "" {
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
	case value.Exists() && choice == "": // a plain name, whose other half is plain too
		if choiceHalf != "" {
			half = n.Get("_" + name)
		}
		return value, half, "", scanned
	case value.Exists() && choiceHalf != choice:
		return value, Node{}, choice, scanned
	case value.Exists():
		return value, half, choice, scanned
	}
	return value, half, choiceHalf, scanned
}

// namedType returns the type of the elements whose name alone tells it.
func namedType(name string) string {
	if name == "extension" || name == "modifierExtension" {
		return "Extension"
	}
	return ""
}

// complex reports whether n is of a complex type, which has no other half.
func (n Node) complex() bool {
	return n.Kind() == Object || n.Kind() == Array && n.first().Kind() == Object
}

// choiceType returns the data type that the suffix of a choice element names.
func choiceType(suffix []byte) string {
	if t, ok := complexTypes[string(suffix)]; ok {
		return t.name
	}
	var lower [16]byte
	if len(suffix) > len(lower) {
		return ""
	}
	copy(lower[:], suffix)
	lower[0] |= 0x20
	return primitives[string(lower[:len(suffix)])].name
}

// each calls yield with every item of an element: of the array, or the one value,
// a primitive with its other half.
func each(value, half Node, typ string, yield func(Item) error) error {
	if value.Kind() != Array && half.Kind() != Array {
		if it, ok := elementItem(value, half, typ); ok {
			return yield(it)
		}
		return nil
	}
	values, halves := value.first(), half.first()
	for values.Exists() || halves.Exists() {
		if it, ok := elementItem(values, halves, typ); ok {
			if err := yield(it); err != nil {
				return err
			}
		}
		values, halves = value.after(values), half.after(halves)
	}
	return nil
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

func elementItem(value, half Node, typ string) (Item, bool) {
	hasValue := value.Exists() && value.Kind() != Null
	switch {
	case half.Kind() != Object:
		return Item{node: value, typ: typ}, hasValue
	case hasValue:
		return Item{node: value, typ: typ, more: half.i}, true
	}
	return Item{node: half, typ: typ, more: half.i}, true
}

// walk appends what is found by following names from an item. It calls itself
// only for the items of arrays, so no deeper than there are names.
func (f *frame) walk(it Item, names []string, out []Item) ([]Item, error) {
	for ; len(names) > 0; names = names[1:] {
		value, half, typ, scanned := it.member(names[0])
		if err := f.charge(1 + scanned/wide); err != nil {
			return out, err
		}
		if value.Kind() == Array || half.Kind() == Array {
			err := each(value, half, typ, func(child Item) (err error) {
				out, err = f.walk(child, names[1:], out)
				return err
			})
			return out, err
		}
		var ok bool
		if it, ok = elementItem(value, half, typ); !ok {
			return out, nil
		}
	}
	return append(out, it), f.step()
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
			if n.Get(name[1:]).Exists() {
				continue
			}
			value, half = Node{}, value
		case value.Kind() != Object:
			half = n.Get("_" + name)
		}
		err := each(value, half, "", func(child Item) error {
			out = append(out, child)
			return f.step()
		})
		if err != nil {
			return out, err
		}
	}
	return out, nil
}
