package search

import (
	"math/big"
	"strings"
)

// interval is a closed range of numbers. A nil end is open.
type interval struct{ low, high *big.Rat }

// numberTest compares numbers exactly, never as floats.
type numberTest struct {
	prefix string
	value  *big.Rat
	// What the written digits leave open, for eq and ne: 100 is 99.5 up to, but
	// not including, 100.5. The same for ap, at least a tenth of the value.
	low, high *big.Rat
}

func parseNumber(s string) (test, string) {
	prefix, rest := cutPrefix(s)
	t, problem := newNumberTest(prefix, rest)
	return t, problem
}

func newNumberTest(prefix, s string) (numberTest, string) {
	value, unit, ok := parseDecimal(s)
	if !ok {
		return numberTest{}, "the value must be a decimal number of reasonable size"
	}
	if oneDigitHundreds(s) {
		unit--
	}
	t := numberTest{prefix: orEqual(prefix), value: value}
	margin := half(unit)
	if t.prefix == "ap" {
		tenth := new(big.Rat).Mul(new(big.Rat).Abs(value), big.NewRat(1, 10))
		if tenth.Cmp(margin) > 0 {
			margin = tenth
		}
	}
	t.low, t.high = new(big.Rat).Sub(value, margin), new(big.Rat).Add(value, margin)
	return t, ""
}

// oneDigitHundreds reports whether s is one digit with a power of ten above it. The
// table of the FHIR search page gives 1e2 as [95, 105), finer than its one digit.
func oneDigitHundreds(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(strings.TrimPrefix(s, "-")), "e")
	return ok && len(mantissa) == 1 && exponent[0] != '-' && strings.Trim(exponent, "+0") != ""
}

func (t numberTest) match(e element, _ *View) bool {
	if t.prefix == "co" { // of _filter: what the element's digits leave open includes the value
		value, unit, ok := parseDecimal(string(e.text()))
		if !ok {
			return false
		}
		distance := new(big.Rat).Sub(value, t.value)
		return distance.Abs(distance).Cmp(half(unit)) <= 0
	}
	i, ok := intervalOf(e)
	return ok && t.holds(i)
}

// holds applies the rules of the FHIR search page. A number in a resource is
// taken as exact, and so is the value with any comparator but eq, ne and ap.
func (t numberTest) holds(i interval) bool {
	inside := i.low != nil && i.high != nil && i.low.Cmp(t.low) >= 0 && i.high.Cmp(t.high) < 0
	above := func(bound *big.Rat) bool { return i.high == nil || i.high.Cmp(bound) > 0 }
	below := func(bound *big.Rat) bool { return i.low == nil || i.low.Cmp(bound) < 0 }
	switch t.prefix {
	case "eq":
		return inside
	case "ne":
		return !inside
	case "gt":
		return above(t.value)
	case "ge":
		return above(t.value) || i.high.Cmp(t.value) == 0
	case "lt":
		return below(t.value)
	case "le":
		return below(t.value) || i.low.Cmp(t.value) == 0
	case "sa":
		return i.low != nil && i.low.Cmp(t.value) > 0
	case "eb":
		return i.high != nil && i.high.Cmp(t.value) < 0
	}
	return (i.high == nil || i.high.Cmp(t.low) >= 0) && (i.low == nil || i.low.Cmp(t.high) <= 0) // ap
}

// intervalOf returns the range of a decimal, integer, Quantity or Range. A
// Quantity whose comparator says "less than" has no lower end, and so on.
func intervalOf(e element) (interval, bool) {
	n, ok := e.object()
	if !ok {
		value, _, ok := parseDecimal(string(e.text()))
		return interval{value, value}, ok
	}
	if low, high := n.Get("low"), n.Get("high"); low.Exists() || high.Exists() {
		l, _, lowOK := parseDecimal(low.Get("value").Text())
		h, _, highOK := parseDecimal(high.Get("value").Text())
		return interval{l, h}, lowOK || highOK
	}
	value, _, ok := parseDecimal(n.Get("value").Text())
	if !ok {
		return interval{}, false
	}
	i := interval{value, value}
	switch comparator := n.Get("comparator"); {
	case comparator.Is("<"), comparator.Is("<="):
		i.low = nil
	case comparator.Is(">"), comparator.Is(">="):
		i.high = nil
	}
	return i, true
}

// Bounds on the decimals that are compared: 1e999999999 is small as a text and
// huge as a number.
const (
	maxDigits   = 100
	maxExponent = 400
)

// parseDecimal reads a decimal. unit is the power of ten of its last digit: -2 for
// 1.00, 1 for 1.5e2. On failure value is nil.
func parseDecimal(s string) (value *big.Rat, unit int, ok bool) {
	unsigned, negative := strings.CutPrefix(s, "-")
	mantissa, exponentText := unsigned, ""
	if i := strings.IndexAny(unsigned, "eE"); i >= 0 {
		mantissa, exponentText = unsigned[:i], unsigned[i+1:]
		if exponentText == "" {
			return nil, 0, false
		}
	}
	whole, fraction, hasFraction := strings.Cut(mantissa, ".")
	if !allDigits(whole) || hasFraction && !allDigits(fraction) || len(whole)+len(fraction) > maxDigits {
		return nil, 0, false
	}
	exponent, ok := parseExponent(exponentText)
	if !ok {
		return nil, 0, false
	}
	unit = exponent - len(fraction)
	numerator, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return nil, 0, false
	}
	if negative {
		numerator.Neg(numerator)
	}
	if unit < 0 {
		return new(big.Rat).SetFrac(numerator, powerOfTen(-unit)), unit, true
	}
	return new(big.Rat).SetInt(numerator.Mul(numerator, powerOfTen(unit))), unit, true
}

// parseExponent reads what follows the e of a decimal; "" is no exponent.
func parseExponent(s string) (exponent int, ok bool) {
	if s == "" {
		return 0, true
	}
	unsigned, negative := strings.CutPrefix(s, "-")
	if !negative {
		unsigned = strings.TrimPrefix(s, "+")
	}
	if !allDigits(unsigned) || len(unsigned) > 4 {
		return 0, false
	}
	exponent, _, _ = digits(unsigned, len(unsigned))
	if negative {
		return -exponent, exponent <= maxExponent
	}
	return exponent, exponent <= maxExponent
}

// half returns half of what a digit at that power of ten stands for.
func half(unit int) *big.Rat {
	if unit < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(powerOfTen(-unit), 1))
	}
	return new(big.Rat).SetFrac(powerOfTen(unit), big.NewInt(2))
}

func powerOfTen(n int) *big.Int {
	if n <= 18 {
		p := int64(1)
		for range n {
			p *= 10
		}
		return big.NewInt(p)
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
