package fhirpath

import "time"

// A dateTime without an offset may be meant for any: these are the outermost, in
// minutes, so that no place on earth has the moment earlier or later.
const (
	earliestOffset = 14 * 60
	latestOffset   = -12 * 60
)

// milliseconds is how many digits of a second a boundary has.
const milliseconds = 3

// digitCounts are the digits of a temporal that is written out to a part, without
// separators. A time lacks the eight of the date.
var digitCounts = [...]int64{toYear: 4, toMonth: 6, toDay: 8, toHour: 10, toMinute: 12, toSecond: 14}

const dateDigits = 8

// digitCount returns the digits that t is written with.
func (t temporal) digitCount() int64 {
	count := digitCounts[t.precision] + int64(t.digits)
	if t.kind == timeKind {
		count -= dateDigits
	}
	return count
}

// fullDigits are the digits of a complete temporal of t's kind.
func (t temporal) fullDigits() int64 {
	return [...]int64{dateKind: 8, dateTimeKind: 17, timeKind: 9}[t.kind]
}

// boundary is the first or last moment that t may stand for, written with so many
// digits. ok is false if no part ends there.
func (t temporal) boundary(e end, digits int64) (temporal, bool) {
	p, places, ok := t.part(digits)
	if !ok {
		return t, false
	}
	b := temporal{kind: t.kind, precision: p, digits: places, at: t.at}
	if e == high {
		b.at = t.last()
	}
	b.at = cutTo(b.at, p)
	if p == toSecond {
		b.at = b.at.Truncate(unitOf(places))
	}
	if t.kind == dateTimeKind && p >= toHour {
		b.zoned, b.offset = true, t.offset
		switch {
		case !t.zoned && e == low:
			b.offset = earliestOffset
		case !t.zoned:
			b.offset = latestOffset
		}
	}
	return b, true
}

// part returns the part that so many digits reach to, and how many of them are of
// the fraction of a second.
func (t temporal) part(digits int64) (p precision, places uint8, ok bool) {
	if digits > t.fullDigits() {
		return 0, 0, false
	}
	if digits == t.fullDigits() && t.kind != dateKind {
		return toSecond, milliseconds, true
	}
	first := toYear
	if t.kind == timeKind {
		digits += dateDigits
		first = toHour
	}
	for p = first; p <= toSecond; p++ {
		if digitCounts[p] == digits {
			return p, 0, true
		}
	}
	return 0, 0, false
}

// last is the end of the time that t covers, to the nanosecond.
func (t temporal) last() time.Time {
	var next time.Time
	switch t.precision {
	case toYear:
		next = t.at.AddDate(1, 0, 0)
	case toMonth:
		next = t.at.AddDate(0, 1, 0)
	case toDay:
		next = t.at.Add(day)
	case toHour:
		next = t.at.Add(time.Hour)
	case toMinute:
		next = t.at.Add(time.Minute)
	default:
		next = t.at.Add(unitOf(t.digits))
	}
	return next.Add(-1)
}

// unitOf is a second divided by 10 so many times.
func unitOf(digits uint8) time.Duration {
	return time.Second / time.Duration(pow10(digits))
}
