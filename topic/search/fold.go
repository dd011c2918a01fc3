package search

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold takes away what a search by string ignores: "Müller" and "muller" become the
// same, as do "O'Brien" and "obrien". Accents are known for letters of the Latin
// script, composed or combining; other scripts lose their case only.
func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case unicode.IsPunct(r) || unicode.Is(unicode.Mn, r):
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		r = unicode.ToLower(r)
		if plain, ok := plainLetters[r]; ok && r >= utf8.RuneSelf {
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
