package chart

import "math"

// span is what an axis covers: of a logarithmic one, the exponents.
type span struct {
	log, named  bool
	first, last float64
}

func newSpan(a Axis) span {
	s := span{log: a.Log, named: a.At != nil, first: math.Inf(1), last: math.Inf(-1)}
	if s.named {
		s.first, s.last = 0, float64(max(len(a.At)-1, 1))
	}
	return s
}

// on is where a value is along the axis.
func (s span) on(v float64) float64 {
	if s.log {
		return math.Log10(v)
	}
	return v
}

// holds reports whether a value has a place: zero has none on a logarithmic axis.
func (s span) holds(v float64) bool {
	at := s.on(v)
	return !math.IsInf(at, 0) && !math.IsNaN(at)
}

func (s *span) include(v float64) {
	if s.named || !s.holds(v) {
		return
	}
	s.first, s.last = min(s.first, s.on(v)), max(s.last, s.on(v))
}

// round makes the axis end at ticks.
func (s *span) round() {
	if s.first > s.last {
		s.first, s.last = 0, 1
	}
	step := s.step()
	s.first, s.last = math.Floor(s.first/step+1e-9)*step, math.Ceil(s.last/step-1e-9)*step
	if s.first == s.last {
		s.last += step
	}
}

// step is what lies between ticks: such that there are about five.
func (s span) step() float64 {
	if s.log || s.named {
		return 1
	}
	rough := (s.last - s.first) / 5
	if rough <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 5} {
		if rough <= m*power {
			return m * power
		}
	}
	return 10 * power
}

// share is how far along the axis a value is, from 0 to 1.
func (s span) share(v float64) float64 {
	if s.last <= s.first {
		return 0.5
	}
	return (s.on(v) - s.first) / (s.last - s.first)
}

// ticks are the values that are named.
func (s span) ticks() (values []float64) {
	step := s.step()
	for at := math.Ceil(s.first/step-1e-9) * step; at <= s.last+step*1e-9; at += step {
		if s.log {
			values = append(values, math.Pow(10, math.Round(at)))
		} else {
			values = append(values, math.Round(at/step)*step+0) // not -0
		}
	}
	return values
}
