package fhirpath

import (
	"math/big"
	"sync"
)

// significant is how many digits a root, power, exponential or logarithm keeps if
// its value has no end: those of a 128-bit decimal. A value that fits is exact.
const significant = 34

// floatBits is the precision of the floats that such a value is computed with: more
// than twice what significant needs, since raising to powers loses bits.
const floatBits = 256

func newFloat() *big.Float { return new(big.Float).SetPrec(floatBits) }

// float is d to floatBits.
func (d decimal) float() *big.Float {
	f := newFloat().SetInt(d.coefficient())
	return f.Quo(f, newFloat().SetInt(power10(d.scale)))
}

// fromFloat rounds to significant digits. ok is false beyond maxDigits.
func fromFloat(f *big.Float) (d decimal, ok bool) {
	if e := f.MantExp(nil); e > 4*maxDigits || e < -4*maxDigits {
		return d, false // not even written out
	}
	if d, ok = parseDecimal(f.Text('e', significant-1)); !ok {
		return d, false
	}
	return d.fractional(), true
}

// fractional is d with at least one digit behind the point and no zeros that are
// not needed, as the specification writes such values: 9.0.
func (d decimal) fractional() decimal {
	if d = d.trimmed(); d.scale > 0 {
		return d
	}
	return newDecimal(d.rescaled(1), 1)
}

// squareRoot has no value for a negative number.
func (d decimal) squareRoot() (decimal, bool) {
	if d.sign() < 0 {
		return d, false
	}
	f := d.float()
	return fromFloat(f.Sqrt(f))
}

// exponential is e to the power of d; it has no value beyond maxDigits.
func (d decimal) exponential() (decimal, bool) {
	f, ok := exponential(d.float())
	if !ok {
		return d, false
	}
	return fromFloat(f)
}

// exponential halves x until the series converges fast, and squares the result as
// often. ok is false if the result is far beyond maxDigits.
func exponential(x *big.Float) (e *big.Float, ok bool) {
	size := x.MantExp(nil) // |x| < 2^size
	if size > 12 {         // 1000·ln 10 < 2^12
		return nil, false
	}
	halvings := max(size, 0) + 8
	part := newFloat().SetMantExp(x, -halvings)
	sum, term := newFloat().SetInt64(1), newFloat().SetInt64(1)
	for i := int64(1); term.Sign() != 0 && term.MantExp(nil) > -floatBits; i++ {
		term.Mul(term, part)
		term.Quo(term, newFloat().SetInt64(i))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum, true
}

// naturalLogarithm has no value for zero and below.
func (d decimal) naturalLogarithm() (decimal, bool) {
	if d.sign() <= 0 {
		return d, false
	}
	return fromFloat(logarithm(d))
}

// logarithmTo has no value if base is 1. Both are above zero.
func (d decimal) logarithmTo(base decimal) (decimal, bool) {
	below := logarithm(base)
	if below.Sign() == 0 {
		return d, false
	}
	f := logarithm(d)
	return fromFloat(f.Quo(f, below))
}

// logarithm is the natural logarithm of d, which is above zero: that of m and e·ln 2
// where d is m·2^e, with m as near to 1 as can be.
func logarithm(d decimal) *big.Float {
	m := newFloat()
	e := d.float().MantExp(m)
	if m.Cmp(newFloat().SetFloat64(0.707)) < 0 {
		m.SetMantExp(m, 1)
		e--
	}
	one := newFloat().SetInt64(1)
	above, below := newFloat().Sub(m, one), newFloat().Add(m, one)
	if e == 0 { // exact, since nearly all digits of d may cancel out
		above, below = d.add(whole(-1)).float(), d.add(whole(1)).float()
	}
	sum := doubleArtanh(above.Quo(above, below))
	return sum.Add(sum, newFloat().Mul(ln2(), newFloat().SetInt64(int64(e))))
}

var ln2 = sync.OnceValue(func() *big.Float {
	return doubleArtanh(newFloat().Quo(newFloat().SetInt64(1), newFloat().SetInt64(3)))
})

// doubleArtanh is 2·artanh z, the logarithm of (1+z)/(1-z), by its series.
func doubleArtanh(z *big.Float) *big.Float {
	sum, power := newFloat().Set(z), newFloat().Set(z)
	square := newFloat().Mul(z, z)
	for i := int64(3); ; i += 2 {
		power.Mul(power, square)
		term := newFloat().Quo(power, newFloat().SetInt64(i))
		if term.Sign() == 0 || term.MantExp(nil) < sum.MantExp(nil)-floatBits {
			return sum.SetMantExp(sum, 1)
		}
		sum.Add(sum, term)
	}
}

// power raises d to y: exactly if y is whole and the result has no more than some
// maxDigits, else to significant digits. It has no value where a root of a negative
// number or a division by zero is asked for, and beyond maxDigits.
func (d decimal) power(y decimal) (p decimal, ok bool) {
	d, y = d.trimmed(), y.trimmed()
	isWhole := y.scale == 0
	switch {
	case y.sign() == 0:
		return whole(1).fractional(), true
	case d.sign() == 0:
		return d.fractional(), y.sign() > 0
	case d.sign() < 0 && !isWhole:
		return d, false
	}
	if isWhole && y.large == nil {
		if p, ok = d.exactPower(magnitude(y).small); ok {
			if y.sign() > 0 {
				return p.fractional(), true
			}
			f := p.float()
			return fromFloat(f.Quo(newFloat().SetInt64(1), f))
		}
	}
	f := logarithm(magnitude(d))
	if f, ok = exponential(f.Mul(f, y.float())); !ok {
		return d, false
	}
	if p, ok = fromFloat(f); ok && d.sign() < 0 && y.coefficient().Bit(0) == 1 {
		p = p.neg()
	}
	return p, ok
}

// exactPower raises d to a power of 0 or more. ok is false if that would be too
// long.
func (d decimal) exactPower(n int64) (p decimal, ok bool) {
	bits := int64(d.coefficient().BitLen())
	if n > 3*maxDigits || n*bits > 3*maxDigits || n*int64(d.scale) > maxDigits {
		return d, false
	}
	c := new(big.Int).Exp(d.coefficient(), big.NewInt(n), nil)
	return newDecimal(c, d.scale*int(n)), true
}
