package fhirpath

import (
	"bytes"
	"strings"
)

// referenceIs compiles resolve() is T without fetching anything: the type is in
// the reference's text, in its type, or in the resource it points to, if that is
// contained or in the same Bundle.
// Where none of them tells, the answer is empty, so that where() leaves the
// reference out.
func (c *compiler) referenceIs(e *expr, input *expr, t typeSpecifier) (test, error) {
	if t.fhir == nil || t.fhir.kind != resourceKind {
		return nil, c.fail(e, "resolve() gives a resource, which "+quoteName(t.name)+" is not")
	}
	base, err := c.input(input)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this []Item) (truth, error) {
		it, ok, err := f.single(base, this)
		if err != nil || !ok {
			return unknown, err
		}
		if it.value == nil {
			err = f.charge(it.node.document() / 64)
		}
		target := f.model.target(it)
		if err != nil || target == nil {
			return unknown, err
		}
		return truthOf(target.derives(t.fhir)), nil
	}, nil
}

// referenceFunctions follow references (https://hl7.org/fhir/fhirpath.html#functions).
var referenceFunctions = map[string]function{
	"resolve": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		for _, it := range in {
			found, ok, err := f.resolve(it)
			if err != nil {
				return out, err
			}
			if ok {
				out = append(out, found)
			}
		}
		return out, nil
	}},
}

// resolve finds the resource that a Reference, or a string that is a reference,
// names: in the same resource, in the same Bundle, then by the Resolver. It is not
// ok for what names none, such as a Reference with an identifier alone.
func (f *frame) resolve(it Item) (found Item, ok bool, err error) {
	if err := f.charge(it.weight() + it.node.document()/64); err != nil {
		return found, false, err
	}
	text, ok := it.value.(string)
	if it.value == nil && it.hasValue() {
		reference := it.node
		if reference.Kind() == Object {
			reference = reference.Get("reference")
		}
		text, ok = reference.Text(), reference.Kind() == String
	}
	if !ok || text == "" {
		return found, false, nil
	}
	if text[0] == '#' {
		found, ok = f.item(it.node.contained([]byte(text[1:])))
		return found, ok, nil
	}
	if entry := it.node.inBundle(text); entry.Exists() {
		found, ok = f.item(entry)
		return found, ok, nil
	}
	if f.env.Resolver == nil {
		return found, false, ErrNoResolver
	}
	if err := f.charge(64); err != nil {
		return found, false, err
	}
	doc, err := f.env.Resolver.Resolve(f.ctx, text)
	if err != nil {
		return found, false, err
	}
	found, ok = f.item(doc.Root())
	return found, ok, nil
}

// inBundle looks for the resource that a reference names among the entries of the
// Bundle that n is in (https://hl7.org/fhir/bundle.html#references): the entry of
// that fullUrl, where a relative reference is one below the base of the entry that
// n is in.
func (n Node) inBundle(reference string) Node {
	if !n.Exists() {
		return n
	}
	root := Node{doc: n.doc}
	if !root.Get("resourceType").Is("Bundle") {
		return Node{}
	}
	absolute := reference
	for e := range root.Get("entry").Elements() {
		if e.i <= n.i && n.i < e.entry().next {
			absolute = below(e.Get("fullUrl").Text(), reference)
		}
	}
	for e := range root.Get("entry").Elements() {
		if url := e.Get("fullUrl"); url.Is(absolute) || url.Is(reference) {
			return e.Get("resource")
		}
	}
	return Node{}
}

// below returns a relative reference as an absolute one, by the base of the fullUrl
// of a RESTful server: what is before its Type/id.
func below(fullURL, reference string) string {
	if strings.Contains(reference, ":") {
		return reference
	}
	base := fullURL
	for range 2 {
		slash := strings.LastIndexByte(base, '/')
		if slash < 0 {
			return reference
		}
		base = base[:slash]
	}
	return base + "/" + reference
}

// document returns how many values n's document has.
func (n Node) document() int {
	if n.doc == nil {
		return 0
	}
	return len(n.doc.nodes)
}

// target returns the resource type that a Reference, or a string that is one,
// points to; nil if that is not written anywhere.
func (m *model) target(it Item) *structure {
	if it.value != nil || !it.hasValue() {
		return nil
	}
	n := it.node
	reference := n
	if n.Kind() == Object {
		reference = n.Get("reference")
		if typ := n.Get("type"); typ.Kind() == String {
			name := bytes.TrimPrefix(typ.decoded(), []byte("http://hl7.org/fhir/StructureDefinition/"))
			if s := m.structures[string(name)]; s != nil && s.kind == resourceKind {
				return s
			}
		}
	}
	if reference.Kind() != String {
		return nil
	}
	text := reference.decoded()
	if len(text) > 0 && text[0] == '#' {
		return m.resource(n.contained(text[1:]))
	}
	if s := m.typeInReference(text); s != nil {
		return s
	}
	return m.resource(n.inBundle(reference.Text()))
}

// contained returns the resource that #id names beside n: one that is contained in
// the resource that n is in, or for an empty id that resource itself.
func (n Node) contained(id []byte) Node {
	_, root := n.resource()
	if len(id) == 0 {
		return root
	}
	for c := range root.Get("contained").Elements() {
		if c.Get("id").Is(string(id)) {
			return c
		}
	}
	return Node{}
}

// decoded returns what a string says. Many encoders write the slash of Type/id as \/.
func (n Node) decoded() []byte {
	if n.entry().end&escaped != 0 {
		return unescape(n.inner())
	}
	return n.inner()
}

// typeInReference reads the type out of Type/id, with or without a base before it
// and a version behind it.
func (m *model) typeInReference(text []byte) *structure {
	if i := bytes.IndexAny(text, "?#"); i >= 0 {
		text = text[:i]
	}
	if i := bytes.LastIndex(text, []byte("/_history/")); i >= 0 {
		text = text[:i]
	}
	slash := bytes.LastIndexByte(text, '/')
	if slash < 0 || slash == len(text)-1 {
		return nil
	}
	text = text[:slash]
	s := m.structures[string(text[bytes.LastIndexByte(text, '/')+1:])]
	if s == nil || s.kind != resourceKind {
		return nil
	}
	return s
}
