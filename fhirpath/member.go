package fhirpath

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
