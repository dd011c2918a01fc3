package ucum

import "strconv"

// Error says why and where a text is no UCUM code, or none within the limits of this
// package. Its own text does not repeat the code, which may come from a patient's
// record.
type Error struct {
	Offset int    // bytes before the fault
	Reason string // from a fixed vocabulary
}

// Error returns the offset and the reason.
func (e *Error) Error() string {
	return "ucum: offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// The reasons of an Error.
const (
	tooLong       = "longer than 256 bytes"
	tooDeep       = "parentheses nested too deep"
	tooLarge      = "the exponent or the factor is too large"
	noComponent   = "a unit is missing"
	noOperator    = "'.' or '/' is missing"
	noSymbol      = "no such unit"
	notMetric     = "no such unit, or one that takes no prefix"
	badCharacter  = "the character is not allowed here"
	openBracket   = "'[' without ']'"
	openBrace     = "'{' without '}'"
	openParen     = "'(' without ')'"
	closeParen    = "')' without '('"
	numberPower   = "a number takes no exponent (a power of ten is 10*3)"
	zeroNumber    = "a number must be positive"
	specialInTerm = "a unit on a scale of its own, like Cel or B, takes numeric factors only"
)
