package ucum_test

import (
	"encoding/xml"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

// The tests of this file read what others published, and are run by hand: set
// CARILLON_UCUM to a folder that holds ucum-essence.xml (github.com/ucum-org/ucum)
// and UcumFunctionalTests.xml (github.com/FHIR/Ucum-java).

func published(t *testing.T, file string, into any) {
	t.Helper()
	dir := os.Getenv("CARILLON_UCUM")
	if dir == "" {
		t.Skip("left out: its authors publish " + file + " in no package that make could install; CARILLON_UCUM names the folder it is in")
	}
	raw, err := os.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	text := strings.Replace(string(raw), `encoding="ascii"`, `encoding="UTF-8"`, 1)
	require.NoError(t, xml.Unmarshal([]byte(text), into))
}

// Every prefix and every atom of UCUM's own table has here the same predicates and
// exactly the same size, and there is no other.
func TestEssence(t *testing.T) {
	type value struct {
		Unit  string `xml:"Unit,attr"`
		Value string `xml:"value,attr"`
	}
	var essence struct {
		Prefixes []struct {
			Code  string `xml:"Code,attr"`
			Value value  `xml:"value"`
		} `xml:"prefix"`
		Bases []struct {
			Code string `xml:"Code,attr"`
		} `xml:"base-unit"`
		Units []struct {
			Code      string `xml:"Code,attr"`
			Metric    string `xml:"isMetric,attr"`
			Special   string `xml:"isSpecial,attr"`
			Arbitrary string `xml:"isArbitrary,attr"`
			Value     value  `xml:"value"`
		} `xml:"unit"`
	}
	published(t, "ucum-essence.xml", &essence)
	known := map[string]bool{}
	for _, p := range essence.Prefixes {
		factor, ok := ucum.Convert(one, parse(t, p.Code+"m"), parse(t, "m"))
		require.True(t, ok, p.Code)
		require.Zero(t, factor.Cmp(rat(p.Value.Value)), p.Code)
		known[p.Code] = true
	}
	require.Equal(t, len(known), ucum.PrefixCount())
	for _, b := range essence.Bases {
		known[b.Code] = true
		_, base := parse(t, b.Code).Canonical(one)
		require.Equal(t, b.Code, base)
	}
	for _, u := range essence.Units {
		t.Run(u.Code, func(t *testing.T) {
			known[u.Code] = true
			unit := parse(t, u.Code)
			_, err := ucum.Parse("m" + u.Code)
			require.Equal(t, u.Metric == "yes", err == nil, "metric")
			_, err = ucum.Parse(u.Code + "2")
			require.Equal(t, u.Special == "yes", err != nil, "special")
			switch {
			case u.Special == "yes":
			case u.Arbitrary == "yes" && u.Code != "[IU]":
				_, base := unit.Canonical(one)
				require.Equal(t, u.Code, base)
			default:
				size, ok := ucum.Convert(one, unit, parse(t, u.Value.Unit))
				require.True(t, ok)
				require.Zero(t, size.Cmp(rat(u.Value.Value)))
			}
		})
	}
	for _, code := range ucum.AtomCodes() {
		require.True(t, known[code], code)
	}
	t.Logf("%d prefixes, %d base units, %d units", len(essence.Prefixes), len(essence.Bases), len(essence.Units))
}

// The functional tests that the FHIR community keeps for UCUM, with what we hold
// otherwise.
func TestFunctional(t *testing.T) {
	var suite struct {
		Validation []struct {
			ID    string `xml:"id,attr"`
			Unit  string `xml:"unit,attr"`
			Valid bool   `xml:"valid,attr"`
		} `xml:"validation>case"`
		Conversion []struct {
			ID      string `xml:"id,attr"`
			Value   string `xml:"value,attr"`
			From    string `xml:"srcUnit,attr"`
			To      string `xml:"dstUnit,attr"`
			Outcome string `xml:"outcome,attr"`
		} `xml:"conversion>case"`
		Multiplication []operation `xml:"multiplication>case"`
		Division       []operation `xml:"division>case"`
	}
	published(t, "UcumFunctionalTests.xml", &suite)
	for _, c := range suite.Validation {
		t.Run(c.ID+" "+c.Unit, func(t *testing.T) {
			_, err := ucum.Parse(c.Unit)
			require.Equal(t, c.Valid, err == nil, "%v", err)
		})
	}
	for _, c := range suite.Conversion {
		t.Run(c.ID, func(t *testing.T) {
			got, ok := ucum.Convert(rat(c.Value), parse(t, c.From), parse(t, c.To))
			require.True(t, ok)
			requireRounded(t, c.Outcome, got)
		})
	}
	for _, c := range suite.Multiplication {
		t.Run("multiply "+c.ID, func(t *testing.T) { c.require(t, ucum.Mul, new(big.Rat).Mul) })
	}
	for _, c := range suite.Division {
		t.Run("divide "+c.ID, func(t *testing.T) { c.require(t, ucum.Div, new(big.Rat).Quo) })
	}
	t.Logf("%d validations, %d conversions, %d products", len(suite.Validation), len(suite.Conversion), len(suite.Multiplication)+len(suite.Division))
}

type operation struct {
	ID     string `xml:"id,attr"`
	V1     string `xml:"v1,attr"`
	U1     string `xml:"u1,attr"`
	V2     string `xml:"v2,attr"`
	U2     string `xml:"u2,attr"`
	Result string `xml:"vRes,attr"`
	Unit   string `xml:"uRes,attr"`
}

func (o operation) require(t *testing.T, units func(a, b ucum.Unit) (ucum.Unit, bool), values func(x, y *big.Rat) *big.Rat) {
	unit, ok := units(parse(t, o.U1), parse(t, o.U2))
	require.True(t, ok)
	if o.Unit == "" {
		o.Unit = "1"
	}
	got, ok := ucum.Convert(values(rat(o.V1), rat(o.V2)), unit, parse(t, o.Unit))
	require.True(t, ok)
	requireRounded(t, o.Result, got)
}

// requireRounded allows that the published figure was rounded in its last two digits.
func requireRounded(t *testing.T, published string, got *big.Rat) {
	t.Helper()
	mantissa, exponent, _ := strings.Cut(published, "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	unit := rat("1")
	for range fraction {
		unit.Quo(unit, rat("10"))
	}
	if exponent != "" {
		unit.Mul(unit, rat("1e"+exponent))
	}
	off := new(big.Rat).Sub(rat(published), got)
	require.LessOrEqual(t, off.Abs(off).Cmp(unit), 0, "%s, not %s", got.FloatString(30), published)
}
