package topic_test

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"time"
)

// before compares by the clock where one of the two is a day.
func before(a, clockA time.Time, aDay bool, b, clockB time.Time, bDay bool) bool {
	if aDay || bDay {
		return clockA.Before(clockB)
	}
	return a.Before(b)
}

func randomDate(r *rand.Rand) (string, func(o *observed) bool) {
	text := pick(r, oracleTimes...)
	prefix := pick(r, "", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb")
	v := oracleTime(text)
	return prefix + text, func(o *observed) bool {
		if o.date == "" {
			return false
		}
		s := o.span
		startBefore := func(t, clock time.Time) bool {
			return s.noStart || before(s.from, s.clockFrom, s.fromDay, t, clock, v.fromDay)
		}
		endAfter := func(t, clock time.Time) bool { return s.noEnd || before(t, clock, v.fromDay, s.to, s.clockTo, s.toDay) }
		within := !startBefore(v.from, v.clockFrom) && !endAfter(v.to, v.clockTo)
		switch prefix {
		case "ne":
			return !within
		case "gt":
			return endAfter(v.to, v.clockTo)
		case "lt":
			return startBefore(v.from, v.clockFrom)
		case "ge":
			return endAfter(v.from, v.clockFrom)
		case "le":
			return startBefore(v.to, v.clockTo)
		case "sa": // starts at the end of the value, or later
			return !startBefore(v.to, v.clockTo)
		case "eb":
			return !endAfter(v.from, v.clockFrom)
		}
		return within
	}
}

// within compares a number, or the open range that a comparator leaves, with prefix and
// value. half is half of what the value's last digit stands for.
func within(prefix string, number, value, half *big.Rat, comparator string) bool {
	low, high := number, number
	if strings.HasPrefix(comparator, "<") {
		low = nil
	}
	if strings.HasPrefix(comparator, ">") {
		high = nil
	}
	equal := low != nil && high != nil && number.Cmp(new(big.Rat).Sub(value, half)) >= 0 && number.Cmp(new(big.Rat).Add(value, half)) < 0
	switch prefix {
	case "ne":
		return !equal
	case "gt":
		return high == nil || high.Cmp(value) > 0
	case "ge":
		return high == nil || high.Cmp(value) >= 0
	case "lt":
		return low == nil || low.Cmp(value) < 0
	case "le":
		return low == nil || low.Cmp(value) <= 0
	case "sa":
		return low != nil && low.Cmp(value) > 0
	case "eb":
		return high != nil && high.Cmp(value) < 0
	}
	return equal
}

func halfOf(text string) *big.Rat {
	_, fraction, _ := strings.Cut(text, ".")
	half := big.NewRat(1, 2)
	for range fraction {
		half.Quo(half, big.NewRat(10, 1))
	}
	return half
}

func randomQuantity(r *rand.Rand) (string, func(o *observed) bool) {
	text, prefix := pick(r, "5", "5.4", "5.40", "5000", "0.0054", "0"), pick(r, "", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb")
	system, code := "", pick(r, "", "mg", "g")
	if code != "" {
		system = pick(r, "", "http://unitsofmeasure.org", "http://other")
	}
	value := prefix + text
	if code != "" {
		value += "|" + system + "|" + code
	}
	return value, func(o *observed) bool {
		q := o.quantity
		if q == nil {
			return false
		}
		number := rat(q.number)
		switch {
		case code == "":
		case system == "":
			if q.code != code && q.unit != code {
				return false
			}
		case q.system != system:
			return false
		case q.code == code:
		case system == "http://unitsofmeasure.org" && q.code == "mg" && code == "g":
			number.Quo(number, big.NewRat(1000, 1))
		case system == "http://unitsofmeasure.org" && q.code == "g" && code == "mg":
			number.Mul(number, big.NewRat(1000, 1))
		default:
			return false
		}
		return within(prefix, number, rat(text), halfOf(text), q.comparator)
	}
}
