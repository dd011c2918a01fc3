package fhirpath

// elementFunctions navigate elements, and are FHIR's own additions (FHIRPath 5.8,
// https://hl7.org/fhir/fhirpath.html#functions).
var elementFunctions = map[string]function{
	"children": {0, 0, func(f *frame, _ *call, _, in, out []Item) (_ []Item, err error) {
		for _, it := range in {
			if out, err = f.children(it, out); err != nil {
				return out, err
			}
		}
		return out, nil
	}},
	"descendants": {0, 0, func(f *frame, _ *call, _, in, out []Item) (_ []Item, err error) {
		next := len(out)
		for _, it := range in {
			if out, err = f.children(it, out); err != nil {
				return out, err
			}
		}
		for ; next < len(out); next++ {
			if out, err = f.children(out[next], out); err != nil {
				return out, err
			}
		}
		return out, nil
	}},
	"extension": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		url, ok, err := f.text(c.args[0], this)
		if err != nil || !ok {
			return out, err
		}
		for _, it := range in {
			if err := f.charge(it.weight()); err != nil {
				return out, err
			}
			for e := range it.extended().Get("extension").Elements() {
				if e.Get("url").Is(url) {
					out = append(out, Item{node: e, typ: f.model.structures["Extension"]})
				}
				if err := f.charge(Item{node: e}.weight()); err != nil {
					return out, err
				}
			}
		}
		return out, nil
	}},
	"pathname": {0, 1, pathname},
	"getValue": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		if len(in) != 1 || !in[0].primitive() {
			return out, nil
		}
		if v := in[0].system(); v != nil {
			out = append(out, Item{value: v})
		}
		return out, nil
	}},
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

// primitive reports whether an item has a primitive value.
func (it Item) primitive() bool {
	switch it.value.(type) {
	case nil:
		return it.hasValue() && it.node.Kind() != Object
	case quantity, typeInfo:
		return false
	}
	return true
}
