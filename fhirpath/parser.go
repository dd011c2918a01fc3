package fhirpath

import (
	"strconv"
	"strings"
)

// The limits of an expression's source. What exceeds one is refused by Compile
// with an error that is ErrLimit.
const (
	MaxExpression = 64 << 10 // bytes
	MaxNesting    = 100      // brackets in brackets
	maxParts      = 4_000    // names, literals and operators
)

// parser is a Pratt parser for the grammar of FHIRPath N1.
type parser struct {
	lexer
	tok   token
	depth int
	parts int
	total int // arguments of aggregate() that the parser is in, which see $total
}

func parse(source string) (*expr, error) {
	p := parser{lexer: lexer{source: source}}
	if len(source) > MaxExpression {
		return nil, p.limit(0, "the expression is longer than 64 KiB")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != endToken {
		return nil, p.fail(p.tok.at, "expected an operator or the end")
	}
	return e, nil
}

func (p *parser) limit(at int, problem string) error {
	return &CompileError{Expression: p.source, Offset: at, Problem: problem, cause: ErrLimit}
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) expect(symbol string) error {
	if !p.tok.is(symbol) {
		return p.fail(p.tok.at, "expected "+symbol)
	}
	return p.advance()
}

func (p *parser) node(e expr) (*expr, error) {
	if p.parts++; p.parts > maxParts {
		return nil, p.limit(e.at, "the expression has too many parts")
	}
	return &e, nil
}

// expression parses operators that bind more tightly than above.
func (p *parser) expression(above int) (*expr, error) {
	left, err := p.prefix()
	for err == nil {
		op := p.tok
		if op.is(".") || op.is("[") {
			left, err = p.postfix(left)
			continue
		}
		if op.is("{") && (left.form == nameForm || left.form == memberForm) {
			return nil, p.fail(op.at, "instance selectors, Type { name : value }, are not supported")
		}
		binds := 0
		if op.kind == nameToken || op.kind == symbolToken {
			binds = precedence(op.text)
		}
		if binds == 0 || binds <= above {
			return left, nil
		}
		if err = p.advance(); err != nil {
			break
		}
		f, right := binaryForm, (*expr)(nil)
		if op.text == "is" || op.text == "as" {
			f = typeForm
			right, err = p.typeSpecifier()
		} else {
			right, err = p.expression(binds)
		}
		if err == nil {
			left, err = p.node(expr{form: f, at: op.at, text: op.text, left: left, right: right})
		}
	}
	return nil, err
}

// within parses an expression in brackets or behind a sign.
func (p *parser) within(above int) (*expr, error) {
	if p.depth++; p.depth > MaxNesting {
		return nil, p.limit(p.tok.at, "the expression is nested too deep")
	}
	defer func() { p.depth-- }()
	return p.expression(above)
}

func (p *parser) prefix() (*expr, error) {
	tok := p.tok
	switch {
	case tok.is("+") || tok.is("-"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		operand, err := p.within(unaryPrecedence)
		if err != nil {
			return nil, err
		}
		return p.node(expr{form: unaryForm, at: tok.at, text: tok.text, left: operand})
	case tok.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		e, err := p.within(0)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case tok.is("{"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		if err := p.expect("}"); err != nil {
			return nil, err
		}
		return p.node(expr{form: emptyForm, at: tok.at})
	}
	switch tok.kind {
	case quotedToken:
		return p.invocation(nil)
	case nameToken:
		if tok.text == "true" || tok.text == "false" {
			return p.literal(tok.text == "true")
		}
		return p.invocation(nil)
	case stringToken:
		return p.literal(tok.value)
	case numberToken:
		return p.number()
	case temporalToken:
		t, ok := parseLiteralTemporal(tok.text)
		if !ok {
			return nil, p.fail(tok.at, "not a date or time")
		}
		return p.literal(t)
	case variableToken:
		return p.simple(variableForm, tok.value)
	case dollarToken:
		switch {
		case tok.value == "total" && p.total == 0:
			return nil, p.fail(tok.at, "$total is known only in the first argument of aggregate()")
		case tok.value == "this" || tok.value == "index" || tok.value == "total":
			return p.simple(dollarForm, tok.value)
		}
		return nil, p.fail(tok.at, "expected $this, $index or $total")
	}
	return nil, p.fail(tok.at, "expected an expression")
}

func (p *parser) literal(value any) (*expr, error) {
	e, err := p.simple(literalForm, p.tok.text)
	if err != nil {
		return nil, err
	}
	e.value = value
	return e, nil
}

// simple makes the current token an expression of its own.
func (p *parser) simple(f form, text string) (*expr, error) {
	at := p.tok.at
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.node(expr{form: f, at: at, text: text})
}

// number parses a number, or a quantity if a unit follows.
func (p *parser) number() (*expr, error) {
	tok := p.tok
	if text, ok := strings.CutSuffix(tok.text, "L"); ok {
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, p.fail(tok.at, "not a Long: expected a number below 2^63")
		}
		return p.literal(long(i))
	}
	d, ok := parseDecimal(tok.text)
	if !ok {
		return nil, p.limit(tok.at, "the number has too many digits")
	}
	e, err := p.literal(d)
	if err != nil {
		return nil, err
	}
	switch unit := p.tok; {
	case unit.kind == stringToken:
		e.value = quantity{value: d, unit: unit.value}
	case unit.kind == nameToken && calendarUnit(unit.text) != "":
		e.value = quantity{value: d, unit: calendarUnit(unit.text), calendar: true}
	case d.scale == 0:
		whole, err := strconv.ParseUint(tok.text, 10, 32)
		if err != nil {
			return nil, p.fail(tok.at, "beyond an Integer: write an L behind it, or .0")
		}
		e.value = int64(whole)
		return e, nil
	default:
		return e, nil
	}
	e.text += " " + p.tok.text
	return e, p.advance()
}
