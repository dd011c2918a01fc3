package search

import "github.com/carillon-fhir/carillon/fhirpath"

// dateTest compares the range of a date with a comparator.
type dateTest struct {
	prefix   string
	from, to moment
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
	switch d.prefix {
	case "eq":
		return !s.startsBefore(d.from) && !s.endsAfter(d.to)
	case "ne":
		return s.startsBefore(d.from) || s.endsAfter(d.to)
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
		margin := v.clock().Sub(d.from.Time).Abs() / 10
		return s.endsAfter(d.from.shift(-margin)) && s.startsBefore(d.to.shift(margin))
	}
	return s.endsAfter(d.from) && s.startsBefore(d.to) // po of _filter: they overlap
}

// spanOf returns the range of a date, dateTime, instant, Period or Timing. Of a
// Timing only the outer limits count: its events and bounds.
func spanOf(e element) (span, bool) {
	n, ok := e.object()
	if !ok {
		from, to, ok := parseTime(string(e.text()))
		return span{from: from, to: to}, ok
	}
	if n.Get("event").Exists() || n.Get("repeat").Exists() {
		return spanOfTiming(n)
	}
	return spanOfPeriod(n)
}

func spanOfPeriod(n fhirpath.Node) (s span, ok bool) {
	start, end := n.Get("start"), n.Get("end")
	s.noStart, s.noEnding = !start.Exists(), !end.Exists()
	if !s.noStart {
		if s.from, _, ok = parseTime(start.Text()); !ok {
			return span{}, false
		}
	}
	if !s.noEnding {
		if _, s.to, ok = parseTime(end.Text()); !ok {
			return span{}, false
		}
	}
	return s, !s.noStart || !s.noEnding
}

func spanOfTiming(n fhirpath.Node) (s span, ok bool) {
	if bounds := n.Path("repeat", "boundsPeriod"); bounds.Exists() {
		return spanOfPeriod(bounds)
	}
	for event := range n.Get("event").Elements() {
		from, to, valid := parseTime(event.Text())
		if !valid {
			return span{}, false
		}
		if !ok || from.compare(s.from) < 0 {
			s.from = from
		}
		if !ok || to.compare(s.to) > 0 {
			s.to = to
		}
		ok = true
	}
	return s, ok
}
