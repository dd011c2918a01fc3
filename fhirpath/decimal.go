package fhirpath

import (
	"math/big"
	"strings"
)

// maxDigits bounds the digits of a decimal on either side of the point.
const maxDigits = 1000

// decimal is an exact decimal number, coefficient × 10^-scale, that remembers its
// trailing zeros.
type decimal struct {
	small int64    // the coefficient if large is nil
	large *big.Int // never changed
	scale int      // 0 or more
}

// parseDecimal reads a JSON number. ok is false if it is none, or has more digits
// than maxDigits.
func parseDecimal(s string) (d decimal, ok bool) {
	mantissa, exponent := s, 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa = s[:i]
		for _, c := range strings.TrimLeft(s[i+1:], "+-") {
			if c < '0' || c > '9' || exponent > maxDigits {
				return d, false
			}
			exponent = exponent*10 + int(c-'0')
		}
		if strings.HasPrefix(s[i+1:], "-") {
			exponent = -exponent
		}
	}
	digits, negative := 0, false
	for i := range len(mantissa) {
		switch c := mantissa[i]; {
		case c == '-' && i == 0:
			negative = true
		case c == '.':
			d.scale = len(mantissa) - i - 1
		case digit(c):
			if digits++; digits <= 18 {
				d.small = d.small*10 + int64(c-'0')
			}
		default:
			return d, false
		}
	}
	if digits == 0 || digits > maxDigits {
		return d, false
	}
	if negative {
		d.small = -d.small
	}
	if digits > 18 {
		d.large, ok = new(big.Int).SetString(strings.Replace(mantissa, ".", "", 1), 10)
		if !ok {
			return d, false
		}
	}
	if d.scale -= exponent; d.scale > maxDigits || d.scale < -maxDigits {
		return d, false
	}
	if d.scale < 0 {
		d = newDecimal(d.rescaled(0), 0)
	}
	return d, true
}

func newDecimal(coefficient *big.Int, scale int) decimal {
	if coefficient.IsInt64() {
		return decimal{small: coefficient.Int64(), scale: scale}
	}
	return decimal{large: coefficient, scale: scale}
}

func whole(i int64) decimal { return decimal{small: i} }

func (d decimal) coefficient() *big.Int {
	if d.large != nil {
		return d.large
	}
	return big.NewInt(d.small)
}

func power10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// rescaled returns the coefficient at a scale that is not below d's.
func (d decimal) rescaled(scale int) *big.Int {
	if scale == d.scale {
		return d.coefficient()
	}
	return new(big.Int).Mul(d.coefficient(), power10(scale-d.scale))
}

// cmp compares by value, so 1.0 and 1.00 are equal.
func (d decimal) cmp(o decimal) int {
	if d.scale == o.scale && d.large == nil && o.large == nil {
		switch {
		case d.small < o.small:
			return -1
		case d.small > o.small:
			return 1
		}
		return 0
	}
	scale := max(d.scale, o.scale)
	return d.rescaled(scale).Cmp(o.rescaled(scale))
}

func (d decimal) sign() int { return d.coefficient().Sign() }

func (d decimal) neg() decimal { return newDecimal(new(big.Int).Neg(d.coefficient()), d.scale) }

func (d decimal) add(o decimal) decimal {
	scale := max(d.scale, o.scale)
	return newDecimal(new(big.Int).Add(d.rescaled(scale), o.rescaled(scale)), scale)
}

func (d decimal) mul(o decimal) decimal {
	return newDecimal(new(big.Int).Mul(d.coefficient(), o.coefficient()), d.scale+o.scale)
}

// quo divides to 20 digits behind the point, without trailing zeros; o is not 0.
func (d decimal) quo(o decimal) decimal {
	const places = 20
	scale := max(d.scale, o.scale)
	numerator := new(big.Int).Mul(d.rescaled(scale), power10(places+1))
	q := newDecimal(new(big.Int).Quo(numerator, o.rescaled(scale)), places+1)
	return q.round(places).trimmed()
}

// quoRem returns the whole quotient, rounded to zero, and the remainder.
func (d decimal) quoRem(o decimal) (quotient, remainder decimal) {
	scale := max(d.scale, o.scale)
	q, r := new(big.Int).QuoRem(d.rescaled(scale), o.rescaled(scale), new(big.Int))
	return newDecimal(q, 0), newDecimal(r, scale)
}

// trimmed is d without trailing zeros behind the point.
func (d decimal) trimmed() decimal {
	switch {
	case d.scale == 0:
		return d
	case d.sign() == 0:
		return decimal{}
	}
	digits := d.coefficient().String()
	zeros := min(len(digits)-len(strings.TrimRight(digits, "0")), d.scale)
	if zeros == 0 {
		return d
	}
	return newDecimal(new(big.Int).Quo(d.coefficient(), power10(zeros)), d.scale-zeros)
}

// round rounds half away from zero to that many places.
func (d decimal) round(places int) decimal {
	if d.scale <= places {
		return d
	}
	unit := power10(d.scale - places)
	half := new(big.Int).Rsh(unit, 1)
	if d.sign() < 0 {
		half.Neg(half)
	}
	c := new(big.Int).Add(d.coefficient(), half)
	return newDecimal(c.Quo(c, unit), places)
}

func (d decimal) truncate() decimal {
	q, _ := d.quoRem(whole(1))
	return q
}

// floor rounds down, ceiling up.
func (d decimal) floor() decimal {
	q, r := d.quoRem(whole(1))
	if r.sign() < 0 {
		return q.add(whole(-1))
	}
	return q
}

func (d decimal) ceiling() decimal { return d.neg().floor().neg() }

// equivalent compares at the precision of the less precise decimal.
func (d decimal) equivalent(o decimal) bool {
	places := min(d.places(), o.places())
	return d.round(places).cmp(o.round(places)) == 0
}

// places returns the digits behind the point without trailing zeros.
func (d decimal) places() int { return d.trimmed().scale }

// bounded reports whether d is within maxDigits.
func (d decimal) bounded() bool {
	return d.scale <= maxDigits && (d.large == nil || d.large.BitLen() <= 2*maxDigits*3)
}

// String prints d with its trailing zeros.
func (d decimal) String() string {
	s := d.coefficient().String()
	if d.scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if missing := d.scale + 1 - len(s); missing > 0 {
		s = strings.Repeat("0", missing) + s
	}
	point := len(s) - d.scale
	return sign + s[:point] + "." + s[point:]
}
