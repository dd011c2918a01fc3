package ucum_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

// Facts of conversion: known outside this package, and exact.
func TestConvert(t *testing.T) {
	for _, fact := range []string{
		// SI, and what is used beside it
		"1 km = 1000 m", "1 cm3 = 1 mL", "1 dm3 = 1 L", "1 L = 1 l", "1 mm3 = 1 uL", "1 hL = 0.1 m3", "1 ar = 100 m2", "1 t = 1000 kg",
		"1 N = 1 kg.m/s2", "1 J = 1 W.s", "1 kPa = 1000 N/m2", "1 bar = 100 kPa", "1 V = 1 W/A", "1 Ohm = 1 V/A", "1 S = 1 /Ohm", "1 H = 1 V.s/A",
		"1 lx = 1 lm/m2", "1 Gy = 1 Sv", "1 Gy = 100 RAD", "1 Sv = 100 REM", "1 Ci = 37 GBq", "1 R = 258 uC/kg", "1 atm = 101325 Pa", "1 kat = 60000000 U",
		// time
		"1 d = 86400 s", "1 wk = 168 h", "1 a = 365.25 d", "1 mo = 30.4375 d", "12 mo = 1 a", "1 a_g = 365.2425 d", "1 a_t = 365.24219 d", "1 h = 60 min",
		// length and mass
		"1 [in_i] = 2.54 cm", "1 [ft_i] = 0.3048 m", "1 [yd_i] = 0.9144 m", "1 [mi_i] = 1609.344 m", "1 [nmi_i] = 1.852 km", "3937 [ft_us] = 1200 m",
		"1 [lb_av] = 453.59237 g", "1 [oz_av] = 28.349523125 g", "16 [dr_av] = 1 [oz_av]", "7000 [gr] = 1 [lb_av]", "1 [stone_av] = 14 [lb_av]", "1 [lb_tr] = 373.2417216 g",
		"3 [Ch] = 1 mm", "1 [car_m] = 200 mg", "1 Ao = 100 pm", "1 [ly] = 9460730472580800 m",
		// volume
		"1 [gal_us] = 3.785411784 L", "1 [pt_us] = 473.176473 mL", "1 [foz_us] = 29.5735295625 mL", "1 [cup_us] = 8 [foz_us]", "2 [tbs_us] = 1 [foz_us]", "3 [tsp_us] = 1 [tbs_us]",
		"1 [gal_br] = 4.54609 L", "1 [pt_br] = 568.26125 mL", "20 [foz_br] = 1 [pt_br]", "1 [tsp_m] = 5 mL", "20 [drp] = 1 mL",
		// heat, pressure, optics
		"1 kcal = 4184 J", "1 [Cal] = 1 kcal", "1 mm[Hg] = 133.322 Pa", "1 cm[H2O] = 98.0665 Pa", "100000 dyn = 1 N", "10000000 erg = 1 J", "1 P = 0.1 Pa.s", "1 [diop] = 1 m-1",
		// temperature
		"37 Cel = 310.15 K", "98.6 [degF] = 37 Cel", "-40 Cel = -40 [degF]", "0 K = -459.67 [degF]", "212 [degF] = 100 Cel", "80 [degRe] = 100 Cel", "9 [degR] = 5 K", "37000 mCel = 37 Cel", "2 10.Cel = 20 Cel", "20 Cel/10 = 2 Cel",
		// angle
		"1 circ = 360 deg", "1 deg = 60 '", "1 ' = 60 ''", "10 gon = 9 deg", "180 deg = 1 [pi].rad", "1 sph = 4 [pi].sr",
		// numbers
		"1 = 100 %", "1 % = 10 [ppth]", "1 [ppm] = 1000 [ppb]", "1 10*3 = 1000 1", "1 10^-3 = 1 [ppth]", "1 {score} = 1 1", "1 [LPF] = 100 [HPF]", "1 By = 8 bit", "1 KiBy = 1024 By", "24 [car_Au] = 1 1",
		// the laboratory
		"1 mg/dL = 10 g/m3", "90 mg/dL = 0.9 g/L", "1 g% = 1 g/dL", "1 meq/L = 1 mmol/L", "1 U = 1 umol/min", "1 10*3/uL = 1 10*9/L", "1 {cells}/uL = 1 /uL", "1 ng/mL = 1 ug/L", "1 mg/g{creat} = 1 g/kg",
		"1 mol = 602214076000000000000000 1", "8 g/(8.h) = 1 g/h", "1 mm/h = 24 mm/d", "1 L/(min.m2) = 1 L/min/m2", "1 [PRU] = 0.133322 kPa.s/mL", "1 [MET] = 3.5 mL/(kg.min)",
		// arbitrary and special units, with themselves
		"1 [iU]/mL = 1000 [iU]/L", "1 [IU] = 1 [iU]", "1 k[IU]/L = 1 [iU]/mL", "1 [CFU]/mL = 1000 [CFU]/L", "1 B = 10 dB", "30 dB[SPL] = 3 B[SPL]", "7 [pH] = 7 [pH]{blood}", "[iU] = 2 [iU]/2",
	} {
		t.Run(fact, func(t *testing.T) {
			left, right, _ := strings.Cut(fact, " = ")
			x, from := quantity(t, left)
			y, to := quantity(t, right)
			require.True(t, from.Comparable(to))
			got, ok := ucum.Convert(x, from, to)
			require.True(t, ok)
			require.Equal(t, y.RatString(), got.RatString())
			back, ok := ucum.Convert(got, to, from)
			require.True(t, ok)
			require.Equal(t, x.RatString(), back.RatString())
			baseX, codeX := from.Canonical(x)
			baseY, codeY := to.Canonical(y)
			require.Equal(t, codeX, codeY)
			require.Zero(t, baseX.Cmp(baseY))
		})
	}
}

// quantity reads "value code", where either may be left out.
func quantity(t *testing.T, s string) (*big.Rat, ucum.Unit) {
	number, code, found := strings.Cut(s, " ")
	if value, ok := new(big.Rat).SetString(number); ok {
		if !found {
			code = "1"
		}
		return value, parse(t, code)
	}
	return big.NewRat(1, 1), parse(t, s)
}

func TestConvertRefusesOtherDimensions(t *testing.T) {
	for _, pair := range []string{
		"m s", "m m2", "g N", "mg/dL mmol/L", "J W", "Cel J", "Cel m", "rad 1", "deg %", "cd lm", "C A", "mol g", "m/s s/m",
		"[iU] 1", "[iU] U", "[iU] [arb'U]", "[iU]/L [CFU]/L", "[iU]/L /L", "[iU]2 [iU]", "[CFU] [PFU]", "[hp_X] [hp_C]", "[hp_X] [kp_X]", "[iU]/L [iU]", "[USP'U] mol",
		"B 1", "B Np", "B B[SPL]", "B[V] V", "B[V] B[mV]", "dB %", "[pH] mol/L", "[pH] 1", "bit_s bit", "bit_s 1", "[p'diop] deg", "%[slope] %", "%[slope] [p'diop]", "[hp'_X] [hp_X]", "[m/s2/Hz^(1/2)] m/s2",
	} {
		a, b, _ := strings.Cut(pair, " ")
		from, to := parse(t, a), parse(t, b)
		require.False(t, from.Comparable(to), pair)
		require.False(t, to.Comparable(from), pair)
		got, ok := ucum.Convert(one, from, to)
		require.False(t, ok, pair)
		require.Nil(t, got, pair)
	}
}

func TestConvertLeavesItsArgumentsAlone(t *testing.T) {
	for _, codes := range [][2]string{{"Cel", "[degF]"}, {"mg", "kg"}, {"m", "m"}} {
		value := rat("36.6")
		from, to := parse(t, codes[0]), parse(t, codes[1])
		first, _ := ucum.Convert(value, from, to)
		want := first.RatString()
		first.SetInt64(0)
		base, _ := from.Canonical(value)
		base.SetInt64(0)
		require.Equal(t, "183/5", value.RatString())
		again, _ := ucum.Convert(value, from, to)
		require.Equal(t, want, again.RatString())
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ code, value, base string }{
		{"kg", "1000", "g"},
		{"cm2", "1/10000", "m2"},
		{"J", "1000", "g.m2/s2"},
		{"V", "1000", "g.m2/C/s2"},
		{"mg/dL", "10", "g/m3"},
		{"/min", "1/60", "1/s"},
		{"kg-1.s-1", "1/1000", "1/g/s"},
		{"Cel", "5483/20", "K"}, // 1 + 273.15
		{"10*3/uL", "1000000000000", "1/m3"},
		{"%", "1/100", "1"},
		{"{score}", "1", "1"},
		{"lm", "1", "cd.rad2"},
		{"k[IU]/L", "1000000", "[iU]/m3"},
		{"dB[SPL]", "1/10", "B[SPL]"},
		{"mmol/L", "602214076000000000000000", "1/m3"},
	} {
		value, base := parse(t, c.code).Canonical(one)
		require.Equal(t, c.value, value.RatString(), c.code)
		require.Equal(t, c.base, base, c.code)
		parse(t, base) // which is a code
	}
}

func TestZeroUnitIsUnity(t *testing.T) {
	var u ucum.Unit
	require.Equal(t, "1", u.Code())
	require.True(t, u.Comparable(parse(t, "%")))
	value, base := u.Canonical(rat("0.5"))
	require.Equal(t, "1/2", value.RatString())
	require.Equal(t, "1", base)
	product, ok := ucum.Mul(u, parse(t, "mg"))
	require.True(t, ok)
	require.Equal(t, "mg", product.Code())
}

// Every valid code converts to its base units and back without loss, and the code of
// the base units is its own canonical form.
func TestConversionIsExact(t *testing.T) {
	for _, codes := range valid {
		for _, code := range strings.Fields(codes) {
			u := parse(t, code)
			value, base := u.Canonical(rat("36.6"))
			b := parse(t, base)
			again, same := b.Canonical(value)
			require.Equal(t, base, same, code)
			require.Zero(t, again.Cmp(value), code)
			back, ok := ucum.Convert(value, b, u)
			require.True(t, ok, code)
			require.Equal(t, "183/5", back.RatString(), code)
		}
	}
}
