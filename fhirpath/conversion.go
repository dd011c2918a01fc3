package fhirpath

import (
	"math"
	"strconv"
	"strings"
)

// conversionFunctions convert a single item to a System type, or say whether that
// is possible (FHIRPath 5.5). What can't be converted gives an empty result.
var conversionFunctions = func() map[string]function {
	all := map[string]function{}
	for name, convert := range map[string]func(any) (any, bool){
		"Boolean": toBoolean, "Integer": toInteger, "Decimal": toDecimalOf, "String": toText,
		"Date": toDate, "DateTime": toDateTime, "Time": toTime,
		"Long": toLong,
	} {
		all["to"+name] = function{0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
			v, ok, err := f.converted(in, convert)
			if err != nil || !ok {
				return out, err
			}
			return append(out, Item{value: v}), f.step()
		}}
		all["convertsTo"+name] = function{0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
			if len(in) == 0 {
				return out, nil
			}
			_, ok, err := f.converted(in, convert)
			return truthOf(ok).appendTo(out), err
		}}
	}
	all["toQuantity"] = function{0, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		q, ok, err := f.quantityIn(c, this, in)
		if err != nil || !ok {
			return out, err
		}
		return append(out, Item{value: q}), f.step()
	}}
	all["convertsToQuantity"] = function{0, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		if len(in) == 0 {
			return out, nil
		}
		_, ok, err := f.quantityIn(c, this, in)
		return truthOf(ok).appendTo(out), err
	}}
	return all
}()

// quantityIn converts to a quantity, in the unit of the argument if there is one.
func (f *frame) quantityIn(c *call, this, in []Item) (q quantity, ok bool, err error) {
	v, ok, err := f.converted(in, toQuantityOf)
	if err != nil || !ok || len(c.args) == 0 {
		q, _ = v.(quantity)
		return q, ok, err
	}
	unit, ok, err := f.text(c.args[0], this)
	if err != nil || !ok {
		return q, false, err
	}
	q, ok = v.(quantity).to(unit)
	return q, ok, nil
}

func (f *frame) converted(in []Item, convert func(any) (any, bool)) (v any, ok bool, err error) {
	it, ok, err := one(in)
	if err != nil || !ok {
		return nil, false, err
	}
	if err := f.charge(it.weight()); err != nil {
		return nil, false, err
	}
	if v = it.system(); v == nil {
		return nil, false, nil
	}
	v, ok = convert(v)
	return v, ok, nil
}

func toBoolean(v any) (any, bool) {
	if d, ok := toDecimal(v); ok {
		switch {
		case d.cmp(whole(1)) == 0:
			return true, true
		case d.sign() == 0:
			return false, true
		}
		return nil, false
	}
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true", "t", "yes", "y", "1", "1.0":
			return true, true
		case "false", "f", "no", "n", "0", "0.0":
			return false, true
		}
	}
	return nil, false
}

func toInteger(v any) (any, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case long:
		return int64(v), math.MinInt32 <= v && v <= math.MaxInt32
	case bool:
		if v {
			return int64(1), true
		}
		return int64(0), true
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		return i, err == nil && math.MinInt32 <= i && i <= math.MaxInt32
	}
	return nil, false
}

func toLong(v any) (any, bool) {
	switch v := v.(type) {
	case long:
		return v, true
	case int64:
		return long(v), true
	case bool:
		if v {
			return long(1), true
		}
		return long(0), true
	case string:
		i, err := strconv.ParseInt(v, 10, 64)
		return long(i), err == nil
	}
	return nil, false
}

func toDecimalOf(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return whole(1), true
		}
		return whole(0), true
	case string:
		d, ok := parsePlainDecimal(v)
		return d, ok
	}
	d, ok := toDecimal(v)
	return d, ok
}

func toText(v any) (any, bool) { return systemText(v), true }

func toQuantityOf(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return quantity{value: whole(1), unit: "1"}, true
		}
		return quantity{unit: "1"}, true
	case string:
		q, ok := parseQuantity(v)
		return q, ok
	}
	q, ok := toQuantity(v)
	return q, ok
}

func toDate(v any) (any, bool) {
	t, ok := asTemporal(v, parseDateTime)
	if !ok || t.kind == timeKind {
		return nil, false
	}
	if t.kind == dateTimeKind {
		p := min(t.precision, toDay)
		t = temporal{precision: p, at: cutTo(t.at, p)}
	}
	return t, true
}

func toDateTime(v any) (any, bool) {
	t, ok := asTemporal(v, parseDateTime)
	if !ok || t.kind == timeKind {
		return nil, false
	}
	t.kind = dateTimeKind
	return t, true
}

func toTime(v any) (any, bool) {
	t, ok := asTemporal(v, func(s string) (temporal, bool) { return parseTime(strings.TrimPrefix(s, "T")) })
	return t, ok && t.kind == timeKind
}

func asTemporal(v any, parse func(string) (temporal, bool)) (temporal, bool) {
	switch v := v.(type) {
	case temporal:
		return v, true
	case string:
		return parse(v)
	}
	return temporal{}, false
}
