package search

import (
	"context"
	"math"
	"math/big"
	"time"
)

// Bounds are the least and the greatest of a range of dates, numbers or
// quantities, each as an integer below 1<<BoundBits that keeps the order: what is
// not greater has an integer that is not greater. Close values may share one, so
// bounds find candidates, and Test decides. An open end is 0 or MaxBound.
type Bounds struct {
	Low, High uint64 // both included
}

// BoundBits is how many bits a bound has, so that a key of the filter index can
// hold a byte beside it. MaxBound stands for an open upper end.
const (
	BoundBits = 56
	MaxBound  = 1<<BoundBits - 1
)

// Bounds returns a range for each of the value's alternatives, if the criterion
// asks for dates, numbers or quantities within ranges. A resource that matches has
// Bounds, as View.Bounds gives them for a criterion on the same scale, that overlap
// one of the ranges; one whose Bounds overlap need not match. ok is false for all
// that is no range, such as ne, :missing, a chain and alternatives in several units,
// and for ap of a date, whose range moves with the time of day.
func (c *Criterion) Bounds() (ranges []Bounds, ok bool) {
	if c.Modifier != "" || c.beyond != nil || c.asks {
		return nil, false
	}
	tests := c.alternatives()
	for _, t := range tests {
		r, can := t.(ranger)
		if !can || !sameUnit(t, tests[0]) {
			return nil, false
		}
		b, can := r.bounds()
		if !can {
			return nil, false
		}
		ranges = append(ranges, b)
	}
	return ranges, true
}

// alternatives returns the tests any of which an element must pass.
func (c *Criterion) alternatives() []test {
	if all, ok := c.test.(anyOf); ok {
		return all
	}
	return []test{c.test}
}

// SameScale reports whether the bounds of c and d can be compared: they search the
// same parameter, and quantities in the same unit. Both must have Bounds.
func (c *Criterion) SameScale(d *Criterion) bool {
	return c.definition == d.definition && sameUnit(c.alternatives()[0], d.alternatives()[0])
}

func sameUnit(t, u test) bool {
	q, ok := t.(quantity)
	p, both := u.(quantity)
	return ok == both && q.anyUnit == p.anyUnit && q.system == p.system && q.code == p.code
}

// ranger is a test for a value within a range.
type ranger interface {
	// bounds returns what the range of a matching element overlaps; ok is false if
	// that is no range after all.
	bounds() (b Bounds, ok bool)
	// boundsOf returns the range of an element; ok is false if the test is not about
	// such an element.
	boundsOf(e element) (b Bounds, ok bool)
}

// Bounds returns the range that the resource's values for the parameter of c lie
// in, all of them together, quantities in the unit of c. ok is false if there are
// none, or none that compare by range. c must have Bounds. An error is as those of
// Test, which fails for the parameter then as well.
func (v *View) Bounds(ctx context.Context, c *Criterion) (b Bounds, ok bool, err error) {
	elements, err := v.elements(ctx, c.definition)
	if err != nil {
		return Bounds{}, false, err
	}
	r, can := c.alternatives()[0].(ranger)
	if !can {
		return Bounds{}, false, nil
	}
	for _, e := range elements {
		one, can := r.boundsOf(e)
		switch {
		case !can:
		case !ok:
			b, ok = one, true
		default:
			b = Bounds{min(b.Low, one.Low), max(b.High, one.High)}
		}
	}
	return b, ok, nil
}

// bounds follows from match. Whether a limit itself belongs to the range is left
// to match.
func (d dateTest) bounds() (Bounds, bool) {
	from, to := momentBounds(d.from), momentBounds(d.to)
	switch d.prefix {
	case "eq":
		return Bounds{from.Low, to.High}, true
	case "gt", "sa":
		return Bounds{to.Low, MaxBound}, true
	case "ge":
		return Bounds{from.Low, MaxBound}, true
	case "lt", "eb":
		return Bounds{0, from.High}, true
	case "le":
		return Bounds{0, to.High}, true
	}
	return Bounds{}, false
}

func (d dateTest) boundsOf(e element) (Bounds, bool) {
	s, ok := spanOf(e)
	b := Bounds{0, MaxBound}
	from, to := momentBounds(s.from), momentBounds(s.to)
	switch {
	case s.noStart:
		b.High = to.High
	case s.noEnding:
		b.Low = from.Low
	default: // a period may end before it begins
		b = Bounds{min(from.Low, to.Low), max(from.High, to.High)}
	}
	return b, ok
}

// momentBounds returns the two times that a moment counts as, see moment.compare:
// the one that all the world has, and what the clock showed.
func momentBounds(m moment) Bounds {
	world, local := timeBound(m.Time), timeBound(m.Add(m.offset))
	return Bounds{min(world, local), max(world, local)}
}

// yearZero is the earliest time that FHIR can write, but for its zone.
var yearZero = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

// timeBound counts 1/65536 seconds from a day before the year 0. The year 10000 is
// below 1<<55 of them.
func timeBound(t time.Time) uint64 {
	return uint64(t.Unix()-yearZero+24*60*60)<<16 | uint64(t.Nanosecond())<<16/uint64(time.Second)
}

func (t numberTest) bounds() (Bounds, bool) {
	switch t.prefix {
	case "eq", "ap":
		return Bounds{numberBound(t.low), numberBound(t.high)}, true
	case "gt", "ge", "sa":
		return Bounds{numberBound(t.value), MaxBound}, true
	case "lt", "le", "eb":
		return Bounds{0, numberBound(t.value)}, true
	}
	return Bounds{}, false
}

func (t numberTest) boundsOf(e element) (Bounds, bool) {
	i, ok := intervalOf(e)
	return i.bounds(), ok
}

func (q quantity) bounds() (Bounds, bool) { return q.number.bounds() }

func (q quantity) boundsOf(e element) (Bounds, bool) {
	i, ok := q.intervalOf(e)
	return i.bounds(), ok
}

func (i interval) bounds() Bounds {
	switch {
	case i.low == nil && i.high == nil:
		return Bounds{0, MaxBound}
	case i.low == nil:
		return Bounds{0, numberBound(i.high)}
	case i.high == nil:
		return Bounds{numberBound(i.low), MaxBound}
	}
	low, high := numberBound(i.low), numberBound(i.high)
	return Bounds{min(low, high), max(low, high)} // a Range may end before it begins
}

// numberBound keeps the first 56 bits of the nearest float64, made to sort as
// integers do: rounding never changes the order of two numbers, it only makes
// neighbours equal.
func numberBound(r *big.Rat) uint64 {
	f, _ := r.Float64()
	bits := math.Float64bits(f)
	if f < 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63 // also minus zero
	}
	return bits >> (64 - BoundBits)
}
