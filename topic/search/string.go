package search

import "strings"

// stringTest compares a text: by default its beginning, without regard to case,
// accents, punctuation and the width of spaces (FHIR search, "string").
type stringTest struct {
	value    string // folded unless exact
	modifier string // "", exact, contains, or a comparison of _filter
	families bool   // the elements are family names
}

func parseString(s, modifier string, d *definition) (test, string) {
	t := stringTest{modifier: modifier, families: strings.HasSuffix(d.Expression, ".family")}
	var problem string
	if modifier == "exact" {
		t.value, problem = unescape(s)
	} else {
		t.value, problem = parseFolded(s)
	}
	return t, problem
}

// parseFolded reads a text that is compared by fold. One of which nothing would be
// left is refused, as it would match everything.
func parseFolded(s string) (value, problem string) {
	if value, problem = unescape(s); problem != "" {
		return "", problem
	}
	if value = fold(value); value == "" {
		return "", "the value has nothing but punctuation"
	}
	return value, ""
}

// textMembers are the parts of HumanName, Address and CodeableConcept that a
// string parameter searches; codes such as use and type are not among them.
var textMembers = [...]string{
	"family", "text", "given", "prefix", "suffix",
	"line", "city", "district", "state", "postalCode", "country",
}

func (t stringTest) match(e element, _ *View) bool {
	n, ok := e.object()
	if !ok {
		return t.matchText(e.text(), t.families)
	}
	for i, name := range textMembers {
		for part := range n.Get(name).Elements() {
			if t.matchText(text(part), i == 0) {
				return true
			}
		}
	}
	return false
}

// matchText compares one text. Of a family name each word may be what is meant.
func (t stringTest) matchText(s []byte, family bool) bool {
	switch {
	case len(s) == 0:
		return false
	case t.modifier == "exact":
		return string(s) == t.value
	case t.modifier == "" && foldsTo(s, t.value):
		return true
	case t.modifier == "" && !family:
		return false
	}
	folded := fold(s)
	switch t.modifier {
	case "":
		return strings.Contains(folded, " "+t.value)
	case "contains":
		return strings.Contains(folded, t.value)
	}
	return t.compare(folded)
}

func (t stringTest) appendKeys(dst []uint64, salt uint64) []uint64 {
	if t.modifier != "exact" {
		return dst
	}
	return append(dst, hashString(salt+stringForm, t.value))
}

func appendStringKeys(dst []uint64, salt uint64, e element) []uint64 {
	n, ok := e.object()
	if !ok {
		return append(dst, hashString(salt+stringForm, e.text()))
	}
	for _, name := range textMembers {
		for part := range n.Get(name).Elements() {
			dst = append(dst, hashString(salt+stringForm, text(part)))
		}
	}
	return dst
}
