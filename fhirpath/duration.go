package fhirpath

import "time"

// add adds a duration, in calendar words or UCUM codes of definite length, to a
// temporal, or takes it away if sign is -1. A duration finer than the temporal is
// first converted to the temporal's precision and cut. ok is false if the sum is
// out of range; the error is ErrOperand if q is no such duration.
func (t temporal) add(q quantity, sign int64) (sum temporal, ok bool, err error) {
	unit := q.durationUnit()
	if unit == "" || t.kind == timeKind && (unit == "year" || unit == "month") {
		return t, false, ErrOperand
	}
	if unit == "year" || unit == "month" {
		n := q.value.truncate()
		if n.large != nil || n.small > 200_000 || n.small < -200_000 {
			return t, false, nil
		}
		months := sign * n.small
		if unit == "year" {
			months *= 12
		}
		return t.addMonths(months)
	}
	span := q.value
	if unit != "second" && unit != "millisecond" {
		span = span.truncate()
	}
	span = span.mul(whole(int64(lengths[unit]))).truncate()
	if span.large != nil { // more than 292 years
		return t, false, nil
	}
	d := time.Duration(sign * span.small)
	switch t.precision {
	case toYear:
		return t.addMonths(int64(d/(365*day)) * 12)
	case toMonth:
		return t.addMonths(int64(d / (30 * day)))
	}
	step := [...]time.Duration{toDay: day, toHour: time.Hour, toMinute: time.Minute, toSecond: 1}[t.precision]
	t.at = t.at.Add(d / step * step)
	if t.kind == timeKind {
		t.at = midnight.Add((t.at.Sub(midnight)%day + day) % day)
	}
	for places := uint8(9); t.precision == toSecond && places > t.digits; places-- {
		if t.at.Nanosecond()/pow10(9-places)%10 != 0 {
			t.digits = max(places, 3)
			break
		}
	}
	return t, 1 <= t.at.Year() && t.at.Year() <= 9999, nil
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

const day = 24 * time.Hour

// lengths are the durations of one length, by calendar word.
var lengths = map[string]time.Duration{
	"week": 7 * day, "day": day, "hour": time.Hour, "minute": time.Minute,
	"second": time.Second, "millisecond": time.Millisecond,
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
