package ucum

import (
	"strconv"
	"strings"
)

// power is a symbol to an exponent that is not 0.
type power struct {
	symbol   string // a number, an atom, or a prefix and an atom
	exponent int
}

// powers is a product of symbols: each once, in the order of their bytes. It is
// never changed.
type powers []power

// times merges p and q, whose exponents are multiplied with sign.
func (p powers) times(q powers, sign int) powers {
	if len(q) == 0 {
		return p
	}
	product := make(powers, 0, len(p)+len(q))
	for len(p) > 0 || len(q) > 0 {
		switch {
		case len(q) == 0 || len(p) > 0 && p[0].symbol < q[0].symbol:
			product, p = append(product, p[0]), p[1:]
		case len(p) == 0 || q[0].symbol < p[0].symbol:
			product, q = append(product, power{q[0].symbol, sign * q[0].exponent}), q[1:]
		default:
			if sum := p[0].exponent + sign*q[0].exponent; sum != 0 {
				product = append(product, power{p[0].symbol, sum})
			}
			p, q = p[1:], q[1:]
		}
	}
	return product
}

// power multiplies all exponents with n.
func (p powers) power(n int) powers {
	if n == 0 {
		return nil
	}
	raised := make(powers, len(p))
	for i, f := range p {
		raised[i] = power{f.symbol, n * f.exponent}
	}
	return raised
}

// largest returns the largest exponent, without regard to signs.
func (p powers) largest() int {
	largest := 0
	for _, f := range p {
		largest = max(largest, f.exponent, -f.exponent)
	}
	return largest
}

// code writes the product as a UCUM code that every reading of the grammar takes for
// the same: what is above the line first, or 1 if that is nothing, then what is below
// the line, each with its own solidus.
func (p powers) code() string {
	var above, below []byte
	for _, f := range p {
		operator, size, side := byte('.'), f.exponent, &above
		if f.exponent < 0 {
			operator, size, side = '/', -f.exponent, &below
		}
		repeat := 1
		if number(f.symbol) { // which takes no exponent
			repeat, size = size, 1
		}
		for range repeat {
			*side = append(append(*side, operator), f.symbol...)
		}
		if size > 1 {
			*side = strconv.AppendInt(*side, int64(size), 10)
		}
	}
	if above == nil {
		above = []byte(".1")
	}
	return string(append(above[1:], below...))
}

// number tells whether the symbol has digits only (§8).
func number(symbol string) bool {
	return strings.Trim(symbol, "0123456789") == ""
}
