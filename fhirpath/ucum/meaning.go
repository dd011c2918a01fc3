package ucum

import "math/big"

const (
	maxExponent = 100
	maxBits     = 4096 // of a factor's numerator, and of its denominator
)

// meaning is what a term or an atom measures: value × factor + offset, in base.
type meaning struct {
	factor  *big.Rat // positive; never changed
	offset  *big.Rat // nil but for temperatures whose zero is not that of K; never changed
	base    powers   // of base units, and of atoms that are comparable with themselves alone
	special bool     // not on a ratio scale (§21), so that it takes part in no product
}

func (m meaning) toBase(value *big.Rat) *big.Rat {
	r := new(big.Rat).Mul(value, m.factor)
	if m.offset != nil {
		r.Add(r, m.offset)
	}
	return r
}

// fromBase changes r, and returns it.
func (m meaning) fromBase(r *big.Rat) *big.Rat {
	if m.offset != nil {
		r.Sub(r, m.offset)
	}
	return r.Quo(r, m.factor)
}

// times returns m × o, or m / o if sign is -1, and as reason why that is none: "" if
// it is one. A special unit may only be multiplied with what has no dimension (§22).
func (m meaning) times(o meaning, sign int) (product meaning, reason string) {
	if o.special && sign > 0 {
		m, o = o, m
	}
	if o.special || m.special && len(o.base) > 0 {
		return meaning{}, specialInTerm
	}
	product = meaning{factor: new(big.Rat), offset: m.offset, base: m.base.times(o.base, sign), special: m.special}
	if sign > 0 {
		product.factor.Mul(m.factor, o.factor)
	} else {
		product.factor.Quo(m.factor, o.factor)
	}
	if bits(product.factor) > maxBits || product.base.largest() > maxExponent {
		return meaning{}, tooLarge
	}
	return product, ""
}

// power returns m to the power of n, which is within ±maxExponent.
func (m meaning) power(n int) (p meaning, reason string) {
	if n == 1 {
		return m, ""
	}
	if m.special {
		return meaning{}, specialInTerm
	}
	size, exponent := max(n, -n), new(big.Int)
	if bits(m.factor)*size > maxBits { // before the number is computed
		return meaning{}, tooLarge
	}
	exponent.SetInt64(int64(size))
	p.factor = new(big.Rat).SetFrac(
		new(big.Int).Exp(m.factor.Num(), exponent, nil),
		new(big.Int).Exp(m.factor.Denom(), exponent, nil))
	if n < 0 {
		p.factor.Inv(p.factor)
	}
	if p.base = m.base.power(n); p.base.largest() > maxExponent {
		return meaning{}, tooLarge
	}
	return p, ""
}

// scaled returns m with the factor of a prefix.
func (m meaning) scaled(prefix *big.Rat) meaning {
	m.factor = new(big.Rat).Mul(m.factor, prefix)
	return m
}

func bits(r *big.Rat) int { return max(r.Num().BitLen(), r.Denom().BitLen()) }
