package fhirpath

import "time"

// differenceFunctions measure the time from one date, dateTime or time to another
// (FHIRPath 3.0, 5.11), negative if the first is the later one. What is asked for
// more precisely than both values are known is empty.
var differenceFunctions = map[string]function{
	"duration":   {2, 2, interval(duration)},
	"difference": {2, 2, interval(difference)},
}

// periods are the words of the standard for precisions, with the part of a temporal
// that must be known to count them. Unlike in quantities, there is no plural.
var periods = map[string]precision{
	"year": toYear, "month": toMonth, "week": toDay, "day": toDay, "hour": toHour,
	"minute": toMinute, "second": toSecond, "millisecond": toSecond,
}

// interval makes a function of how many periods lie between two times.
func interval(count func(from, to time.Time, period string) int64) func(*frame, *call, []Item, []Item, []Item) ([]Item, error) {
	return func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		if err := f.charge(it.weight()); err != nil {
			return out, err
		}
		other, ok, err := f.single(c.args[0], this)
		if err != nil || !ok {
			return out, err
		}
		period, ok, err := f.text(c.args[1], this)
		if err != nil || !ok {
			return out, err
		}
		from, ok1 := it.temporal()
		to, ok2 := other.temporal()
		if !ok1 || !ok2 {
			return out, ErrOperand
		}
		if ok, err := countable(from, to, period); err != nil || !ok {
			return out, err
		}
		a, b := common(from, to, period)
		return append(out, Item{value: count(a, b, period)}), nil
	}
}

// countable reports whether the period is known of both temporals. The error is
// ErrOperand if their types have no such period in common.
func countable(from, to temporal, period string) (bool, error) {
	least, ok := periods[period]
	isTime, isDate := from.kind == timeKind, from.kind == dateKind && to.kind == dateKind
	switch {
	case !ok, isTime != (to.kind == timeKind), isTime && least < toHour, isDate && least > toDay:
		return false, ErrOperand
	case min(from.precision, to.precision) < least:
		return false, nil
	case period == "millisecond" && (from.digits == 0 || to.digits == 0):
		return false, nil
	}
	// As for comparisons, no offset is supposed where one is missing.
	return isTime || least < toHour || from.zoned == to.zoned, nil
}

// common returns two temporals to the precision that both have. From hours on they
// are brought to one offset; days and more are those of the calendar where each was
// written.
func common(from, to temporal, period string) (a, b time.Time) {
	if periods[period] >= toHour {
		to.at = to.at.Add(time.Duration(from.offset-to.offset) * time.Minute)
	}
	least := min(from.precision, to.precision)
	return cutTo(from.at, least), cutTo(to.at, least)
}

// duration counts the whole periods. A month that has no such day as the first date
// is full on its last day, as when a month is added to a date.
func duration(from, to time.Time, period string) int64 {
	if to.Before(from) {
		return -duration(to, from, period)
	}
	if period == "year" || period == "month" {
		months := difference(from, to, "month")
		full, _, _ := temporal{precision: toSecond, at: from}.addMonths(months)
		if full.at.After(to) {
			months--
		}
		if period == "year" {
			months /= 12
		}
		return months
	}
	seconds, rest := to.Unix()-from.Unix(), int64(to.Nanosecond()-from.Nanosecond())
	if rest < 0 {
		seconds, rest = seconds-1, rest+1e9
	}
	return (seconds*1e3 + rest/1e6) / calendarDurations[period].length.Milliseconds()
}

// sunday is where weeks begin.
var sunday = time.Date(1, 1, 7, 0, 0, 0, 0, time.UTC)

// difference counts the boundaries of periods that are crossed.
func difference(from, to time.Time, period string) int64 {
	switch period {
	case "year":
		return int64(to.Year() - from.Year())
	case "month":
		return int64(to.Year()-from.Year())*12 + int64(to.Month()-from.Month())
	}
	return ordinal(to, period) - ordinal(from, period)
}

// ordinal numbers the period that t is in.
func ordinal(t time.Time, period string) int64 {
	length := calendarDurations[period].length.Milliseconds()
	since := t.UnixMilli() - sunday.UnixMilli()
	n := since / length
	if since%length < 0 {
		n--
	}
	return n
}
