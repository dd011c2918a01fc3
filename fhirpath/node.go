package fhirpath

import "iter"

// Kind is the JSON type of a Node.
type Kind uint8

// Absent is the kind of a value that isn't there, such as the result of Get for
// a name that an object does not have.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind's name in lower case, such as "object".
func (k Kind) String() string {
	names := [...]string{"absent", "null", "bool", "number", "string", "array", "object"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown kind"
}

// Node is one value of a Doc. It is small; pass it by value. The zero Node is
// Absent, and every method is safe on it, so that paths need no checks between
// their steps. Nodes are comparable: equal Nodes are the same place of the same
// Doc.
type Node struct {
	doc *Doc
	i   uint32
}

func (n Node) entry() *entry { return &n.doc.nodes[n.i] }

// Exists reports whether there is a value, JSON null included.
func (n Node) Exists() bool { return n.doc != nil }

// Kind returns the value's JSON type.
func (n Node) Kind() Kind {
	if n.doc == nil {
		return Absent
	}
	switch n.doc.raw[n.entry().off] {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}

// Get returns the object's member of that name. It is Absent if there is none or
// n is no object. Names are case-sensitive.
func (n Node) Get(name string) Node {
	if n.Kind() != Object {
		return Node{}
	}
	d := n.doc
	for c, end := n.i+1, n.entry().next; c < end; c = d.nodes[c].next {
		if d.nameIs(d.nodes[c].name, name) {
			return Node{d, c}
		}
	}
	return Node{}
}

// Path follows names, each as by Get.
func (n Node) Path(names ...string) Node {
	for _, name := range names {
		n = n.Get(name)
	}
	return n
}

// Raw returns the value's bytes as they stand in the document, with the quotes of
// a string. They must not be changed.
func (n Node) Raw() []byte {
	if n.doc == nil {
		return nil
	}
	e := n.entry()
	end := e.end &^ escaped
	return n.doc.raw[e.off:end:end]
}

// Offset returns where Raw begins in Doc.Raw, 0 if n is Absent.
func (n Node) Offset() int {
	if n.doc == nil {
		return 0
	}
	return int(n.entry().off)
}

// Text returns the decoded value of a string, the literal of a number or bool,
// otherwise "".
func (n Node) Text() string {
	switch n.Kind() {
	case String:
		inner := n.inner()
		if n.entry().end&escaped != 0 {
			return string(unescape(inner))
		}
		return string(inner)
	case Number, Bool:
		return string(n.Raw())
	}
	return ""
}

// inner returns what is between the quotes of a string.
func (n Node) inner() []byte {
	raw := n.Raw()
	return raw[1 : len(raw)-1]
}

// Is reports whether n is a string and equal to s. It does not allocate unless
// the string has escapes.
func (n Node) Is(s string) bool {
	if n.Kind() != String {
		return false
	}
	if n.entry().end&escaped != 0 {
		return string(unescape(n.inner())) == s
	}
	return string(n.inner()) == s
}

// Bool returns the value of a JSON boolean. ok is false for anything else.
func (n Node) Bool() (value, ok bool) {
	if n.Kind() != Bool {
		return false, false
	}
	return n.doc.raw[n.entry().off] == 't', true
}

// Members yields the members of an object in their order in the document,
// nothing for any other value.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if n.Kind() != Object {
			return
		}
		d := n.doc
		for c, end := n.i+1, n.entry().next; c < end; c = d.nodes[c].next {
			if !yield(d.name(d.nodes[c].name), Node{d, c}) {
				return
			}
		}
	}
}

// Elements yields the elements of an array, nulls among them. Any other value
// yields itself once, null and Absent nothing: FHIR's JSON writes an element
// that may repeat as an array, and all others bare.
func (n Node) Elements() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		switch n.Kind() {
		case Absent, Null:
		case Array:
			d := n.doc
			for c, end := n.i+1, n.entry().next; c < end; c = d.nodes[c].next {
				if !yield(Node{d, c}) {
					return
				}
			}
		default:
			yield(n)
		}
	}
}

// Len returns the number of Elements.
func (n Node) Len() int {
	count := 0
	for range n.Elements() {
		count++
	}
	return count
}
