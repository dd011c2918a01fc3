package fhirpath

import "strings"

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
