package fhirpath

import "time"

// add adds a duration, in calendar words or UCUM codes of definite length, to a
// temporal, or takes it away if sign is -1. A duration finer than the temporal is
// first converted to the temporal's precision and cut (FHIRPath 6.7). ok is false if
// the sum is out of range; the error is ErrOperand if q is no such duration.
//
// Failure policy: where the standard wants an error for a year out of range, the
// result is empty, as for every other overflow: 9999-12-31 is what many records have
// for an end that is open.
func (t temporal) add(q quantity, sign int64) (sum temporal, ok bool, err error) {
	unit := q.durationUnit()
	length := calendarDurations[unit].length
	if unit == "" || t.kind == timeKind && length >= day {
		return t, false, ErrOperand
	}
	count := q.value.mul(whole(sign))
	if length >= time.Minute {
		count = count.truncate()
	}
	months, days, rest := t.parts(count, unit)
	if t.kind == timeKind {
		days = decimal{} // the clock goes round
	}
	if beyond(months, 12) || beyond(days, 366) {
		return t, false, nil
	}
	if t, ok, err = t.addMonths(months.small); err != nil || !ok {
		return t, false, err
	}
	clock := time.Duration(rest.truncate().small)
	step := [...]time.Duration{toYear: day, toMonth: day, toDay: day, toHour: time.Hour, toMinute: time.Minute, toSecond: 1}[t.precision]
	t.at = t.at.AddDate(0, 0, int(days.small)).Add(clock / step * step)
	if t.kind == timeKind {
		t.at = midnight.Add((t.at.Sub(midnight)%day + day) % day)
	}
	t.refine()
	return t, 1 <= t.at.Year() && t.at.Year() <= 9999, nil
}

// parts splits a duration into what is added to the months, to the days and to the
// clock. A temporal without days gets whole months of 30 days, or years of 365.
func (t temporal) parts(count decimal, unit string) (months, days, clock decimal) {
	switch unit {
	case "year":
		return count.mul(whole(12)), days, clock
	case "month":
		return count, days, clock
	}
	days, clock = count.mul(whole(int64(calendarDurations[unit].length))).quoRem(whole(int64(day)))
	switch t.precision {
	case toYear:
		months, _ = days.mul(whole(12)).quoRem(whole(365))
	case toMonth:
		months, _ = days.quoRem(whole(30))
	default:
		return months, days, clock
	}
	return months, decimal{}, decimal{}
}

// beyond reports whether there are more than a calendar has, of which a year has that
// many.
func beyond(count decimal, inYear int64) bool {
	return count.large != nil || magnitude(count).small > 10_000*inYear
}

// refine makes room for the fraction of a second that came to be, in milliseconds at
// least.
func (t *temporal) refine() {
	for places := uint8(9); t.precision == toSecond && places > t.digits; places-- {
		if t.at.Nanosecond()/pow10(9-places)%10 != 0 {
			t.digits = max(places, 3)
			return
		}
	}
}

func pow10(n uint8) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// addMonths keeps the day unless the month is too short for it: its last day then.
func (t temporal) addMonths(months int64) (temporal, bool, error) {
	if t.precision == toYear {
		months = months / 12 * 12
	}
	total := int64(t.at.Year())*12 + int64(t.at.Month()) - 1 + months
	year, month := total/12, time.Month(total%12+1)
	if total < 12 || year > 9999 {
		return t, false, nil
	}
	last := time.Date(int(year), month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	clock := t.at.Sub(t.at.Truncate(day))
	t.at = time.Date(int(year), month, min(t.at.Day(), last), 0, 0, 0, 0, time.UTC).Add(clock)
	return t, true, nil
}
