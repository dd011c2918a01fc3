package topic_test

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"time"
)

// The oracle of TestOracle knows Observations as Go values, and what the FHIR search
// page says of them in the plainest words. It shares nothing with package search.

type oracleCoding struct{ system, code string }

type oracleQuantity struct {
	number, unit, system, code, comparator string
}

// oracleSpan is a time as its text tells it: from is within, to is not. The clock's
// times are those of the place where it was written.
type oracleSpan struct {
	from, to           time.Time
	clockFrom, clockTo time.Time
	fromDay, toDay     bool // it has no time of day, and so no zone
	noStart, noEnd     bool
}

type observed struct {
	id, status     string
	code, category []oracleCoding
	tag            []oracleCoding
	subject        string // "": none
	mrn            string // of the subject; "": none
	date           string // JSON of effective[x]; "": none
	span           oracleSpan
	quantity       *oracleQuantity
	text           string // valueString
	components     []oracleComponent
}

type oracleComponent struct{ code, number string }

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

var oracleTimes = []string{
	"2025", "2026", "2026-01", "2026-02", "2026-02-01", "2026-02-02", "2026-02-01T00:00Z", "2026-02-01T10:00:00Z", "2026-02-01T10:00:00.5Z",
	"2026-02-01T23:30:00-02:00", "2026-02-02T00:30:00+02:00", "2026-01-31T23:59:59Z", "2026-12-31",
}

// oracleTime reads one of oracleTimes by its length.
func oracleTime(s string) oracleSpan {
	for _, form := range []struct {
		layout              string
		years, months, days int
		last                time.Duration
	}{
		{"2006", 1, 0, 0, 0}, {"2006-01", 0, 1, 0, 0}, {"2006-01-02", 0, 0, 1, 0},
		{"2006-01-02T15:04Z07:00", 0, 0, 0, time.Minute}, {"2006-01-02T15:04:05Z07:00", 0, 0, 0, time.Second},
		{"2006-01-02T15:04:05.0Z07:00", 0, 0, 0, time.Second / 10},
	} {
		t, err := time.Parse(form.layout, s)
		if err != nil || strings.Contains(s, ".") != strings.Contains(form.layout, ".0") {
			continue
		}
		end := t.AddDate(form.years, form.months, form.days).Add(form.last)
		_, offset := t.Zone()
		clock := time.Duration(offset) * time.Second
		return oracleSpan{from: t, to: end, clockFrom: t.Add(clock), clockTo: end.Add(clock), fromDay: form.last == 0, toDay: form.last == 0}
	}
	panic(s)
}

func randomCodings(r *rand.Rand, most int) (list []oracleCoding) {
	for range r.IntN(most + 1) {
		list = append(list, oracleCoding{pick(r, "", "http://a", "http://b"), pick(r, "x", "y", "Z", "x-1")})
	}
	return list
}

func randomObservation(r *rand.Rand, id int) observed {
	o := observed{
		id: fmt.Sprintf("o%d", id%40), status: pick(r, "final", "amended", "preliminary"),
		code: randomCodings(r, 2), category: randomCodings(r, 2), tag: randomCodings(r, 1),
		subject: pick(r, "", "Patient/1", "Patient/2", "Group/1", "https://fhir.example.org/r4/Patient/1", "http://other.org/Patient/1",
			"Patient/1/_history/3", "https://fhir.example.org/r4/Patient/2/_history/3", "#c", "urn:uuid:1"),
		mrn: pick(r, "", "", "m1", "m2"),
	}
	for range r.IntN(3) {
		o.components = append(o.components, oracleComponent{pick(r, "x", "y"), pick(r, "1", "2.5", "10")})
	}
	switch r.IntN(5) {
	case 0:
	case 1, 2:
		at := pick(r, oracleTimes...)
		o.date, o.span = fmt.Sprintf(`"effectiveDateTime":%q`, at), oracleTime(at)
	default:
		start, end := pick(r, append(oracleTimes, "")...), pick(r, append(oracleTimes, "")...)
		if start == "" && end == "" {
			end = "2026"
		}
		var limits []string
		o.span = oracleSpan{noStart: start == "", noEnd: end == ""}
		if start != "" {
			limits = append(limits, fmt.Sprintf(`"start":%q`, start))
			s := oracleTime(start)
			o.span.from, o.span.clockFrom, o.span.fromDay = s.from, s.clockFrom, s.fromDay
		}
		if end != "" {
			limits = append(limits, fmt.Sprintf(`"end":%q`, end))
			e := oracleTime(end)
			o.span.to, o.span.clockTo, o.span.toDay = e.to, e.clockTo, e.toDay
		}
		o.date = `"effectivePeriod":{` + strings.Join(limits, ",") + `}`
	}
	switch r.IntN(4) {
	case 0:
		o.text = pick(r, "positive", "Positive strong", "negative", "none detected")
	case 1, 2:
		q := pick(r,
			oracleQuantity{system: "http://unitsofmeasure.org", code: "mg", unit: "milligram"}, oracleQuantity{system: "http://unitsofmeasure.org", code: "g"},
			oracleQuantity{unit: "mg"}, oracleQuantity{}, oracleQuantity{system: "http://other", code: "mg"}, oracleQuantity{system: "http://unitsofmeasure.org", code: "mL"})
		q.number, q.comparator = pick(r, "5", "5.4", "5.40", "5.45", "4.96", "5000", "0.0054"), pick(r, "", "", "", "<", ">=")
		o.quantity = &q
	}
	return o
}

func codingsJSON(list []oracleCoding) string {
	var all []string
	for _, c := range list {
		s := fmt.Sprintf(`"code":%q`, c.code)
		if c.system != "" {
			s += fmt.Sprintf(`,"system":%q`, c.system)
		}
		all = append(all, "{"+s+"}")
	}
	return strings.Join(all, ",")
}

// json writes the Observation as it is on the wire.
func (o *observed) json() string {
	members := []string{`"resourceType":"Observation"`, fmt.Sprintf(`"id":%q,"status":%q`, o.id, o.status)}
	if len(o.tag) > 0 {
		members = append(members, `"meta":{"tag":[`+codingsJSON(o.tag)+`]}`)
	}
	if len(o.code) > 0 {
		members = append(members, `"code":{"coding":[`+codingsJSON(o.code)+`]}`)
	}
	for i, c := range o.category { // each a concept of its own
		if i == 0 {
			members = append(members, `"category":[`)
		}
		members[len(members)-1] += `{"coding":[` + codingsJSON([]oracleCoding{c}) + `]},`
	}
	if len(o.category) > 0 {
		members[len(members)-1] = strings.TrimSuffix(members[len(members)-1], ",") + "]"
	}
	var subject []string
	if o.subject != "" {
		subject = append(subject, fmt.Sprintf(`"reference":%q`, o.subject))
	}
	if o.mrn != "" {
		subject = append(subject, fmt.Sprintf(`"identifier":{"system":"http://mrn","value":%q}`, o.mrn))
	}
	if len(subject) > 0 {
		members = append(members, `"subject":{`+strings.Join(subject, ",")+`}`)
	}
	if o.date != "" {
		members = append(members, o.date)
	}
	if o.text != "" {
		members = append(members, fmt.Sprintf(`"valueString":%q`, o.text))
	}
	if q := o.quantity; q != nil {
		s := `"value":` + q.number
		for name, value := range map[string]string{"unit": q.unit, "system": q.system, "code": q.code, "comparator": q.comparator} {
			if value != "" {
				s += fmt.Sprintf(`,%q:%q`, name, value)
			}
		}
		members = append(members, `"valueQuantity":{`+s+`}`)
	}
	var components []string
	for _, c := range o.components {
		components = append(components, fmt.Sprintf(`{"code":{"coding":[{"code":%q}]},"valueQuantity":{"value":%s}}`, c.code, c.number))
	}
	if len(components) > 0 {
		members = append(members, `"component":[`+strings.Join(components, ",")+`]`)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func rat(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}
