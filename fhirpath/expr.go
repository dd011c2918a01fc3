package fhirpath

import "strings"

type form uint8

const (
	literalForm   form = iota
	emptyForm          // {}
	nameForm           // a name at the start of a path, which may be a type
	memberForm         // left.text
	callForm           // left.text(args), left is nil for a bare call
	indexerForm        // left[right]
	variableForm       // %text
	dollarForm         // $text
	unaryForm          // text left
	binaryForm         // left text right
	typeForm           // left text T; right is the type specifier
	directionForm      // left asc or left desc, as an argument of sort
)

// expr is a node of a parsed expression.
type expr struct {
	form        form
	at          int // offset in the source
	text        string
	value       any // of a literal
	left, right *expr
	args        []*expr
}

const (
	unaryPrecedence   = 12
	postfixPrecedence = 13
)

// precedence returns how tightly a binary operator binds, 0 if op is none.
func precedence(op string) int {
	switch op {
	case "implies":
		return 1
	case "or", "xor":
		return 2
	case "and":
		return 3
	case "in", "contains":
		return 4
	case "=", "~", "!=", "!~":
		return 5
	case "<", ">", "<=", ">=":
		return 6
	case "|":
		return 7
	case "is", "as":
		return 8
	case "+", "-", "&":
		return 9
	case "*", "/", "div", "mod":
		return 10
	}
	return 0
}

func (e *expr) precedence() int {
	switch e.form {
	case binaryForm, typeForm:
		return precedence(e.text)
	case unaryForm:
		return unaryPrecedence
	}
	return postfixPrecedence
}

func (e *expr) String() string {
	var b strings.Builder
	e.print(&b)
	return b.String()
}

// print writes e so that it parses to the same again.
func (e *expr) print(b *strings.Builder) {
	switch e.form {
	case literalForm:
		b.WriteString(e.text)
	case emptyForm:
		b.WriteString("{}")
	case nameForm:
		b.WriteString(quoteName(e.text))
	case memberForm:
		e.left.printWithin(b, postfixPrecedence)
		b.WriteString("." + quoteName(e.text))
	case callForm:
		if e.left != nil {
			e.left.printWithin(b, postfixPrecedence)
			b.WriteByte('.')
		}
		b.WriteString(quoteName(e.text) + "(")
		for i, arg := range e.args {
			if i > 0 {
				b.WriteString(", ")
			}
			arg.print(b)
		}
		b.WriteByte(')')
	case indexerForm:
		e.left.printWithin(b, postfixPrecedence)
		b.WriteByte('[')
		e.right.print(b)
		b.WriteByte(']')
	case variableForm:
		b.WriteString("%" + quoteName(e.text))
	case dollarForm:
		b.WriteString("$" + e.text)
	case unaryForm:
		b.WriteString(e.text)
		e.left.printWithin(b, unaryPrecedence)
	case directionForm:
		e.left.print(b)
		b.WriteString(" " + e.text)
	case binaryForm, typeForm:
		e.left.printWithin(b, e.precedence())
		b.WriteString(" " + e.text + " ")
		e.right.printWithin(b, e.precedence()+1)
	}
}

func (e *expr) printWithin(b *strings.Builder, precedence int) {
	if e.precedence() >= precedence {
		e.print(b)
		return
	}
	b.WriteByte('(')
	e.print(b)
	b.WriteByte(')')
}

// quoteName returns name as an identifier, in backquotes if it must.
func quoteName(name string) string {
	plain := name != "" && letter(name[0]) && !reserved(name)
	for i := 0; plain && i < len(name); i++ {
		plain = letter(name[i]) || digit(name[i])
	}
	if plain {
		return name
	}
	return "`" + strings.NewReplacer("\\", `\\`, "`", "\\`", "\n", `\n`, "\r", `\r`, "\t", `\t`, "\f", `\f`).Replace(name) + "`"
}

// reserved reports whether a word can't be a bare name. The grammar lets as, is,
// in and contains be names.
func reserved(word string) bool {
	switch word {
	case "and", "or", "xor", "implies", "div", "mod", "true", "false":
		return true
	}
	return calendarUnit(word) != ""
}
