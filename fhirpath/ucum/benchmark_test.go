package ucum_test

import (
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

func BenchmarkParseCached(b *testing.B) {
	codes := strings.Fields(valid["laboratory terms"])
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := ucum.Parse(codes[i%len(codes)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// What a code costs the first time, and what refusing one costs each time.
func BenchmarkParseRefused(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ucum.Parse("dyn.s/(cm5.m2)/mcg"); err == nil {
			b.Fatal("accepted")
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	u, value := parse(b, "mg/dL"), rat("90.5")
	b.ReportAllocs()
	for b.Loop() {
		u.Canonical(value)
	}
}

func BenchmarkConvert(b *testing.B) {
	from, to, value := parse(b, "[degF]"), parse(b, "Cel"), rat("98.6")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ucum.Convert(value, from, to); !ok {
			b.Fatal("not converted")
		}
	}
}

func BenchmarkMul(b *testing.B) {
	x, y := parse(b, "mg/dL"), parse(b, "L/min")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ucum.Mul(x, y); !ok {
			b.Fatal("no product")
		}
	}
}
