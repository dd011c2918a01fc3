package fhirpath

import "strings"

// quantity is a System.Quantity: a decimal with a UCUM code or a calendar word.
type quantity struct {
	value    decimal
	unit     string // a calendar word in the singular
	calendar bool
}

// String prints a UCUM code in quotes and a calendar word without.
func (q quantity) String() string {
	if q.calendar {
		plural := "s"
		if q.value.cmp(whole(1)) == 0 {
			plural = ""
		}
		return q.value.String() + " " + q.unit + plural
	}
	return q.value.String() + " '" + q.unit + "'"
}

// durationUnit returns the calendar word that the unit is, or is as long as: up
// to weeks, words and UCUM codes mean the same. "" if it is neither, as for the
// UCUM year and month, which are means of fixed length.
func (q quantity) durationUnit() string {
	if q.calendar {
		return q.unit
	}
	switch q.unit {
	case "wk":
		return "week"
	case "d":
		return "day"
	case "h":
		return "hour"
	case "min":
		return "minute"
	case "s":
		return "second"
	case "ms":
		return "millisecond"
	}
	return calendarUnit(q.unit)
}

// json returns q as a FHIR Quantity.
func (q quantity) json() []byte {
	value := append([]byte(`{"value":`), q.value.String()...)
	if q.calendar {
		return append(append(append(value, `,"unit":`...), quoted(q.unit)...), '}')
	}
	return append(append(append(value, `,"system":"`+ucumSystem+`","code":`...), quoted(q.unit)...), '}')
}

// parseQuantity reads the text of a quantity: 1, 1.5 'mg', 4 days.
func parseQuantity(s string) (q quantity, ok bool) {
	number, unit, found := strings.Cut(strings.TrimSpace(s), " ")
	if q.value, ok = parsePlainDecimal(number); !ok {
		return q, false
	}
	unit = strings.TrimSpace(unit)
	switch {
	case !found:
		q.unit = "1"
	case len(unit) > 2 && unit[0] == '\'' && unit[len(unit)-1] == '\'':
		q.unit = unit[1 : len(unit)-1]
	default:
		q.unit, q.calendar = calendarUnit(unit), true
		return q, q.unit != ""
	}
	return q, true
}

// parsePlainDecimal reads digits with an optional sign and fraction, but without
// exponent, as strings are converted to decimals.
func parsePlainDecimal(s string) (decimal, bool) {
	s = strings.TrimPrefix(s, "+")
	if s == "" || strings.ContainsAny(s, "eE+") || strings.HasSuffix(s, ".") || strings.HasPrefix(strings.TrimPrefix(s, "-"), ".") {
		return decimal{}, false
	}
	if strings.Count(s, ".") > 1 {
		return decimal{}, false
	}
	return parseDecimal(s)
}

// quantityOf reads a FHIR Quantity. ok is false if it has no exact value: a
// comparator, or no number, or no unit with a meaning to compare.
func quantityOf(n Node) (q quantity, ok bool) {
	value := n.Get("value")
	if value.Kind() != Number || n.Get("comparator").Exists() {
		return q, false
	}
	if q.value, ok = parseDecimal(value.Text()); !ok {
		return q, false
	}
	system, code := n.Get("system"), n.Get("code")
	switch {
	case code.Kind() == String && (!system.Exists() || system.Is(ucumSystem)):
		q.unit = code.Text()
	case code.Exists():
		return q, false
	case n.Get("unit").Exists():
		q.unit = n.Get("unit").Text()
	default:
		q.unit = "1"
	}
	return q, true
}

const ucumSystem = "http://unitsofmeasure.org"
