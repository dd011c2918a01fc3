package topic_test

import (
	"math/rand/v2"
	"slices"
	"strings"

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
