package topic_test

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/topic"
)

// asked is a filter, and the answer in Go.
type asked struct {
	filter topic.Filter
	holds  func(o *observed) bool
}

// alternatives joins up to three values of a filter by OR.
func alternatives(r *rand.Rand, one func() (string, func(o *observed) bool)) (string, func(o *observed) bool) {
	value, holds := one()
	for r.IntN(3) == 0 {
		other, also := one()
		before := holds
		value, holds = value+","+other, func(o *observed) bool { return before(o) || also(o) }
	}
	return value, holds
}

// randomToken asks for a coding in one of its four forms.
func randomToken(r *rand.Rand, of func(o *observed) []oracleCoding) (string, func(o *observed) bool) {
	system, code := pick(r, "http://a", "http://b"), pick(r, "x", "y", "Z", "z", "X", "x-1", "w")
	any := func(test func(c oracleCoding) bool) func(o *observed) bool {
		return func(o *observed) bool { return slices.ContainsFunc(of(o), test) }
	}
	switch r.IntN(4) {
	case 0:
		return code, any(func(c oracleCoding) bool { return strings.EqualFold(c.code, code) })
	case 1:
		return "|" + code, any(func(c oracleCoding) bool { return c.system == "" && strings.EqualFold(c.code, code) })
	case 2:
		return system + "|", any(func(c oracleCoding) bool { return c.system == system })
	}
	return system + "|" + code, any(func(c oracleCoding) bool { return c.system == system && strings.EqualFold(c.code, code) })
}

func not(holds func(o *observed) bool) func(o *observed) bool {
	return func(o *observed) bool { return !holds(o) }
}

// place is a reference without the server's base and the version.
func place(reference string) string {
	p, _, _ := strings.Cut(strings.TrimPrefix(reference, "https://fhir.example.org/r4/"), "/_history/")
	return p
}

func randomReference(r *rand.Rand, onlyPatients bool) (string, func(o *observed) bool) {
	value := pick(r, "1", "2", "3", "Patient/1", "Patient/2", "Group/1", "https://fhir.example.org/r4/Patient/1", "http://other.org/Patient/1",
		"urn:uuid:1", "Patient/1/_history/3", "Patient/1/_history/4")
	return value, func(o *observed) bool {
		if o.subject == "" || o.subject[0] == '#' || onlyPatients && !strings.Contains(o.subject, "Patient/") {
			return false
		}
		if _, version, ok := strings.Cut(value, "/_history/"); ok && !strings.HasSuffix(o.subject, "/_history/"+version) {
			return false
		}
		if !strings.ContainsAny(value, "/:") {
			return place(o.subject) == "Patient/"+value || place(o.subject) == "Group/"+value
		}
		return place(o.subject) == place(value)
	}
}

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

// randomAsked makes a filter about one of the parameters.
func randomAsked(r *rand.Rand) (a asked) {
	tokens := map[string]func(o *observed) []oracleCoding{
		"code": func(o *observed) []oracleCoding { return o.code }, "category": func(o *observed) []oracleCoding { return o.category },
		"_tag": func(o *observed) []oracleCoding { return o.tag },
	}
	missing := func(absent func(o *observed) bool) {
		a.filter.Modifier, a.filter.Value, a.holds = "missing", "true", absent
		if r.IntN(2) == 0 {
			a.filter.Value, a.holds = "false", not(absent)
		}
	}
	name := pick(r, "code", "code", "category", "_tag", "status", "subject", "subject", "patient", "date", "date", "value-quantity", "value-quantity",
		"value-string", "component-code-value-quantity", "_id")
	a.filter.Parameter = name
	rare := r.IntN(6) == 0
	switch name {
	case "code", "category", "_tag":
		of := tokens[name]
		a.filter.Value, a.holds = alternatives(r, func() (string, func(*observed) bool) { return randomToken(r, of) })
		switch r.IntN(6) {
		case 0:
			a.filter.Modifier, a.holds = "not", not(a.holds)
		case 1:
			missing(func(o *observed) bool { return len(of(o)) == 0 })
		}
	case "status", "_id":
		a.filter.Value, a.holds = alternatives(r, func() (string, func(*observed) bool) {
			value := pick(r, "final", "amended", "Final", "draft")
			if name == "_id" {
				value = pick(r, "o1", "o2", "o3", "O1", "none")
			}
			return value, func(o *observed) bool { return name == "_id" && o.id == value || name == "status" && o.status == value }
		})
		if rare {
			a.filter.Modifier, a.holds = "not", not(a.holds)
		}
	case "subject", "patient":
		a.filter.Value, a.holds = alternatives(r, func() (string, func(*observed) bool) { return randomReference(r, name == "patient") })
		switch {
		case rare && name == "subject":
			missing(func(o *observed) bool { return o.subject == "" && o.mrn == "" })
		case r.IntN(6) == 0 && name == "subject":
			id := pick(r, "1", "2")
			a.filter.Modifier, a.filter.Value = "Patient", id
			a.holds = func(o *observed) bool { return place(o.subject) == "Patient/"+id }
		case r.IntN(6) == 0 && name == "subject":
			mrn := pick(r, "m1", "http://mrn|m2", "http://mrn|", "http://other|m1", "|m1")
			a.filter.Modifier, a.filter.Value = "identifier", mrn
			a.holds = func(o *observed) bool {
				return map[string]bool{"m1": o.mrn == "m1", "http://mrn|m2": o.mrn == "m2", "http://mrn|": o.mrn != ""}[mrn]
			}
		}
	case "date":
		a.filter.Value, a.holds = alternatives(r, func() (string, func(*observed) bool) { return randomDate(r) })
		if rare {
			missing(func(o *observed) bool { return o.date == "" })
		}
	case "value-quantity":
		a.filter.Value, a.holds = alternatives(r, func() (string, func(*observed) bool) { return randomQuantity(r) })
		if rare {
			missing(func(o *observed) bool { return o.quantity == nil })
		}
	case "value-string":
		a.filter.Modifier, a.filter.Value = pick(r, "", "exact", "contains"), pick(r, "pos", "Positive", "positive", "STRONG", "negative", "e", "Positive strong")
		value, lower := a.filter.Value, strings.ToLower(a.filter.Value)
		a.holds = map[string]func(o *observed) bool{
			"":         func(o *observed) bool { return strings.HasPrefix(strings.ToLower(o.text), lower) },
			"exact":    func(o *observed) bool { return o.text == value },
			"contains": func(o *observed) bool { return strings.Contains(strings.ToLower(o.text), lower) },
		}[a.filter.Modifier]
	default:
		a.filter.Value, a.holds = alternatives(r, func() (string, func(*observed) bool) {
			code, prefix, text := pick(r, "x", "y"), pick(r, "", "gt", "le", "ne"), pick(r, "1", "2.5", "2", "10")
			return code + "$" + prefix + text, func(o *observed) bool {
				return slices.ContainsFunc(o.components, func(c oracleComponent) bool {
					return c.code == code && within(prefix, rat(c.number), rat(text), halfOf(text), "")
				})
			}
		})
	}
	return a
}
