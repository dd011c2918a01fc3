package fhirpath

import (
	"strings"
	"unicode"
)

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

// word returns the calendar word that the unit is, "" if it is none.
func (q quantity) word() string {
	if q.calendar {
		return q.unit
	}
	return calendarUnit(q.unit)
}

// durationUnit returns the calendar word that the unit is, or is as long as: up
// to weeks, words and UCUM codes mean the same. "" if it is neither, as for the
// UCUM year and month, which are means of fixed length.
func (q quantity) durationUnit() string {
	word := q.word()
	if word == "" {
		if word = calendarWord(q.unit); indefinite(word) {
			return ""
		}
	}
	return word
}

// json returns q as a FHIR Quantity.
func (q quantity) json() []byte {
	value := append([]byte(`{"value":`), q.value.String()...)
	if q.calendar {
		return append(append(append(value, `,"unit":`...), quoted(q.unit)...), '}')
	}
	return append(append(append(value, `,"system":"`+ucumSystem+`","code":`...), quoted(q.unit)...), '}')
}

// parseQuantity reads the text of a quantity: 1, 1.5 'mg', 4 days. White space may
// stand before the unit only, and need not.
func parseQuantity(s string) (q quantity, ok bool) {
	end := strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("+-.0123456789", r) })
	if end < 0 {
		end = len(s)
	}
	if q.value, ok = parsePlainDecimal(s[:end]); !ok {
		return q, false
	}
	unit := strings.TrimLeftFunc(s[end:], unicode.IsSpace)
	switch {
	case unit == "":
		q.unit = "1"
	case len(unit) > 2 && unit[0] == '\'' && strings.IndexByte(unit[1:], '\'') == len(unit)-2:
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
	unsigned := strings.TrimPrefix(s, "+")
	if unsigned == s {
		unsigned = strings.TrimPrefix(s, "-")
	}
	before, after, found := strings.Cut(unsigned, ".")
	if !areDigits(before) || found && !areDigits(after) {
		return decimal{}, false
	}
	return parseDecimal(strings.TrimPrefix(s, "+"))
}

func areDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// quantityOf reads a FHIR Quantity. Its UCUM codes of time, from years to seconds,
// stand for the calendar words (https://hl7.org/fhir/fhirpath.html#quantity). ok is
// false if it has no exact value: a comparator, or no number, or no unit with a
// meaning to compare.
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
	case code.Kind() == String && system.Is(ucumSystem):
		q.unit = code.Text()
		if word := calendarWord(q.unit); word != "" && word != "week" && word != "millisecond" {
			q.unit, q.calendar = word, true
		}
	case code.Kind() == String && system.Is(calendarSystem):
		q.unit, q.calendar = calendarUnit(code.Text()), true
		return q, q.unit != ""
	case code.Kind() == String && !system.Exists():
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

const (
	ucumSystem     = "http://unitsofmeasure.org"
	calendarSystem = "http://hl7.org/fhirpath/CodeSystem/calendar-units"
)
