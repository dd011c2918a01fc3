package fhirpath

import "time"

// clockFunctions give the time of the evaluation, in its zone: the same for every
// call within it (FHIRPath 5.9).
var clockFunctions = map[string]function{
	"now": clock(func(local time.Time, offset int16) temporal {
		return temporal{kind: dateTimeKind, precision: toSecond, digits: 3, zoned: true, offset: offset,
			at: local.Truncate(time.Millisecond)}
	}),
	"today": clock(func(local time.Time, _ int16) temporal {
		return temporal{precision: toDay, at: local.Truncate(day)}
	}),
	"timeOfDay": clock(func(local time.Time, _ int16) temporal {
		return temporal{kind: timeKind, precision: toSecond, digits: 3,
			at: midnight.Add(local.Sub(local.Truncate(day)).Truncate(time.Millisecond))}
	}),
}

func clock(read func(local time.Time, offset int16) temporal) function {
	return function{0, 0, func(f *frame, _ *call, _, _, out []Item) ([]Item, error) {
		now := f.timestamp()
		_, seconds := now.Zone()
		local := now.UTC().Add(time.Duration(seconds) * time.Second)
		return append(out, Item{value: read(local, int16(seconds/60))}), nil
	}}
}
