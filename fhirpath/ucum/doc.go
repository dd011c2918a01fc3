// Package ucum reads codes of the Unified Code for Units of Measure (UCUM, the
// system http://unitsofmeasure.org of a FHIR Quantity) and computes with them
// exactly.
//
//	from, err := ucum.Parse("mg/dL")
//	to, err := ucum.Parse("g/L")
//	grams, ok := ucum.Convert(big.NewRat(90, 1), from, to) // 9/10, true
//
// A [Unit] is what a code means: how many of which base units. All numbers are
// rational, so that a conversion there and back gives the very value that went in,
// and equal quantities are equal however they are written:
//
//   - [Convert] says how many of one unit a number of another is;
//   - [Unit.Canonical] gives the value in base units and their code: a pair that is
//     the same for all ways to write a quantity, fit for the key of an index;
//   - [Mul] and [Div] give the units of products and quotients.
//
// Units that mean something only to one laboratory's procedure, like [iU] and [CFU],
// are comparable with themselves alone, also as parts of a term: [iU]/mL and [iU]/L
// are comparable, [iU]/L and [arb'U]/L are not. Degrees Celsius, Fahrenheit and
// Réaumur are converted with their zero points.
//
// Failure policy: the other units that are no multiples of a quantity (the
// logarithmic B, Np, [pH], bit_s, the retired homeopathic series, [p'diop],
// %[slope] and [m/s2/Hz^(1/2)]) are comparable with themselves alone, prefixes and
// numeric factors included, although UCUM gives functions for them: they have no
// exact values. As in UCUM, mol is a number, and so are [HPF], [NTU] or [hnsf'U]:
// these are comparable with 1 and with one another.
//
// Only the case sensitive codes are read, and no words: "year" is no code. Strangers
// write codes, so there are limits, far above all use: 256 bytes, parentheses 16
// deep, exponents to 100, and factors of 4096 bits above and below the line.
//
// # Source
//
// The symbols, factors and rules are facts of UCUM, version 2.2 of 17 June 2024,
// https://ucum.org, with section signs (§) for its paragraphs. The specification is
// copyright © 1998-2024 Regenstrief Institute, Inc. and the UCUM Organization, which
// provide it as is, without warranty, under the licence at
// https://unitsofmeasure.org/license. Its tables are not reproduced here: names,
// descriptions and print symbols of units are to be had there.
package ucum
