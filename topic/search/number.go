package search

import (
	"math/big"
	"strings"
)

// cutPrefix splits a comparator from a value. It is "" if there is none.
func cutPrefix(s string) (prefix, rest string) {
	if len(s) > 2 {
		switch s[:2] {
		case "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap":
			return s[:2], s[2:]
		}
	}
	return "", s
}

func orEqual(prefix string) string {
	if prefix == "" {
		return "eq"
	}
	return prefix
}

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
	value, half, ok := parseDecimal(s)
	if !ok {
		return numberTest{}, "the value must be a decimal number of reasonable size"
	}
	t := numberTest{prefix: orEqual(prefix), value: value}
	if t.prefix == "ap" {
		tenth := new(big.Rat).Mul(new(big.Rat).Abs(value), big.NewRat(1, 10))
		if tenth.Cmp(half) > 0 {
			half = tenth
		}
	}
	t.low, t.high = new(big.Rat).Sub(value, half), new(big.Rat).Add(value, half)
	return t, ""
}

func (t numberTest) match(e element, _ *View) bool {
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

// parseDecimal reads a decimal and half of what its last digit stands for. On
// failure value is nil.
func parseDecimal(s string) (value, half *big.Rat, ok bool) {
	mantissa, exponentText, hasExponent := strings.Cut(strings.ToLower(s), "e")
	unsigned := strings.TrimPrefix(mantissa, "-")
	whole, fraction, hasFraction := strings.Cut(unsigned, ".")
	if !allDigits(whole) || hasFraction && !allDigits(fraction) || len(whole)+len(fraction) > maxDigits {
		return nil, nil, false
	}
	exponent := 0
	if hasExponent {
		sign := 1
		switch {
		case strings.HasPrefix(exponentText, "-"):
			sign, exponentText = -1, exponentText[1:]
		case strings.HasPrefix(exponentText, "+"):
			exponentText = exponentText[1:]
		}
		if !allDigits(exponentText) || len(exponentText) > 4 {
			return nil, nil, false
		}
		exponent, _, _ = digits(exponentText, len(exponentText))
		if exponent > maxExponent {
			return nil, nil, false
		}
		exponent *= sign
	}
	value, ok = new(big.Rat).SetString(whole + fraction)
	if !ok {
		return nil, nil, false
	}
	unit := powerOfTen(exponent - len(fraction))
	value.Mul(value, unit)
	if len(unsigned) < len(mantissa) {
		value.Neg(value)
	}
	return value, unit.Quo(unit, big.NewRat(2, 1)), true
}

func powerOfTen(n int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil)
	if n < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
