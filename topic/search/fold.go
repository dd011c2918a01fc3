package search

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold takes away what a search by string ignores: "Müller" and "muller" become the
// same, as do "O'Brien" and "obrien". Accents are known for letters of the Latin
// script, composed or combining; other scripts lose their case only.
func fold[T ~string | ~[]byte](s T) string {
	var b strings.Builder
	b.Grow(len(s))
	for r := range folded(s) {
		b.WriteRune(r)
	}
	return b.String()
}

// foldsTo reports whether fold(s) begins with prefix. It allocates nothing.
func foldsTo(s []byte, prefix string) bool {
	for r := range folded(s) {
		want, n := utf8.DecodeRuneInString(prefix)
		if r != want || n == 0 {
			break
		}
		prefix = prefix[n:]
	}
	return prefix == ""
}

// folded yields the letters of fold.
func folded[T ~string | ~[]byte](s T) iter.Seq[rune] {
	return func(yield func(rune) bool) {
		begun, space := false, false
		for len(s) > 0 {
			r, n := decodeRune(s)
			s = s[n:]
			switch {
			case unicode.IsSpace(r):
				space = true
				continue
			case unicode.IsPunct(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Mn, r):
				continue
			}
			if space && begun && !yield(' ') {
				return
			}
			begun, space = true, false
			r = unicode.ToLower(r)
			plain, ok := "", false
			if r >= utf8.RuneSelf {
				plain, ok = plainLetters[r]
			}
			if !ok && !yield(r) {
				return
			}
			for _, r := range plain {
				if !yield(r) {
					return
				}
			}
		}
	}
}

func decodeRune[T ~string | ~[]byte](s T) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(string(s[:min(len(s), utf8.UTFMax)]))
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
