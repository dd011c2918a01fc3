package fhirpath

import "strings"

// referenceIs compiles resolve() is T without fetching anything: the type is in
// the reference's text, in its type, or in the contained resource it points to.
// Where none of them tells, the answer is empty, so that where() leaves the
// reference out.
func (c *compiler) referenceIs(e *expr, input *expr, t typeSpecifier) (eval, error) {
	if !isResource(t.name) {
		return nil, c.fail(e, "resolve() gives a resource, which "+quoteName(t.name)+" is not")
	}
	base, err := c.input(input)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this, out []Item) ([]Item, error) {
		in, err := base(f, this, f.take())
		defer func() { f.put(in) }()
		switch {
		case err != nil || len(in) == 0:
			return out, err
		case len(in) > 1:
			return out, ErrSingleton
		}
		if err := f.charge(in[0].weight() + in[0].node.document()/64); err != nil {
			return out, err
		}
		name := in[0].target()
		if name == "" {
			return out, nil
		}
		return derives(name, t.name).appendTo(out), nil
	}, nil
}

// document returns how many values n's document has.
func (n Node) document() int {
	if n.doc == nil {
		return 0
	}
	return len(n.doc.nodes)
}

// target returns the resource type that a Reference, or a string that is one,
// points to; "" if that is not written anywhere.
func (it Item) target() string {
	if it.value != nil || !it.hasValue() {
		return ""
	}
	n := it.node
	reference := n
	if n.Kind() == Object {
		reference = n.Get("reference")
		if name := resourceTypes.of(n.Get("type")); name != "" {
			return name
		}
	}
	if reference.Kind() != String {
		return ""
	}
	text := reference.inner()
	if len(text) > 0 && text[0] == '#' {
		_, root := n.resource()
		if len(text) == 1 {
			return resourceTypes.of(root.Get("resourceType"))
		}
		for c := range root.Get("contained").Elements() {
			if c.Get("id").Is(string(text[1:])) {
				return resourceTypes.of(c.Get("resourceType"))
			}
		}
		return ""
	}
	return typeInReference(text)
}

// typeInReference reads the type out of Type/id, with or without a base before it
// and a version behind it.
func typeInReference(text []byte) string {
	s := string(text)
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		s = s[:i]
	}
	if i := strings.LastIndex(s, "/_history/"); i >= 0 {
		s = s[:i]
	}
	slash := strings.LastIndexByte(s, '/')
	if slash < 0 || slash == len(s)-1 {
		return ""
	}
	s = s[:slash]
	return resourceTypes[s[strings.LastIndexByte(s, '/')+1:]].name
}
