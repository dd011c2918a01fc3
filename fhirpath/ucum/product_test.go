package ucum_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

func TestMulAndDiv(t *testing.T) {
	for _, c := range []struct{ a, operator, b, want string }{
		{"cm", "*", "cm", "cm2"},
		{"cm", "*", "cm2", "cm3"},
		{"cm", "*", "m", "cm.m"},
		{"m", "*", "cm", "cm.m"},
		{"g", "/", "m", "g/m"},
		{"m", "/", "m", "1"},
		{"cm2", "/", "cm", "cm"},
		{"1", "/", "s", "1/s"},
		{"1", "/", "m2.s", "1/m2/s"},
		{"s", "*", "1", "s"},
		{"1", "*", "s", "s"},
		{"mg/dL", "*", "dL", "mg"},
		{"mg/dL", "/", "mg/dL", "1"},
		{"kg/m3", "*", "mL", "kg.mL/m3"},
		{"m", "/", "s/m", "m2/s"},
		{"m", "*", "m-1", "1"},
		{"mg{creat}", "*", "1", "mg{creat}"},
		{"1", "*", "mg{creat}", "mg{creat}"},
		{"mg{creat}", "/", "1", "mg{creat}"},
		{"mg{creat}", "/", "dL{x}", "mg/dL"},
		{"{score}", "/", "{score}", "1"},
		{"{score}", "*", "kg", "kg"},
		{"g/(8.h)", "*", "h", "g/8"},
		{"g/(8.h)", "/", "8.h", "g/8/8/h2"},
		{"10*3/uL", "/", "10*3", "1/uL"},
		{"10*3/uL", "*", "uL", "10*3"},
		{"%", "*", "%", "%2"},
		{"[iU]/L", "*", "L", "[iU]"},
		{"[iU]", "/", "[iU]", "1"},
		{"[IU]", "/", "[iU]", "[IU]/[iU]"},
		{"m0", "*", "s", "s"},
		{"Cel", "*", "1", "Cel"},
		{"1", "*", "Cel", "Cel"},
		{"Cel", "/", "1", "Cel"},
		{"K", "*", "K", "K2"},
	} {
		t.Run(c.a+c.operator+c.b, func(t *testing.T) {
			operate := map[string]func(a, b ucum.Unit) (ucum.Unit, bool){"*": ucum.Mul, "/": ucum.Div}[c.operator]
			got, ok := operate(parse(t, c.a), parse(t, c.b))
			require.True(t, ok)
			require.Equal(t, c.want, got.Code())
		})
	}
}

func TestMulAndDivRefuse(t *testing.T) {
	for _, pair := range []string{
		"Cel Cel", "Cel m", "m Cel", "Cel %", "[degF] h", "dB m", "[pH] L", "B B", "2.Cel s", // special units
		"m100 m", "Ym50 Yg50", "[pi]9.[e]9 [h]30", // too large
		"m.g.s.rad.K.C.cd.mol.sr.Hz.N.Pa.J.W.A.V.F.Ohm.S.Wb.T.H.lm.lx.Bq.Gy.Sv.l.L.ar.t.bar.u.eV.pc.gf " + // too long
			"[in_i].[ft_i].[yd_i].[mi_i].[fth_i].[nmi_i].[gal_us].[qt_us].[pt_us].[foz_us].[tbs_us].[tsp_us].[cup_us].[gr].[lb_av].[oz_av].[dr_av].[stone_av].[gal_br].[pt_br].[foz_br].[lb_tr].[oz_tr].[in_us].[ft_us]",
	} {
		a, b, _ := strings.Cut(pair, " ")
		_, ok := ucum.Mul(parse(t, a), parse(t, b))
		require.False(t, ok, pair)
	}
	for _, pair := range []string{"Cel Cel", "1 Cel", "Cel K", "K Cel", "dB dB", "[pH] [pH]", "m-100 m"} {
		a, b, _ := strings.Cut(pair, " ")
		_, ok := ucum.Div(parse(t, a), parse(t, b))
		require.False(t, ok, pair)
	}
}

// The quantities of FHIRPath's own examples.
func TestProductsOfQuantities(t *testing.T) {
	for _, c := range []struct{ x, operator, y, want string }{
		{"2 cm", "*", "3 m", "0.06 m2"},
		{"12 cm", "*", "3 cm", "36 cm2"},
		{"12 cm2", "/", "3 cm", "4 cm"},
		{"4 g", "/", "2 m", "2 g/m"},
		{"1 m", "/", "1 m", "1 1"},
		{"70 kg", "/", "4 m2", "17.5 kg/m2"},
		{"1 [lb_av]/h", "/", "1 kg/s", "0.45359237/3600 1"},
	} {
		x, a := quantity(t, c.x)
		y, b := quantity(t, c.y)
		want, _ := strings.CutSuffix(c.want, " 1")
		number, code, _ := strings.Cut(want, " ")
		numerator, denominator, _ := strings.Cut(number, "/")
		value := rat(numerator)
		if denominator != "" {
			value.Quo(value, rat(denominator))
		}
		if code == "" {
			code = "1"
		}
		var unit ucum.Unit
		var ok bool
		if c.operator == "*" {
			unit, ok = ucum.Mul(a, b)
			x.Mul(x, y)
		} else {
			unit, ok = ucum.Div(a, b)
			x.Quo(x, y)
		}
		require.True(t, ok)
		got, ok := ucum.Convert(x, unit, parse(t, code))
		require.True(t, ok)
		require.Zero(t, got.Cmp(value), "%v", c)
	}
}

// For all pairs of proper units: the base value of a product is the product of the
// base values, the order of factors makes no difference, and dividing undoes it.
func TestProductsAreExact(t *testing.T) {
	codes := strings.Fields(valid["laboratory terms"] + " " + valid["operators"] + " " + valid["arbitrary"] + " " + valid["volumes"])
	for i, a := range codes {
		for _, b := range codes[i:] {
			ua, ub := parse(t, a), parse(t, b)
			product, ok := ucum.Mul(ua, ub)
			require.True(t, ok, "%s %s", a, b)
			reverse, _ := ucum.Mul(ub, ua)
			x, _ := ua.Canonical(one)
			y, _ := ub.Canonical(one)
			got, base := product.Canonical(one)
			require.Zero(t, got.Cmp(new(big.Rat).Mul(x, y)), "%s %s", a, b)
			other, same := reverse.Canonical(one)
			require.Equal(t, base, same, "%s %s", a, b)
			require.Zero(t, got.Cmp(other), "%s %s", a, b)
			quotient, ok := ucum.Div(product, ub)
			require.True(t, ok, "%s %s", a, b)
			back, ok := ucum.Convert(one, quotient, ua)
			require.True(t, ok, "%s %s", a, b)
			require.Zero(t, back.Cmp(one), "%s %s", a, b)
		}
	}
}
