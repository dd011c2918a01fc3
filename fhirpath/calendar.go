package fhirpath

import (
	"math/big"
	"time"
)

const day = 24 * time.Hour

// calendarDurations are the calendar words, with the UCUM code of the duration of
// definite length that each corresponds to, and its length in conversions (FHIRPath,
// Time-valued Quantities). Years and months have another length than their codes, so
// that they are not comparable with those: only equivalent.
var calendarDurations = map[string]struct {
	code   string
	length time.Duration
}{
	"year": {"a", 365 * day}, "month": {"mo", 30 * day}, "week": {"wk", 7 * day}, "day": {"d", day}, "hour": {"h", time.Hour},
	"minute": {"min", time.Minute}, "second": {"s", time.Second}, "millisecond": {"ms", time.Millisecond},
}

// calendarUnit returns the singular of a calendar word, "" if word is none.
func calendarUnit(word string) string {
	switch word {
	case "year", "years":
		return "year"
	case "month", "months":
		return "month"
	case "week", "weeks":
		return "week"
	case "day", "days":
		return "day"
	case "hour", "hours":
		return "hour"
	case "minute", "minutes":
		return "minute"
	case "second", "seconds":
		return "second"
	case "millisecond", "milliseconds":
		return "millisecond"
	}
	return ""
}

// calendarWord returns the calendar word that a UCUM code corresponds to, "" if it
// corresponds to none.
func calendarWord(code string) string {
	switch code {
	case "a":
		return "year"
	case "mo":
		return "month"
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
	return ""
}

// indefinite reports whether a calendar word is no duration of definite length.
func indefinite(word string) bool { return word == "year" || word == "month" }

// calendarFactor returns how many of one calendar duration another is, by the
// shortest chain of conversions: a year is 12 months, though a month is 30 days and
// a year 365.
func calendarFactor(from, to string) *big.Rat {
	switch {
	case from == "year" && to == "month":
		return big.NewRat(12, 1)
	case from == "month" && to == "year":
		return big.NewRat(1, 12)
	}
	return big.NewRat(int64(calendarDurations[from].length), int64(calendarDurations[to].length))
}
