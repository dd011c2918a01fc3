package fhirpath

import (
	"fmt"
	"strings"
	"time"
)

// precision is the last part of a temporal that is known. Seconds and their
// fraction are one part.
type precision uint8

const (
	toYear precision = iota + 1
	toMonth
	toDay
	toHour
	toMinute
	toSecond
)

type temporalKind uint8

const (
	dateKind temporalKind = iota
	dateTimeKind
	timeKind
)

// temporal is a System.Date, DateTime or Time of partial precision. Parts beyond
// the precision are zero (months and days one).
type temporal struct {
	kind      temporalKind
	precision precision
	digits    uint8 // of the fraction of a second
	zoned     bool
	offset    int16     // minutes east of UTC
	zero      bool      // an offset of 0 is written +00:00, not Z
	at        time.Time // the local parts, as if they were UTC
}

// parseLiteralTemporal reads a literal: @2020-01-01, @2020T, @T10:00.
func parseLiteralTemporal(s string) (temporal, bool) {
	s = strings.TrimPrefix(s, "@")
	if strings.HasPrefix(s, "T") {
		return parseTime(s[1:])
	}
	return parseDateTime(s)
}

// parseDateTime reads a date, or a dateTime if there is a T. An hour needs no
// minutes, as in FHIRPath.
func parseDateTime(s string) (t temporal, ok bool) {
	date, clock, isDateTime := strings.Cut(s, "T")
	if t, ok = parseDate(date); !ok || !isDateTime {
		return t, ok
	}
	t.kind = dateTimeKind
	if clock == "" {
		return t, true
	}
	if t.precision != toDay {
		return t, false
	}
	zone := strings.IndexAny(clock, "Z+-")
	if zone >= 0 {
		if t.offset, ok = parseZone(clock[zone:]); !ok {
			return t, false
		}
		t.zoned, t.zero = true, clock[zone] != 'Z'
		clock = clock[:zone]
	}
	of, ok := parseTime(clock)
	if !ok {
		return t, false
	}
	t.precision, t.digits = of.precision, of.digits
	t.at = t.at.Add(of.at.Sub(midnight))
	return t, true
}

var midnight = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)

func parseDate(s string) (t temporal, ok bool) {
	year, month, day := 0, 1, 1
	switch len(s) {
	case 10:
		if day, ok = number2(s[8:]); !ok || s[7] != '-' {
			return t, false
		}
		t.precision = toDay
		s = s[:7]
		fallthrough
	case 7:
		if month, ok = number2(s[5:]); !ok || s[4] != '-' {
			return t, false
		}
		t.precision = max(t.precision, toMonth)
		s = s[:4]
		fallthrough
	case 4:
		high, ok1 := number2(s)
		low, ok2 := number2(s[2:])
		if year = high*100 + low; !ok1 || !ok2 || year == 0 {
			return t, false
		}
		t.precision = max(t.precision, toYear)
	default:
		return t, false
	}
	t.at = time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return t, t.at.Day() == day && int(t.at.Month()) == month // else it was no day of the calendar
}

// number2 reads the two digits that s begins with.
func number2(s string) (int, bool) {
	if len(s) < 2 || !digit(s[0]) || !digit(s[1]) {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

func parseTime(s string) (t temporal, ok bool) {
	t.kind, t.at = timeKind, midnight
	units := [...]struct {
		limit int
		unit  time.Duration
	}{{24, time.Hour}, {60, time.Minute}, {60, time.Second}}
	for i, u := range units {
		n, ok := number2(s)
		if !ok || n >= u.limit {
			return t, false
		}
		t.at = t.at.Add(time.Duration(n) * u.unit)
		t.precision = toHour + precision(i)
		if s = s[2:]; s == "" {
			return t, true
		}
		if s[0] != ':' || i == 2 {
			break
		}
		s = s[1:]
	}
	if s[0] != '.' || t.precision != toSecond || len(s) < 2 || len(s) > 10 {
		return t, false
	}
	unit := time.Second
	for _, c := range s[1:] {
		if c < '0' || c > '9' {
			return t, false
		}
		unit /= 10
		t.at = t.at.Add(time.Duration(c-'0') * unit)
		t.digits++
	}
	return t, true
}

func parseZone(s string) (minutes int16, ok bool) {
	if s == "Z" {
		return 0, true
	}
	if len(s) != 6 || s[3] != ':' {
		return 0, false
	}
	hours, ok1 := number2(s[1:])
	rest, ok2 := number2(s[4:])
	if !ok1 || !ok2 || hours > 14 || rest > 59 {
		return 0, false
	}
	minutes = int16(hours*60 + rest)
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}

// String prints t without the @ of a literal, and a time without its T.
func (t temporal) String() string {
	var b strings.Builder
	if t.kind != timeKind {
		layout := [...]string{toYear: "2006", toMonth: "2006-01", toDay: "2006-01-02"}
		b.WriteString(t.at.Format(layout[min(t.precision, toDay)]))
		if t.kind == dateTimeKind && t.precision >= toHour {
			b.WriteByte('T')
		}
	}
	if t.precision >= toHour {
		layout := [...]string{toHour: "15", toMinute: "15:04", toSecond: "15:04:05"}
		b.WriteString(t.at.Format(layout[t.precision]))
	}
	if t.digits > 0 {
		b.WriteString(fmt.Sprintf(".%09d", t.at.Nanosecond())[:t.digits+1])
	}
	if t.zoned {
		switch o := int(t.offset); {
		case o == 0 && !t.zero:
			b.WriteByte('Z')
		case o < 0:
			fmt.Fprintf(&b, "-%02d:%02d", -o/60, -o%60)
		default:
			fmt.Fprintf(&b, "+%02d:%02d", o/60, o%60)
		}
	}
	return b.String()
}

// compare orders two temporals part by part. known is false if that is not
// decided: one is less precise than the other and they agree so far, or only one
// of two clock times has an offset and they are so close that the other's decides.
// ok is false for a time and a date.
func (t temporal) compare(o temporal) (order int, known, ok bool) {
	if (t.kind == timeKind) != (o.kind == timeKind) {
		return 0, false, false
	}
	least := min(t.precision, o.precision)
	a, b := t.at, o.at
	if least >= toHour && t.kind != timeKind {
		a = a.Add(-time.Duration(t.offset) * time.Minute)
		b = b.Add(-time.Duration(o.offset) * time.Minute)
		if t.zoned != o.zoned {
			return a.Compare(b), a.Sub(b).Abs() > maxOffset+time.Hour, true // as there may be no minutes
		}
	}
	if order = cutTo(a, least).Compare(cutTo(b, least)); order != 0 {
		return order, true, true
	}
	return 0, t.precision == o.precision, true
}

// maxOffset is how far clocks may be from UTC.
const maxOffset = 14 * time.Hour

func cutTo(t time.Time, p precision) time.Time {
	switch p {
	case toYear:
		return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	case toMonth:
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	case toDay:
		return t.Truncate(24 * time.Hour)
	case toHour:
		return t.Truncate(time.Hour)
	case toMinute:
		return t.Truncate(time.Minute)
	}
	return t
}
