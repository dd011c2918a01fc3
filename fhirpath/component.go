package fhirpath

// componentFunctions take a date, dateTime or time apart (FHIRPath 3.0, 5.10). What
// the value does not hold, and what is no such value, gives an empty result.
var componentFunctions = map[string]function{
	"yearOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Year()), t.kind != timeKind
	}),
	"monthOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Month()), t.kind != timeKind && t.precision >= toMonth
	}),
	"dayOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Day()), t.kind != timeKind && t.precision >= toDay
	}),
	"hourOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Hour()), t.precision >= toHour
	}),
	"minuteOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Minute()), t.precision >= toMinute
	}),
	"secondOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Second()), t.precision >= toSecond
	}),
	"millisecondOf": component(func(t temporal) (any, bool) {
		return int64(t.at.Nanosecond() / 1e6), t.digits > 0
	}),
	"timezoneOffsetOf": component(func(t temporal) (any, bool) { // in hours
		return whole(int64(t.offset)).quo(whole(60)).fractional(), t.zoned
	}),
	"dateOf": component(func(t temporal) (any, bool) {
		p := min(t.precision, toDay)
		return temporal{kind: dateKind, precision: p, at: cutTo(t.at, p)}, t.kind != timeKind
	}),
	"timeOf": component(func(t temporal) (any, bool) {
		clock := midnight.Add(t.at.Sub(cutTo(t.at, toDay)))
		return temporal{kind: timeKind, precision: t.precision, digits: t.digits, at: clock},
			t.kind == dateTimeKind && t.precision >= toHour
	}),
}

func component(read func(temporal) (any, bool)) function {
	return function{0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		if err := f.charge(it.weight()); err != nil {
			return out, err
		}
		t, ok := it.temporal()
		if !ok {
			return out, nil
		}
		if v, ok := read(t); ok {
			out = append(out, Item{value: v})
		}
		return out, nil
	}}
}
