package fhirpath

import (
	"strconv"
	"strings"
)

// pathname is pathname(): where each element is in %rootResource, as an expression
// that gives it and nothing else (FHIRPath 3.0, 5.9). What was computed, and what is
// elsewhere, is left out. In the short form an element that can't repeat has no index.
func pathname(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	short := false
	if len(c.args) == 1 {
		it, ok, err := f.single(c.args[0], this)
		if err != nil {
			return out, err
		}
		isBool := false
		if short, isBool = it.Bool(); ok && !isBool {
			return out, ErrOperand
		}
	}
	f.findResource()
	for _, it := range in {
		if it.value != nil || !f.rootResource.holds(it.node) {
			continue
		}
		path, err := f.pathTo(it.node, short)
		if err != nil {
			return out, err
		}
		if out, err = f.appendText(out, path); err != nil {
			return out, err
		}
	}
	return out, nil
}

// pathTo goes down from the root resource to n, which is in it.
func (f *frame) pathTo(n Node, short bool) (string, error) {
	at, _ := f.item(f.rootResource)
	var b strings.Builder
	b.WriteString(at.TypeName())
	for at.node != n && at.extended() != n {
		object := at.extended()
		if object.Kind() != Object {
			return "", ErrOperand
		}
		if err := f.charge(object.lookup()); err != nil {
			return "", err
		}
		name := object.memberWith(n)
		next, index, err := f.elementWith(n, at, name)
		if err != nil {
			return "", err
		}
		repeats := object.Get(name).Kind() == Array || object.Get("_"+name).Kind() == Array
		if at.typ != nil && at.typ.elements[name] != nil {
			e := at.typ.elements[name]
			if repeats = e.repeats; e.choiceOf != nil {
				name = e.choiceOf.name
			}
		}
		b.WriteString("." + quoteName(name))
		if repeats || !short {
			b.WriteString("[" + strconv.Itoa(index) + "]")
		}
		at = next
	}
	return b.String(), nil
}

// elementWith returns which element of that JSON name n is, or is in, and its index.
func (f *frame) elementWith(n Node, parent Item, name string) (found Item, index int, err error) {
	object, count := parent.extended(), 0
	err = f.elements(object.Get(name), object.Get("_"+name), f.typeOfMember(parent.typ, name), func(child Item) error {
		if child.node.holds(n) || child.extended().holds(n) {
			found, index = child, count
		}
		count++
		return f.step()
	})
	return found, index, err
}

// holds reports whether other is n or a part of it.
func (n Node) holds(other Node) bool {
	return n.Exists() && n.doc == other.doc && n.i <= other.i && other.i < n.entry().next
}

// memberWith returns the name of the member that other is in. The other half of a
// primitive has the primitive's name.
func (n Node) memberWith(other Node) string {
	for name, value := range n.Members() {
		if value.holds(other) {
			return strings.TrimPrefix(name, "_")
		}
	}
	return ""
}
