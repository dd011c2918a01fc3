package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringTest compares a text: by default its beginning, without regard to case
// and accents.
type stringTest struct {
	value    string // folded unless exact
	modifier string // "", exact or contains
}

func parseString(s, modifier string) (test, string) {
	value, problem := unescape(s)
	if modifier != "exact" {
		value = fold(value)
	}
	return stringTest{value, modifier}, problem
}

// textMembers are the parts of HumanName, Address and CodeableConcept that a
// string parameter searches; codes such as use and type are not among them.
var textMembers = [...]string{
	"text", "family", "given", "prefix", "suffix",
	"line", "city", "district", "state", "postalCode", "country",
}

func (t stringTest) match(e element, _ *View) bool {
	n, ok := e.object()
	if !ok {
		return t.matchText(e.text())
	}
	for _, name := range textMembers {
		for part := range n.Get(name).Elements() {
			if t.matchText(text(part)) {
				return true
			}
		}
	}
	return false
}

func (t stringTest) matchText(s []byte) bool {
	switch t.modifier {
	case "exact":
		return string(s) == t.value
	case "contains":
		return strings.Contains(fold(string(s)), t.value)
	}
	return len(s) > 0 && strings.HasPrefix(fold(string(s)), t.value)
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

// fold takes case and accents away: "Müller" and "muller" become the same.
// Accents are known for letters of the Latin script, composed or combining; other
// scripts lose their case only.
func fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		r = unicode.ToLower(r)
		if unicode.Is(unicode.Mn, r) {
			continue
		}
		if plain, ok := plainLetters[r]; ok {
			b.WriteString(plain)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainLetters maps lower-case letters of Latin-1, Latin Extended-A and the
// common ones of Extended-B and Extended Additional to what they are without
// their accents.
var plainLetters = func() map[rune]string {
	plain := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th"}
	for _, row := range [...][2]string{
		{"a", "àáâãäåāăąǎạảấầẩẫậắằẳẵặ"}, {"c", "çćĉċč"}, {"d", "ďđð"}, {"e", "èéêëēĕėęěẹẻẽếềểễệ"},
		{"g", "ĝğġģǧ"}, {"h", "ĥħ"}, {"i", "ìíîïĩīĭįıǐỉị"}, {"j", "ĵ"}, {"k", "ķǩ"}, {"l", "ĺļľŀł"},
		{"n", "ñńņňŉ"}, {"o", "òóôõöøōŏőơǒọỏốồổỗộớờởỡợ"}, {"r", "ŕŗř"}, {"s", "śŝşšșſ"}, {"t", "ţťŧț"},
		{"u", "ùúûüũūŭůűųưǔụủứừửữự"}, {"w", "ŵẁẃẅ"}, {"y", "ýÿŷỳỵỷỹ"}, {"z", "źżž"},
	} {
		for _, r := range row[1] {
			plain[r] = row[0]
		}
	}
	return plain
}()
