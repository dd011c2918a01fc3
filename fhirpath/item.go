package fhirpath

import "encoding/json"

// Collection is the result of an expression: ordered, possibly with duplicates.
type Collection []Item

// Item is one member of a collection: an element of a resource, or a value of the
// System types that the expression computed. Items are read-only and safe for
// concurrent use.
type Item struct {
	node  Node
	more  uint32     // entry of the primitive's other half, _name; it is node.i itself if there is no value
	typ   *structure // of an element, if it is known
	value any        // bool, int64, long, decimal, string, temporal, quantity or typeInfo; nil for an element
}

// long is a System.Long.
type long int64

// typeInfo is what type() returns.
type typeInfo struct{ namespace, name, base string }

// Node returns the element. ok is false for a computed value, and for a primitive
// that has extensions but no value.
func (it Item) Node() (n Node, ok bool) {
	if !it.hasValue() || it.value != nil {
		return Node{}, false
	}
	return it.node, true
}

// hasValue is false for a primitive element of which only extensions are there.
func (it Item) hasValue() bool {
	return it.value != nil || it.node.Exists() && (it.more == 0 || it.more != it.node.i)
}

// extended returns the object that holds the element's id and extensions: the
// element itself if it is complex.
func (it Item) extended() Node {
	if it.more != 0 {
		return Node{it.node.doc, it.more}
	}
	if it.node.Kind() == Object {
		return it.node
	}
	return Node{}
}

// TypeName returns the item's type, such as "Patient", "Quantity" or "dateTime",
// or "System.Boolean" for a computed value. An element that is defined inside
// another, such as Patient.contact, is a "BackboneElement" or "Element". The name
// is "" for an element of which the type is not known.
func (it Item) TypeName() string {
	if s := it.structure(); s != nil {
		return s.title()
	}
	return ""
}

// structure returns the item's type, nil if it is not known.
func (it Item) structure() *structure {
	switch it.value.(type) {
	case nil:
		return it.typ
	case bool:
		return systemBoolean
	case int64:
		return systemInteger
	case long:
		return systemLong
	case decimal:
		return systemDecimal
	case string:
		return systemString
	case quantity:
		return systemQuantity
	case temporal:
		return [...]*structure{systemDate, systemDateTime, systemTime}[it.value.(temporal).kind]
	}
	return typeInfoType
}

// Bool returns the value of a boolean, an element's or a computed one. ok is false
// for all other items.
func (it Item) Bool() (value, ok bool) {
	if it.value != nil {
		value, ok = it.value.(bool)
		return value, ok
	}
	return it.node.Bool()
}

// String returns the item as text: a primitive's value as FHIR writes it, a
// decimal with its trailing zeros, a quantity as 4.5 'mg', a complex element's
// JSON. It is "" for a primitive that has only extensions.
func (it Item) String() string {
	if it.value != nil {
		return systemText(it.value)
	}
	if !it.hasValue() {
		return ""
	}
	switch it.node.Kind() {
	case Object, Array:
		return string(it.node.Raw())
	}
	return it.node.Text()
}

// JSON returns an element as it stands in its document, and a computed value as
// FHIR writes one of its type: a quantity as an object, dates and times as
// strings. It is null for a primitive that has only extensions. The bytes must not
// be changed.
func (it Item) JSON() []byte {
	switch v := it.value.(type) {
	case nil:
		if !it.hasValue() {
			return []byte("null")
		}
		return it.node.Raw()
	case bool, int64, long, decimal:
		return []byte(systemText(v))
	case quantity:
		return v.json()
	case typeInfo:
		return []byte(`{"namespace":` + string(quoted(v.namespace)) + `,"name":` + string(quoted(v.name)) +
			`,"baseType":` + string(quoted(v.base)) + `}`)
	}
	return quoted(systemText(it.value))
}

// quoted returns s as a JSON string.
func quoted(s string) []byte {
	raw, _ := json.Marshal(s) // a string can be marshalled
	return raw
}
