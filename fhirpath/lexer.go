package fhirpath

import (
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endToken      tokenKind = iota
	nameToken               // identifier or keyword
	quotedToken             // `delimited identifier`
	stringToken             // 'text'
	numberToken             // 1 or 1.0
	temporalToken           // @2020-01-01T10:00
	variableToken           // %name
	dollarToken             // $this
	symbolToken             // operator or punctuation
)

// token is one word of an expression. text is its source, value what a string,
// a quoted name or a variable stands for.
type token struct {
	kind        tokenKind
	text, value string
	at          int
}

func (t token) is(symbol string) bool {
	return t.text == symbol && (t.kind == symbolToken || t.kind == nameToken)
}

// lexer cuts an expression into tokens as the parser asks for them.
type lexer struct {
	source string
	at     int
}

func (l *lexer) fail(at int, problem string) error {
	return &CompileError{Expression: l.source, Offset: at, Problem: problem}
}

// next returns the next token; an endToken at the end.
func (l *lexer) next() (token, error) {
	if err := l.blank(); err != nil {
		return token{}, err
	}
	start := l.at
	if start == len(l.source) {
		return token{kind: endToken, at: start}, nil
	}
	kind, value, err := l.word(l.source[start])
	if err != nil {
		return token{}, err
	}
	return token{kind: kind, text: l.source[start:l.at], value: value, at: start}, nil
}

// word moves behind the token that begins with c and returns what it is.
func (l *lexer) word(c byte) (kind tokenKind, value string, err error) {
	start := l.at
	switch {
	case letter(c):
		return nameToken, l.identifier(), nil
	case digit(c):
		l.number()
		return numberToken, "", nil
	case c == '\'':
		value, err := l.quoted('\'')
		return stringToken, value, err
	case c == '`':
		value, err := l.quoted('`')
		return quotedToken, value, err
	case c == '"':
		return 0, "", l.fail(start, "strings are written in single quotes, names in backquotes")
	case c == '@':
		return temporalToken, "", l.temporal()
	case c == '%':
		l.at++
		if rest := l.source[l.at:]; rest != "" {
			switch {
			case letter(rest[0]):
				return variableToken, l.identifier(), nil
			case rest[0] == '`', rest[0] == '\'':
				value, err := l.quoted(rest[0])
				return variableToken, value, err
			}
		}
		return 0, "", l.fail(l.at, "expected a name behind %")
	case c == '$':
		l.at++
		return dollarToken, l.identifier(), nil
	}
	for _, symbol := range [...]string{"<=", ">=", "!=", "!~"} {
		if strings.HasPrefix(l.source[start:], symbol) {
			l.at += 2
			return symbolToken, "", nil
		}
	}
	if strings.IndexByte("+-*/&|=~<>.,()[]{}", c) >= 0 {
		l.at++
		return symbolToken, "", nil
	}
	return 0, "", l.fail(start, "unexpected character")
}

// blank skips white space and comments.
func (l *lexer) blank() error {
	for l.at < len(l.source) {
		rest := l.source[l.at:]
		switch {
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.at++
		case strings.HasPrefix(rest, "//"):
			end := strings.IndexAny(rest, "\r\n")
			if end < 0 {
				end = len(rest)
			}
			l.at += end
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return l.fail(l.at, "comment without an end")
			}
			l.at += end + 4
		default:
			return nil
		}
	}
	return nil
}

func letter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }

func (l *lexer) identifier() string {
	start := l.at
	for l.at < len(l.source) && (letter(l.source[l.at]) || digit(l.source[l.at])) {
		l.at++
	}
	return l.source[start:l.at]
}

// number leaves a dot that no digit follows to be an invocation: 1.toString(). An
// L behind digits makes a Long.
func (l *lexer) number() {
	l.digits()
	if rest := l.source[l.at:]; rest != "" && rest[0] == 'L' && (len(rest) == 1 || !letter(rest[1]) && !digit(rest[1])) {
		l.at++
		return
	}
	if l.at+1 < len(l.source) && l.source[l.at] == '.' && digit(l.source[l.at+1]) {
		l.at++
		l.digits()
	}
}

func (l *lexer) digits() (count int) {
	start := l.at
	for l.at < len(l.source) && digit(l.source[l.at]) {
		l.at++
	}
	return l.at - start
}

// temporal moves over everything that a date, dateTime or time may be made of;
// parseTemporal judges it.
func (l *lexer) temporal() error {
	start := l.at
	l.at++
	inTime := false
	for l.at < len(l.source) {
		c := l.source[l.at]
		follows := l.at+1 < len(l.source) && digit(l.source[l.at+1])
		switch {
		case digit(c), c == 'T' && !inTime, c == 'Z' && inTime:
			inTime = inTime || c == 'T'
			l.at++
			if c == 'Z' {
				return nil
			}
			continue
		case c == '-' && follows, c == ':' && follows && inTime, c == '.' && follows && inTime, c == '+' && follows && inTime:
			l.at++
			continue
		}
		break
	}
	if l.at == start+1 {
		return l.fail(start, "expected a date or time behind @")
	}
	return nil
}

// quoted reads to the closing quote and decodes the escapes.
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.at
	var out strings.Builder
	for l.at++; l.at < len(l.source); l.at++ {
		switch c := l.source[l.at]; c {
		case quote:
			l.at++
			return out.String(), nil
		case '\\':
			if err := l.escape(&out); err != nil {
				return "", err
			}
		default:
			out.WriteByte(c)
		}
	}
	return "", l.fail(start, "quote without an end")
}

// escape decodes the escape at the backslash and moves to its last byte.
func (l *lexer) escape(out *strings.Builder) error {
	start := l.at
	l.at++
	if l.at == len(l.source) {
		return l.fail(start, "quote without an end")
	}
	switch c := l.source[l.at]; c {
	case '\'', '"', '`', '\\', '/':
		out.WriteByte(c)
	case 'f':
		out.WriteByte('\f')
	case 'n':
		out.WriteByte('\n')
	case 'r':
		out.WriteByte('\r')
	case 't':
		out.WriteByte('\t')
	case 'u':
		r, ok := hex4([]byte(l.source[l.at+1 : min(l.at+5, len(l.source))]))
		if !ok {
			return l.fail(start, "expected four hexadecimal digits behind \\u")
		}
		l.at += 4
		if !utf8.ValidRune(r) {
			return l.fail(start, "not a character")
		}
		out.WriteRune(r)
	default:
		return l.fail(start, "unknown escape")
	}
	return nil
}
