package cases

import (
	"math/big"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// matches reports whether the result is what the case wants.
func (c *Case) matches(got []value) bool {
	if c.Predicate {
		got = predicate(got)
	}
	if len(got) != len(c.Outputs) {
		return false
	}
	if c.Ordered == nil || *c.Ordered {
		for i, want := range c.Outputs {
			if !want.equals(got[i]) {
				return false
			}
		}
		return true
	}
	taken := make([]bool, len(got))
next:
	for _, want := range c.Outputs {
		for i, g := range got {
			if !taken[i] && want.equals(g) {
				taken[i] = true
				continue next
			}
		}
		return false
	}
	return true
}

// value is one item of a result as the comparison sees it.
type value struct {
	typ  string // last part of the type's name, lower case
	text string
}

func valueOf(it fhirpath.Item) value {
	v := value{typ: lastPart(it.TypeName()), text: it.String()}
	if n, ok := it.Node(); ok && n.Kind() == fhirpath.Object && n.Get("value").Kind() == fhirpath.Number {
		unit := n.Get("code").Text()
		if unit == "" {
			unit = n.Get("unit").Text()
		}
		v.text = n.Get("value").Text() + " '" + unit + "'"
	}
	return v
}

// predicate turns a result into one boolean: nothing is false, a lone boolean is
// itself, anything else is true.
func predicate(got []value) []value {
	switch {
	case len(got) == 0:
		return []value{{"boolean", "false"}}
	case len(got) == 1 && got[0].typ == "boolean":
		return got
	}
	return []value{{"boolean", "true"}}
}

func (o *Output) equals(got value) bool {
	typ := lastPart(o.Type)
	if typ == "" || o.TypeInferred {
		typ = got.typ
	}
	want, ok := o.text()
	return typ == got.typ && (!ok || equalText(kind(typ), want, got.text))
}

func equalText(kind, want, got string) bool {
	switch kind {
	case "number":
		a, ok1 := number(want)
		b, ok2 := number(got)
		return ok1 && ok2 && a.Cmp(b) == 0
	case "date":
		want, got = strings.TrimPrefix(want, "@"), strings.TrimPrefix(got, "@")
		a, ok1 := instant(want)
		b, ok2 := instant(got)
		return want == got || ok1 && ok2 && a.Equal(b)
	case "time":
		bare := func(s string) string { return strings.TrimPrefix(strings.TrimPrefix(s, "@"), "T") }
		return bare(want) == bare(got)
	case "quantity":
		a, unit1, ok1 := quantity(want)
		b, unit2, ok2 := quantity(got)
		return want == got || ok1 && ok2 && a.Cmp(b) == 0 && unit1 == unit2
	}
	return want == got
}

// kinds of values that are written alike. The type of everything else is its own
// kind.
var kinds = map[string]string{
	"integer": "number", "decimal": "number", "positiveint": "number", "unsignedint": "number", "integer64": "number", "long": "number",
	"string": "text", "code": "text", "id": "text", "uri": "text", "url": "text", "canonical": "text", "oid": "text", "uuid": "text",
	"markdown": "text", "base64binary": "text", "xhtml": "text",
	"date": "date", "datetime": "date", "instant": "date",
	"quantity": "quantity", "simplequantity": "quantity", "age": "quantity", "duration": "quantity", "distance": "quantity", "count": "quantity", "money": "quantity",
}

func kind(typ string) string {
	if k, ok := kinds[typ]; ok {
		return k
	}
	return typ
}

func lastPart(typ string) string {
	return strings.ToLower(typ[strings.LastIndexByte(typ, '.')+1:])
}

// number reads a decimal exactly. Exponents of more than three digits are none of
// a suite's and would fill the memory.
func number(s string) (*big.Rat, bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 5 || strings.Contains(s, "/") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// quantity reads 4.5 'mg' or 4 days. The words of the calendar lose their plural.
func quantity(s string) (amount *big.Rat, unit string, ok bool) {
	text, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	amount, ok = number(text)
	if bare, quoted := strings.CutPrefix(unit, "'"); quoted {
		return amount, strings.TrimSuffix(bare, "'"), ok
	}
	if unit == "" {
		return amount, "1", ok
	}
	return amount, strings.TrimSuffix(unit, "s"), ok
}
