package fhirpath

import (
	"slices"
	"strings"
)

// variable compiles %name.
func (c *compiler) variable(e *expr) (eval, error) {
	name := e.text
	switch name {
	case "ucum":
		return constant(ucumSystem), nil
	case "sct":
		return constant("http://snomed.info/sct"), nil
	case "loinc":
		return constant("http://loinc.org"), nil
	}
	if id, ok := strings.CutPrefix(name, "vs-"); ok {
		return constant("http://hl7.org/fhir/ValueSet/" + id), nil
	}
	if id, ok := strings.CutPrefix(name, "ext-"); ok {
		return constant("http://hl7.org/fhir/StructureDefinition/" + id), nil
	}
	if slot, ok := c.defined(name); ok {
		return func(f *frame, _, out []Item) ([]Item, error) {
			return append(out, f.defined[slot]...), f.charge(len(f.defined[slot]))
		}, nil
	}
	if !c.known(name) {
		return nil, c.fail(e, "unknown variable %"+quoteName(name))
	}
	if !slices.Contains(c.needs.Variables, name) {
		c.needs.Variables = append(c.needs.Variables, name)
	}
	return func(f *frame, _, out []Item) ([]Item, error) {
		if it, ok := f.asked(name); ok {
			out = append(out, it)
		}
		return out, f.step()
	}, nil
}

// known reports whether the caller or the standard gives %name.
func (c *compiler) known(name string) bool {
	switch name {
	case "context", "resource", "rootResource", "current", "previous", "ucum", "sct", "loinc":
		return true
	}
	return strings.HasPrefix(name, "vs-") || strings.HasPrefix(name, "ext-") ||
		slices.ContainsFunc(c.options.Variables, func(declared string) bool {
			declared, _, _ = strings.Cut(declared, ":")
			return declared == name
		})
}

// given is a variable as the item that it is. ok is false if it is empty.
type given struct {
	name string
	item Item
	ok   bool
}

// asked returns a variable's item. That is made once in an evaluation, since the type
// of an element is a walk from the top of its document away.
func (f *frame) asked(name string) (Item, bool) {
	for i := range f.given {
		if f.given[i].name == name {
			return f.given[i].item, f.given[i].ok
		}
	}
	it, ok := f.item(f.variable(name))
	f.given = append(f.given, given{name, it, ok})
	return it, ok
}

// variable returns what the caller gave, else the standard's meaning of the name.
func (f *frame) variable(name string) Node {
	for i := range f.env.Variables {
		if f.env.Variables[i].Name == name {
			return f.env.Variables[i].Value
		}
	}
	switch name {
	case "context":
		return f.focus
	case "resource":
		f.findResource()
		return f.resource
	case "rootResource":
		f.findResource()
		return f.rootResource
	}
	return Node{}
}

// findResource looks for the focus's resource once per evaluation.
func (f *frame) findResource() {
	if !f.resource.Exists() {
		f.resource, f.rootResource = f.focus.resource()
	}
}

// resource returns the resource that n is or is in, and that resource's container
// if it is contained, else the resource again.
func (n Node) resource() (resource, root Node) {
	if !n.Exists() {
		return
	}
	d, at, contained := n.doc, uint32(0), false
	for {
		if here := (Node{d, at}); here.Get("resourceType").Kind() == String {
			if resource = here; !contained || !root.Exists() {
				root = here
			}
			contained = false
		}
		if at == n.i {
			return resource, root
		}
		end := d.nodes[at].next
		inObject := Node{d, at}.Kind() == Object
		for at++; at < end && d.nodes[at].next <= n.i; {
			at = d.nodes[at].next
		}
		if inObject {
			contained = d.nameIs(d.nodes[at].name, "contained")
		}
	}
}
