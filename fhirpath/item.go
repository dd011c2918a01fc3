package fhirpath

import "strconv"

// Collection is the result of an expression: ordered, possibly with duplicates.
type Collection []Item

// Item is one member of a collection: an element of a resource, or a value of the
// System types that the expression computed. Items are read-only and safe for
// concurrent use.
type Item struct {
	node  Node
	typ   string // FHIR type of an element if its name tells it
	value any    // bool, int64, decimal, string, temporal or quantity; nil for an element
	more  uint32 // entry of the primitive's other half, _name; it is node.i itself if there is no value
}

// nodeItem makes an item of a Node, and none of null and Absent.
func nodeItem(n Node) (Item, bool) {
	kind := n.Kind()
	return Item{node: n}, kind != Absent && kind != Null
}

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
// or "System.Boolean" for a computed value. It is "" for an element of which
// neither the name nor the content tells the type.
func (it Item) TypeName() string {
	switch {
	case it.value != nil:
		return "System." + systemType(it.value)
	case it.typ != "":
		return it.typ
	}
	return resourceTypes.of(it.node.Get("resourceType"))
}

// of returns the name that n holds if it is in the table.
func (table names) of(n Node) string {
	if n.Kind() != String {
		return ""
	}
	if name, ok := table[string(n.inner())]; ok {
		return name.name
	}
	return ""
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

func systemText(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case decimal:
		return v.String()
	case string:
		return v
	case temporal:
		return v.String()
	case quantity:
		return v.String()
	}
	return ""
}

func systemType(v any) string {
	switch v := v.(type) {
	case bool:
		return "Boolean"
	case int64:
		return "Integer"
	case decimal:
		return "Decimal"
	case string:
		return "String"
	case quantity:
		return "Quantity"
	case temporal:
		return [...]string{"Date", "DateTime", "Time"}[v.kind]
	}
	return ""
}

// system returns the System value that stands for the item in computations: the
// item's own, or the converted value of a primitive or Quantity element. It is nil
// for everything else. A number is an Integer if it is written like one, since
// JSON does not tell; a string stays one unless its type is known to be temporal.
func (it Item) system() any {
	if it.value != nil || !it.hasValue() {
		return it.value
	}
	switch n := it.node; n.Kind() {
	case Bool:
		b, _ := n.Bool()
		return b
	case Number:
		text := n.Text()
		if it.typ != "decimal" {
			if i, err := strconv.ParseInt(text, 10, 64); err == nil {
				return i
			}
		}
		if d, ok := parseDecimal(text); ok {
			return d
		}
	case String:
		if t, ok := it.temporal(); ok && it.typ != "" {
			return t
		}
		return n.Text()
	case Object:
		if it.is(quantityType) == yes || it.typ == "" && n.Get("value").Kind() == Number {
			if q, ok := quantityOf(n); ok {
				return q
			}
		}
	}
	return nil
}

var quantityType = typeSpecifier{name: "Quantity", fhir: true}

// temporal reads a string element as a date, dateTime or time: if its type says
// so, or if its type is not known and it is written like one.
func (it Item) temporal() (t temporal, ok bool) {
	if t, ok = it.value.(temporal); ok || it.value != nil || !it.hasValue() || it.node.Kind() != String {
		return t, ok
	}
	switch it.typ {
	case "date", "dateTime", "instant":
		return parseDateTime(it.node.Text())
	case "time":
		return parseTime(it.node.Text())
	case "":
		text := it.node.inner()
		if len(text) < 4 || len(text) > 35 || !digit(text[0]) || !digit(text[1]) {
			return t, false
		}
		if text[2] == ':' {
			return parseTime(string(text))
		}
		return parseDateTime(string(text))
	}
	return t, false
}
