package search

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold takes away what a search by string ignores: "Müller" and "muller" become the
// same, as do "O'Brien" and "obrien". Letters of the Latin, Greek and Cyrillic scripts
// lose their accents, composed or combining, Hebrew and Arabic their points; the vowel
// signs of Indic scripts and of Thai, which Unicode calls marks as well, stay.
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
			case unicode.IsPunct(r) || r >= utf8.RuneSelf && isAccent(r) || isApostrophe(r):
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

// isAccent reports whether r is a combining character that a search takes no notice of.
// The voiced marks of kana make other letters of them.
func isAccent(r rune) bool {
	return unicode.Is(unicode.Mn, r) && r != '\u3099' && r != '\u309a' &&
		unicode.In(r, unicode.Inherited, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Cyrillic)
}

// isApostrophe reports whether r is used as one, and is no punctuation for Unicode.
func isApostrophe(r rune) bool {
	switch r {
	case '`', '´', 'ʹ', 'ʻ', 'ʼ', 'ʽ', 'ʾ', 'ʿ':
		return true
	}
	return false
}

func decodeRune[T ~string | ~[]byte](s T) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(string(s[:min(len(s), utf8.UTFMax)]))
}
