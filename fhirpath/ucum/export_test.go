package ucum

import (
	"maps"
	"slices"
)

// For the tests that hold the tables against what is published.

func PrefixCount() int { return len(prefixes()) }

func AtomCodes() []string { return slices.Sorted(maps.Keys(atoms())) }
