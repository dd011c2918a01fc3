package fhirpath

import (
	"strings"
	"unicode/utf16"
)

// number leaves a dot that no digit follows to be an invocation: 1.toString(). An
// L behind digits makes a Long.
func (l *lexer) number() {
	l.digits()
	if rest := l.source[l.at:]; rest != "" && rest[0] == 'L' && (len(rest) == 1 || !letter(rest[1]) && !digit(rest[1])) {
		l.at++
		return
	}
	if l.accept(".0") {
		l.digits()
	}
}

func (l *lexer) digits() {
	for l.at < len(l.source) && digit(l.source[l.at]) {
		l.at++
	}
}

// accept moves over what looks like the pattern, in which 0 stands for any digit.
func (l *lexer) accept(pattern string) bool {
	rest := l.source[l.at:]
	if len(rest) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		if rest[i] != pattern[i] && !(pattern[i] == '0' && digit(rest[i])) {
			return false
		}
	}
	l.at += len(pattern)
	return true
}

// temporal moves over the longest text that the grammar lets be a date, dateTime or
// time, so that @2020-01-31-1 day is a subtraction. parseLiteralTemporal judges it.
func (l *lexer) temporal() error {
	start := l.at
	l.at++
	isDate := l.accept("0000")
	if isDate && l.accept("-00") {
		l.accept("-00")
	}
	if !l.accept("T") || !l.accept("00") {
		if !isDate {
			return l.fail(start, "expected a date or time behind @")
		}
		return nil
	}
	minutes := l.accept(":00")
	seconds := minutes && l.accept(":00")
	if seconds && l.accept(".0") {
		l.digits()
	}
	if isDate && !l.accept("Z") && !l.accept("+00:00") { // a time has no offset
		l.accept("-00:00")
	}
	return nil
}

// quoted reads to the closing quote and decodes the escapes. Where the text ends
// without one, the last quote behind a backslash was it, as in the grammar: '\' is
// an empty string.
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.at
	var out strings.Builder
	end, length := 0, 0 // as of the last quote behind a backslash
	for l.at++; l.at < len(l.source); {
		switch c := l.source[l.at]; c {
		case quote:
			l.at++
			return out.String(), nil
		case '\\':
			if strings.HasPrefix(l.source[l.at+1:], string(quote)) {
				end, length = l.at+2, out.Len()
			}
			if err := l.escape(&out); err != nil {
				return "", err
			}
		default:
			out.WriteByte(c)
			l.at++
		}
	}
	if end > 0 {
		l.at = end
		return out.String()[:length], nil
	}
	return "", l.fail(start, "quote without an end")
}

// escape decodes the escape at the backslash and moves behind it. A backslash that
// begins no escape is left out.
func (l *lexer) escape(out *strings.Builder) error {
	start := l.at
	l.at++
	if l.at == len(l.source) {
		return nil
	}
	c := l.source[l.at]
	switch at := strings.IndexByte(`fnrt'"\/`+"`", c); {
	case at >= 0:
		out.WriteByte("\f\n\r\t'\"\\/`"[at])
		l.at++
	case c == 'u':
		r, ok := l.codeUnit()
		if !ok {
			return nil
		}
		if utf16.IsSurrogate(r) {
			low, ok := rune(0), strings.HasPrefix(l.source[l.at:], `\u`)
			if l.at++; ok {
				low, _ = l.codeUnit()
			}
			if r = utf16.DecodeRune(r, low); r == '\uFFFD' {
				return l.fail(start, "a surrogate without its other half")
			}
		}
		out.WriteRune(r)
	}
	return nil
}

// codeUnit reads the u and the digits of an escape.
func (l *lexer) codeUnit() (r rune, ok bool) {
	if r, ok = hex4([]byte(l.source[l.at+1 : min(l.at+5, len(l.source))])); ok {
		l.at += 5
	}
	return r, ok
}
