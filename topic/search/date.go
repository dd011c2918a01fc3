package search

import (
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// span is a half-open range of time, as far as its text tells: 2026-01 is the
// whole month. A nil end is open.
type span struct{ from, to *time.Time }

// dateTest compares the range of a date with a comparator.
type dateTest struct {
	prefix   string
	from, to time.Time
}

func parseDate(s string) (test, string) {
	prefix, rest := cutPrefix(s)
	from, to, ok := parseTime(rest)
	if !ok {
		return nil, "the value must be [prefix]yyyy[-mm[-dd[Thh:mm[:ss[.fraction]][zone]]]]; a + in a zone is written %2B"
	}
	return dateTest{orEqual(prefix), from, to}, ""
}

// match compares ranges by the rules of the FHIR search page: gt and lt ask for a
// part of the element's range after or before the value's, ge and le also for one
// inside it. Where a time has no zone it is taken as UTC. ap reaches a tenth of the
// time between now and the value further, as FHIR recommends.
func (d dateTest) match(e element, v *View) bool {
	s, ok := spanOf(e)
	if !ok {
		return false
	}
	inside := s.from != nil && s.to != nil && !s.from.Before(d.from) && !s.to.After(d.to)
	switch d.prefix {
	case "eq":
		return inside
	case "ne":
		return !inside
	case "gt":
		return s.endsAfter(d.to)
	case "ge":
		return s.endsAfter(d.from)
	case "lt":
		return s.startsBefore(d.from)
	case "le":
		return s.startsBefore(d.to)
	case "sa":
		return !s.startsBefore(d.to)
	case "eb":
		return !s.endsAfter(d.from)
	case "co": // of _filter: the element's range includes the value's
		return !s.startsAfter(d.from) && !s.endsBefore(d.to)
	case "ap":
		margin := v.clock().Sub(d.from).Abs() / 10
		return s.endsAfter(d.from.Add(-margin)) && s.startsBefore(d.to.Add(margin))
	}
	return s.endsAfter(d.from) && s.startsBefore(d.to) // po of _filter: they overlap
}

func (s span) startsBefore(t time.Time) bool { return s.from == nil || s.from.Before(t) }
func (s span) startsAfter(t time.Time) bool  { return s.from != nil && s.from.After(t) }
func (s span) endsAfter(t time.Time) bool    { return s.to == nil || s.to.After(t) }
func (s span) endsBefore(t time.Time) bool   { return s.to != nil && s.to.Before(t) }

// spanOf returns the range of a date, dateTime, instant, Period or Timing. Of a
// Timing only the outer limits count: its events and bounds.
func spanOf(e element) (span, bool) {
	n, ok := e.object()
	if !ok {
		from, to, ok := parseTime(string(e.text()))
		return span{&from, &to}, ok
	}
	if n.Get("event").Exists() || n.Get("repeat").Exists() {
		return spanOfTiming(n)
	}
	return spanOfPeriod(n)
}

func spanOfPeriod(n fhirpath.Node) (s span, ok bool) {
	if start := n.Get("start"); start.Exists() {
		from, _, ok := parseTime(start.Text())
		if !ok {
			return span{}, false
		}
		s.from = &from
	}
	if end := n.Get("end"); end.Exists() {
		_, to, ok := parseTime(end.Text())
		if !ok {
			return span{}, false
		}
		s.to = &to
	}
	return s, s.from != nil || s.to != nil
}

func spanOfTiming(n fhirpath.Node) (s span, ok bool) {
	if bounds := n.Path("repeat", "boundsPeriod"); bounds.Exists() {
		return spanOfPeriod(bounds)
	}
	for event := range n.Get("event").Elements() {
		from, to, ok := parseTime(event.Text())
		if !ok {
			return span{}, false
		}
		if s.from == nil || from.Before(*s.from) {
			s.from = &from
		}
		if s.to == nil || to.After(*s.to) {
			s.to = &to
		}
	}
	return s, s.from != nil
}

// parseTime reads a date or time of any precision and returns the range it
// covers.
func parseTime(s string) (from, to time.Time, ok bool) {
	fail := func() (time.Time, time.Time, bool) { return time.Time{}, time.Time{}, false }
	year, s, ok := digits(s, 4)
	if !ok {
		return fail()
	}
	month, day := 1, 1
	if s == "" {
		from = time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(1, 0, 0), true
	}
	if month, s, ok = after(s, '-', 2); !ok || month < 1 || month > 12 {
		return fail()
	}
	if s == "" {
		from = time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC)
		return from, from.AddDate(0, 1, 0), true
	}
	if day, s, ok = after(s, '-', 2); !ok || day < 1 {
		return fail()
	}
	from = time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if from.Day() != day { // such as 30 February
		return fail()
	}
	if s == "" {
		return from, from.AddDate(0, 0, 1), true
	}
	clock, precision, s, ok := parseClock(s)
	if !ok {
		return fail()
	}
	offset, ok := parseZone(s)
	if !ok {
		return fail()
	}
	from = from.Add(clock - offset)
	return from, from.Add(precision), true
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
