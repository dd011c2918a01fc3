package ucum

import (
	"maps"
	"slices"
)

// For the tests that hold the tables against what is published.

func PrefixCount() int { return len(prefixes()) }

func AtomCodes() []string { return slices.Sorted(maps.Keys(atoms())) }

// Exponents of the atoms of the code, each with and without prefix taken together.
func Exponents(u Unit) map[string]int {
	exponents := map[string]int{}
	for _, f := range u.definition().term {
		for i := range min(3, len(f.symbol)) {
			atom := f.symbol[i:]
			if _, known := atoms()[atom]; known && (i == 0 || prefixes()[f.symbol[:i]] != nil) {
				exponents[atom] += f.exponent
				break
			}
		}
	}
	return exponents
}
