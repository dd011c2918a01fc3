package ucum

import (
	"math/big"
	"strings"
)

const (
	maxLength = 256
	maxDepth  = 16
)

var parsed cache

// Parse returns the meaning of a case sensitive UCUM code. The error is an *Error. A
// code that was parsed lately costs a look-up and no allocation.
//
// The grammar is that of UCUM §7-§10, strictly, with one addition: an annotation may
// also follow a number or a closing parenthesis, as in g/(8.h){shift}. A leading
// solidus inverts what directly follows it (§7), so /m.s is s/m.
func Parse(code string) (Unit, error) {
	if d := parsed.get(code); d != nil {
		return Unit{d}, nil
	}
	if len(code) > maxLength {
		return Unit{}, &Error{maxLength, tooLong}
	}
	p := parser{code: strings.Clone(code), atoms: atoms()} // a cached code must not keep a whole resource in memory
	d, err := p.parse()
	if err != nil {
		return Unit{}, err
	}
	parsed.put(d)
	return Unit{d}, nil
}

// parser reads one code from left to right.
type parser struct {
	code  string
	at    int
	depth int
	atoms map[string]atom
}

// term is what a part of a code was read as.
type term struct {
	written powers
	meaning
}

func (p *parser) fail(offset int, reason string) (term, *Error) {
	return term{}, &Error{offset, reason}
}

// peek returns 0 at the end. (A NUL in the code is refused as a character.)
func (p *parser) peek() byte {
	if p.at == len(p.code) {
		return 0
	}
	return p.code[p.at]
}

// parse reads "/"<term> | <term>. The error is nil or an *Error.
func (p *parser) parse() (*definition, error) {
	t, err := p.term()
	if err == nil && p.at < len(p.code) { // only a closing parenthesis ends a term before the end
		err = &Error{p.at, closeParen}
	}
	if err != nil {
		return nil, err
	}
	return &definition{code: p.code, term: t.written, meaning: t.meaning, baseCode: t.base.code()}, nil
}

// term reads components and the operators between them, left to right. A leading
// solidus is allowed outside parentheses.
func (p *parser) term() (term, *Error) {
	result, sign := term{meaning: unity.meaning}, 1
	if p.at == 0 && p.peek() == '/' {
		p.at, sign = 1, -1
	}
	for {
		start := p.at
		c, err := p.component()
		if err != nil {
			return term{}, err
		}
		product, reason := result.times(c.meaning, sign)
		if reason != "" {
			return p.fail(start, reason)
		}
		result = term{result.written.times(c.written, sign), product}
		switch p.peek() {
		case '.':
			sign = 1
		case '/':
			sign = -1
		default:
			if p.at < len(p.code) && p.peek() != ')' {
				return p.fail(p.at, noOperator)
			}
			return result, nil
		}
		p.at++
	}
}

// component reads a term in parentheses, a number or a simple unit, each with or
// without an annotation, or an annotation alone.
func (p *parser) component() (t term, err *Error) {
	switch p.peek() {
	case '{':
		t.meaning = unity.meaning
	case '(':
		t, err = p.nested()
	default:
		t, err = p.simple()
	}
	if err == nil && p.peek() == '{' {
		err = p.annotation()
	}
	return t, err
}

func (p *parser) nested() (term, *Error) {
	start := p.at
	if p.depth++; p.depth > maxDepth {
		return p.fail(start, tooDeep)
	}
	p.at++
	t, err := p.term()
	if err != nil {
		return term{}, err
	}
	if p.peek() != ')' {
		return p.fail(start, openParen)
	}
	p.at++
	p.depth--
	return t, nil
}

// annotation reads {…}, which has no meaning (§6).
func (p *parser) annotation() *Error {
	start := p.at
	for p.at++; p.at < len(p.code); p.at++ {
		switch c := p.code[p.at]; {
		case c == '}':
			p.at++
			return nil
		case c == '{' || !graphic(c):
			return &Error{p.at, badCharacter}
		}
	}
	return &Error{start, openBrace}
}

// simple reads a number, or a symbol with or without an exponent.
func (p *parser) simple() (term, *Error) {
	start := p.at
	if err := p.skip(); err != nil {
		return term{}, err
	}
	text := p.code[start:p.at]
	if text == "" {
		return p.fail(start, noComponent)
	}
	if number(text) {
		return p.number(start, text)
	}
	symbol := strings.TrimRight(text, "0123456789")
	digits := text[len(symbol):]
	exponent, sign := 1, 1
	if digits != "" {
		switch symbol[len(symbol)-1] {
		case '-':
			symbol, sign = symbol[:len(symbol)-1], -1
		case '+':
			symbol = symbol[:len(symbol)-1]
		}
		exponent = small(digits)
	}
	if symbol != "" && number(symbol) {
		return p.fail(start, numberPower)
	}
	m, reason := find(p.atoms, symbol)
	if reason != "" {
		return p.fail(start, reason)
	}
	if exponent > maxExponent {
		return p.fail(start+len(text)-len(digits), tooLarge)
	}
	if m, reason = m.power(sign * exponent); reason != "" {
		return p.fail(start, reason)
	}
	return term{powers{{symbol, 1}}.power(sign * exponent), m}, nil
}

// skip goes to the end of a number or symbol. Inside square brackets, which do not
// nest, all characters belong to the symbol (§5).
func (p *parser) skip() *Error {
	bracket := -1
	for ; p.at < len(p.code); p.at++ {
		c := p.code[p.at]
		if !graphic(c) {
			return &Error{p.at, badCharacter}
		}
		if bracket >= 0 {
			if c == '[' {
				return &Error{p.at, badCharacter}
			}
			if c == ']' {
				bracket = -1
			}
			continue
		}
		switch c {
		case '[':
			bracket = p.at
		case '"', '=', ']', '}':
			return &Error{p.at, badCharacter}
		case '.', '/', '(', ')', '{':
			return nil
		}
	}
	if bracket >= 0 {
		return &Error{bracket, openBracket}
	}
	return nil
}

// number reads a factor (§8). The length of the code bounds it.
func (p *parser) number(start int, digits string) (term, *Error) {
	n, _ := new(big.Int).SetString(digits, 10)
	if n.Sign() == 0 {
		return p.fail(start, zeroNumber)
	}
	t := term{meaning: meaning{factor: new(big.Rat).SetInt(n)}}
	if digits = n.String(); digits != "1" {
		t.written = powers{{digits, 1}}
	}
	return t, nil
}

// small returns the number that the digits write, or any above maxExponent.
func small(digits string) int {
	n := 0
	for i := range len(digits) {
		if n = n*10 + int(digits[i]-'0'); n > maxExponent {
			break
		}
	}
	return n
}

// graphic tells whether UCUM allows the character at all (§3).
func graphic(c byte) bool { return c >= 33 && c <= 126 }
