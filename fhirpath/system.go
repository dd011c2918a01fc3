package fhirpath

import "strconv"

// systemText writes a System value as FHIRPath does.
func systemText(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case long:
		return strconv.FormatInt(int64(v), 10)
	case decimal:
		return v.String()
	case string:
		return v
	case temporal:
		return v.String()
	case quantity:
		return v.String()
	case typeInfo:
		return v.namespace + "." + v.name
	}
	return ""
}

// system returns the System value that stands for the item in computations: the
// item's own, or the converted value of a primitive or Quantity element. It is nil
// for everything else. Where the type of an element is not known, a number is an
// Integer if it is written like one, and a string stays one.
func (it Item) system() any {
	if it.value != nil || !it.hasValue() {
		return it.value
	}
	var want *structure
	if it.typ != nil {
		want = it.typ.system
	}
	switch n := it.node; n.Kind() {
	case Bool:
		b, _ := n.Bool()
		return b
	case Number:
		return numberValue(n.Text(), want)
	case String:
		switch want {
		case systemDate, systemDateTime, systemTime:
			if t, ok := it.temporal(); ok {
				return t
			}
		case systemLong:
			if i, err := strconv.ParseInt(n.Text(), 10, 64); err == nil {
				return long(i)
			}
		}
		return n.Text()
	case Object:
		if want == systemQuantity || it.typ == nil && n.Get("value").Kind() == Number {
			if q, ok := quantityOf(n); ok {
				return q
			}
		}
	}
	return nil
}

func numberValue(text string, want *structure) any {
	if want != systemDecimal {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			if want == systemLong {
				return long(i)
			}
			return i
		}
	}
	if d, ok := parseDecimal(text); ok {
		return d
	}
	return nil
}

// temporal reads a string element as a date, dateTime or time: if its type says
// so, or if its type is not known and it is written like one.
func (it Item) temporal() (t temporal, ok bool) {
	if t, ok = it.value.(temporal); ok || it.value != nil || !it.hasValue() || it.node.Kind() != String {
		return t, ok
	}
	if it.typ == nil {
		return it.guess()
	}
	switch it.typ.system {
	case systemDate:
		return parseDateTime(it.node.Text())
	case systemDateTime:
		t, ok = parseDateTime(it.node.Text())
		t.kind = dateTimeKind
		return t, ok
	case systemTime:
		return parseTime(it.node.Text())
	}
	return t, false
}

func (it Item) guess() (t temporal, ok bool) {
	text := it.node.inner()
	if len(text) < 4 || len(text) > 35 || !digit(text[0]) || !digit(text[1]) {
		return t, false
	}
	if text[2] == ':' {
		return parseTime(string(text))
	}
	return parseDateTime(string(text))
}

// guessed reports whether only the item's text tells its type.
func (it Item) guessed() bool { return it.value == nil && it.typ == nil }
