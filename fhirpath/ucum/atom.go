package ucum

import (
	"math/big"
	"slices"
	"sync"
)

// atom is the meaning of a unit atom.
type atom struct {
	meaning
	metric bool // takes a prefix (§11)
}

// entry defines an atom: value times the code unit, which is made of atoms before it,
// or without a unit a dimension of its own.
type entry struct {
	code   string
	kind   kind
	value  string
	unit   string
	offset string // of a temperature: its zero, in K
}

// kind is a set of an atom's predicates.
type kind uint8

const (
	plain   kind = 0
	metric  kind = 1 // takes a prefix (§11)
	special kind = 2 // not on a ratio scale (§21)
)

// atoms returns all atoms by their symbols. They are computed when the first code is
// parsed.
var atoms = sync.OnceValue(func() map[string]atom {
	entries := slices.Concat(physical, customary, clinical)
	all := make(map[string]atom, len(entries))
	for _, e := range entries {
		all[e.code] = e.define(all)
	}
	return all
})

// define panics on an entry that defines nothing, which the tests of the tables rule
// out.
func (e entry) define(before map[string]atom) atom {
	m := meaning{factor: big.NewRat(1, 1), base: powers{{e.code, 1}}}
	if e.unit != "" {
		p := parser{code: e.unit, atoms: before}
		d, err := p.parse()
		if err != nil {
			panic(err)
		}
		m = d.scaled(rational(e.value))
	}
	if e.offset != "" {
		m.offset = rational(e.offset)
	}
	m.special = e.kind&special != 0
	return atom{meaning: m, metric: e.kind&metric != 0}
}

func rational(decimal string) *big.Rat {
	r, ok := new(big.Rat).SetString(decimal)
	if !ok {
		panic("ucum: no number in the table of atoms: " + decimal)
	}
	return r
}

// prefixes by their symbols (§27, §49).
var prefixes = sync.OnceValue(func() map[string]*big.Rat {
	all := make(map[string]*big.Rat)
	for symbol, value := range map[string]string{
		"Y": "1e24", "Z": "1e21", "E": "1e18", "P": "1e15", "T": "1e12", "G": "1e9", "M": "1e6", "k": "1e3", "h": "1e2", "da": "1e1",
		"d": "1e-1", "c": "1e-2", "m": "1e-3", "u": "1e-6", "n": "1e-9", "p": "1e-12", "f": "1e-15", "a": "1e-18", "z": "1e-21", "y": "1e-24",
		"Ki": "1024", "Mi": "1048576", "Gi": "1073741824", "Ti": "1099511627776",
	} {
		all[symbol] = rational(value)
	}
	return all
})

// find returns the meaning of an atom with or without a prefix: the longest prefix
// before a metric atom, or else none (§4). reason is "" if there is one.
func find(atoms map[string]atom, symbol string) (m meaning, reason string) {
	reason = noSymbol
	for length := min(2, len(symbol)-1); length > 0; length-- {
		prefix := prefixes()[symbol[:length]]
		a, known := atoms[symbol[length:]]
		if prefix == nil || !known {
			continue
		}
		if a.metric {
			return a.scaled(prefix), ""
		}
		reason = notMetric
	}
	if a, known := atoms[symbol]; known {
		return a.meaning, ""
	}
	return m, reason
}
