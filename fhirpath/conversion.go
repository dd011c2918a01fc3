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
		"Boolean": toBoolean, "Integer": toInteger, "Long": toLong, "Decimal": toDecimalOf, "String": toText, "Time": toTime,
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
	for name, convert := range map[string]func(any) (any, bool){"Date": toDate, "DateTime": toDateTime} {
		all["to"+name] = function{0, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
			v, ok, err := f.dated(c, this, in, convert)
			if err != nil || !ok {
				return out, err
			}
			return append(out, Item{value: v}), f.step()
		}}
		all["convertsTo"+name] = function{0, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
			if len(in) == 0 {
				return out, nil
			}
			_, ok, err := f.dated(c, this, in, convert)
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
		return truthValue(v), true
	case string:
		d, ok := parsePlainDecimal(v)
		return d, ok
	}
	d, ok := toDecimal(v)
	return d, ok
}

// truthValue is 1.0 for true and 0.0 for false.
func truthValue(b bool) decimal {
	if b {
		return decimal{small: 10, scale: 1}
	}
	return decimal{scale: 1}
}

func toText(v any) (any, bool) {
	_, isType := v.(typeInfo)
	return systemText(v), !isType
}

func toQuantityOf(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return quantity{value: truthValue(v), unit: "1"}, true
	case string:
		q, ok := parseQuantity(v)
		return q, ok
	}
	q, ok := toQuantity(v)
	return q, ok
}

func toDate(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		t, ok := parseDate(v)
		return t, ok
	case temporal:
		p := min(v.precision, toDay)
		return temporal{precision: p, at: cutTo(v.at, p)}, v.kind != timeKind
	}
	return nil, false
}

func toDateTime(v any) (any, bool) {
	t, ok := v.(temporal)
	if s, isText := v.(string); isText {
		t, ok = parseDateTime(s)
	}
	ok = ok && t.kind != timeKind
	t.kind = dateTimeKind
	return t, ok
}

func toTime(v any) (any, bool) {
	t, ok := v.(temporal)
	if s, isText := v.(string); isText {
		t, ok = parseTime(s)
	}
	return t, ok && t.kind == timeKind
}
