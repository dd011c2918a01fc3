package search

import "time"

// moment is a point in time as a text tells it. Dates have no time zone.
type moment struct {
	time.Time               // in UTC
	offset    time.Duration // of the zone that the text gives; 0 if it gives none
	date      bool          // the text has no time of day
}

// compare orders two moments. Where one is a date, the other counts as what clock
// and calendar showed where it was written: "Dates do not have time zones, and time
// zones should not be considered" (FHIR search, "date").
func (m moment) compare(other moment) int {
	if m.date || other.date {
		return m.Add(m.offset).Compare(other.Add(other.offset))
	}
	return m.Compare(other.Time)
}

func (m moment) shift(by time.Duration) moment {
	m.Time = m.Add(by)
	return m
}

// span is a half-open range of time, as far as its text tells: 2026-01 is the
// whole month.
type span struct {
	from, to          moment
	noStart, noEnding bool
}

func (s *span) startsBefore(m moment) bool { return s.noStart || s.from.compare(m) < 0 }
func (s *span) startsAfter(m moment) bool  { return !s.noStart && s.from.compare(m) > 0 }
func (s *span) endsAfter(m moment) bool    { return s.noEnding || s.to.compare(m) > 0 }
func (s *span) endsBefore(m moment) bool   { return !s.noEnding && s.to.compare(m) < 0 }

// parseTime reads a date or time of any precision and returns the range it
// covers.
func parseTime(s string) (from, to moment, ok bool) {
	fail := func() (moment, moment, bool) { return moment{}, moment{}, false }
	year, s, ok := digits(s, 4)
	if !ok {
		return fail()
	}
	month, day := 1, 1
	if s == "" {
		return calendar(year, 1, 1, 1, 0, 0)
	}
	if month, s, ok = after(s, '-', 2); !ok || month < 1 || month > 12 {
		return fail()
	}
	if s == "" {
		return calendar(year, month, 1, 0, 1, 0)
	}
	if day, s, ok = after(s, '-', 2); !ok || day < 1 {
		return fail()
	}
	midnight := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if midnight.Day() != day { // such as 30 February
		return fail()
	}
	if s == "" {
		return calendar(year, month, day, 0, 0, 1)
	}
	clock, precision, s, ok := parseClock(s)
	if !ok {
		return fail()
	}
	offset, ok := parseZone(s)
	if !ok {
		return fail()
	}
	from = moment{Time: midnight.Add(clock - offset), offset: offset}
	return from, from.shift(precision), true
}

// calendar returns the range of a date and so many years, months or days.
func calendar(year, month, day, years, months, days int) (from, to moment, ok bool) {
	first := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return moment{Time: first, date: true}, moment{Time: first.AddDate(years, months, days), date: true}, true
}

// parseClock reads Thh:mm[:ss[.fraction]] and returns the time of day and how
// long the last digit lasts.
func parseClock(s string) (clock, precision time.Duration, rest string, ok bool) {
	var hour, minute, second int
	if hour, s, ok = after(s, 'T', 2); !ok || hour > 23 {
		return 0, 0, "", false
	}
	if minute, s, ok = after(s, ':', 2); !ok || minute > 59 {
		return 0, 0, "", false
	}
	clock, precision = time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute, time.Minute
	if s == "" || s[0] != ':' {
		return clock, precision, s, true
	}
	if second, s, ok = after(s, ':', 2); !ok || second > 60 {
		return 0, 0, "", false
	}
	clock, precision = clock+time.Duration(second)*time.Second, time.Second
	if s == "" || s[0] != '.' {
		return clock, precision, s, true
	}
	s = s[1:]
	n := 0
	for ; n < len(s) && s[n] >= '0' && s[n] <= '9'; n++ {
		if precision > 1 { // beyond nanoseconds digits do not count
			precision /= 10
			clock += precision * time.Duration(s[n]-'0')
		}
	}
	return clock, precision, s[n:], n > 0
}

// parseZone reads "", Z or ±hh:mm.
func parseZone(s string) (offset time.Duration, ok bool) {
	if s == "" || s == "Z" {
		return 0, true
	}
	sign := time.Duration(1)
	if s[0] == '-' {
		sign = -1
	}
	hour, rest, ok := after(s, s[0], 2)
	if !ok || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	minute, rest, ok := after(rest, ':', 2)
	if !ok || rest != "" || hour > 14 || minute > 59 {
		return 0, false
	}
	return sign * (time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute), true
}

// after reads n digits that follow the byte mark.
func after(s string, mark byte, n int) (value int, rest string, ok bool) {
	if s == "" || s[0] != mark {
		return 0, s, false
	}
	return digits(s[1:], n)
}

func digits(s string, n int) (value int, rest string, ok bool) {
	if len(s) < n {
		return 0, s, false
	}
	for i := range n {
		if s[i] < '0' || s[i] > '9' {
			return 0, s, false
		}
		value = value*10 + int(s[i]-'0')
	}
	return value, s[n:], true
}
