package ucum_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

// valid are codes by what they show. No code has a space, so that they stand here as
// words.
var valid = map[string]string{
	"base units":       `m s g rad K C cd`,
	"metric prefixes":  `Ym Zm Em Pm Tm Gm Mm km hm dam dm cm mm um nm pm fm am zm ym`,
	"binary prefixes":  `Kibit Mibit GiBy TiBy KiBy kbit MBy MBd`,
	"numbers":          `1 2 10 100 007 10* 10^ 10*3 10^3 10*-3 10^-3 10*+6 10^+6 [pi] % [ppth] [ppm] [ppb] [pptr]`,
	"exponents":        `m2 m3 m-1 s-2 m+2 cm3 mm2 m0 m-0 s01 kg-1 dm3 [in_i]2 [ft_i]3 [pi]2 Hz-1`,
	"operators":        `m.s m/s m/s/s m.s-1 kg.m/s2 /m /s2 /m.s /m/s g/m.s 2.5 1/2 2.m 3/m m/3 /2`,
	"parentheses":      `(m) (m/s) m/(s) g/(8.h) J/(kg.K) W/(m2.K) ((m)) ((m/s).kg)/s (m).(s) /(m.s) (10*3) mg/(kg.(8.h)) ({cells})`,
	"annotations":      `{} {score} {#} {1.73_m2} {H.B.} mg{creat} m2{body} 10*3{cells} /{tot} {a}.{b} {a}/{b} m{}/s{x} {[} {(} {"} {=} {}.m g{/(.)}`,
	"SI":               `mol sr Hz N Pa J W A V F Ohm S Wb Cel T H lm lx Bq Gy Sv kPa MJ mV uA kOhm mS nF mT mCel mSv kBq MHz`,
	"beside the SI":    `gon deg ' '' l L ar min h d a_t a_j a_g a wk mo_s mo_j mo_g mo t bar u eV AU pc mL dL uL fL nL hL kt mbar keV har`,
	"natural units":    `[c] [h] [k] [eps_0] [mu_0] [e] [m_e] [m_p] [G] [g] atm [ly] gf kgf`,
	"CGS":              `Ky Gal dyn erg P Bi St Mx G Oe Gb sb Lmb ph Ci R RAD REM mCi uCi mR cP cSt kG mRAD`,
	"customary":        `[in_i] [ft_i] [yd_i] [mi_i] [lb_av] [oz_av] [gr] [dr_av] [stone_av] [lb_tr] [sc_ap] [acr_us] [in_us] [ft_br] [nmi_i] [kn_i] [smoot] [psi] [lbf_av] [HP]`,
	"volumes":          `[gal_us] [qt_us] [pt_us] [foz_us] [tbs_us] [tsp_us] [cup_us] [fdr_us] [gal_br] [pt_br] [foz_br] [tsp_m] [tbs_m] [cup_m] [foz_m]`,
	"heat":             `[degF] [degR] [degRe] cal kcal cal_IT cal_th cal_[15] cal_[20] cal_m [Cal] [Btu] [Btu_IT]`,
	"clinical":         `m[H2O] cm[H2O] m[Hg] mm[Hg] [in_i'Hg] [PRU] [wood'U] [diop] [p'diop] %[slope] [mesh_i] [Ch] [drp] [hnsf'U] [MET] [hp_X] [kp_C] [hp'_X]`,
	"laboratory":       `eq meq osm mosm [pH] g% mg% [S] [HPF] [LPF] kat nkat U mU kU/L U/L m[iU]/L k[IU]/mL [iU] [IU]`,
	"arbitrary":        `[arb'U] [USP'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [dye'U] [smgy'U] [bdsk'U] [ka'U] [knk'U] [mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [PFU] [FFU] [CFU] [IR] [BAU] [AU] [Amb'a'1'U] [PNU] [Lf] [D'ag'U] [FEU] [ELU] [EU]`,
	"levels":           `Np B dB B[SPL] dB[SPL] B[V] B[mV] B[uV] B[10.nV] dB[10.nV] B[W] B[kW] cNp`,
	"scaled specials":  `2.Cel Cel.2 Cel/10 10.dB dB.10*-1 Cel{oral} {a}.Cel Cel+1 (Cel)`,
	"others":           `st Ao b att mho circ sph [car_m] [car_Au] [NTU] [FNU] bit bit_s By Bd tex [den] [m/s2/Hz^(1/2)]`,
	"laboratory terms": `mg/dL mmol/L umol/L nmol/L g/L g/dL ug/L ng/mL pg/mL meq/L mosm/kg mL/min/{1.73_m2} 10*3/uL 10*6/uL 10*9/L 10*12/L /uL /[HPF] [CFU]/mL {cells}/uL {copies}/mL mg/g{creat} ng/mL{FEU} ug{FEU}/mL pg/{cell} mL/(kg.min) ug/kg/min mg/kg/d kg/m2 mm/h U/g{Hb} /100{WBCs} umol/min/g mmol/mol{creat} %{HemoglobinA1C} g/(8.h){shift} [APL'U]/mL dyn.s/cm5 dyn.s/(cm5.m2) mL/cm[H2O] L/min/m2 kcal/d mg/m2 /min {beats}/min min/d d/wk /a`,
}

// invalid are codes by the reason that refuses them. ␣ stands for a space.
var invalid = map[string]string{
	"no such unit": `x foo M k mc mcg Meter meter gram grams sec secs hr hrs day days week month year yr cc iU IU pHg
		mm[hg] MM[HG] m[HG] DL mEq mEQ Osm MOL Mol kHZ hz pascal degC degF [degC] [DegF] cel CEL celsius LB lb lbs oz in inch
		[in] [ft] [lb] [oz] [gal] [pt] [tsp] [iu] [Iu] [IIU] [iIU] [BETH'U] [cfu] [hpf] [M'U] [] [x] [arbU] arb'U [ppm'] Kg KG dl/l/x
		12h 8h 24hr 1m m^2 m**2 m*s 10** 10*^3 m_2 m- m+ m2+ s-- s-1-1 - + -1 +1 * ^ mm[H20] cm[H20] molv torr psi rpm bpm A1c m,s m;s 1,5`,
	"no such unit, or one that takes no prefix": `da mmin kh ka md kd dh cmo mwk mdeg katm kb mAo k[in_i] m[lb_av] m[degF] k[Cal] m% k10* m[pH] u[arb'U]
		m[CFU] m[ppm] kcirc m[car_m] m[NTU] mbit_s k[HPF] m' k%[slope] m[p'diop] k[psi] m[HP]`,
	"a unit is missing":                 `. / // m. m/ .m m..s m//s m./s m/.s ./m //m /.m () (.m) (m/) (/m) m.() ( m/(`,
	"'.' or '/' is missing":             `{a}} m(s) (m)s (m)(s) (m)2 (m/s)-1 {a}m {a}2 {a}{b} m{a}{b} m{a}2 m{a}m {a}(m) (m){a}(s) 2(m) {|}1 {a}rad2{b} mg{a}[iU]`,
	"'(' without ')'":                   `(m ((m) m/(s (({a})`,
	"')' without '('":                   `m) (m)) m/s) {a})`,
	"'[' without ']'":                   `[in_i m[ [H2O m.[ B[10.nV`,
	"'{' without '}'":                   `{a { m{ m/{x`,
	"the character is not allowed here": `m} {a{b}} in_i] [[in_i]] ] } ␣m m␣ m␣s mg␣/dL m{a␣b} m" "m" m=2 = µg µ ug{é} °C Å Ω m² 5‰ m[µ] [in␣i]`,
	"a number takes no exponent (a power of ten is 10*3)": `10-3 10+3 2+10 10+3/ul 2-1 m/2-1`,
	"a number must be positive":                           `0 00 0.m m/0`,
	"a unit on a scale of its own, like Cel or B, takes numeric factors only": `Cel2 Cel-1 Cel/min m.Cel Cel.m /Cel 1/Cel Cel/Cel Cel.Cel dB/m B2 [pH].L [pH]/[pH] [degF]/h K/Cel
		kg/Cel bit_s/s Np.Np [hp'_X]2 [m/s2/Hz^(1/2)]2 %[slope].m [iU].Cel Cel/[CFU] Cel0`,
	"the exponent or the factor is too large": `m101 m999 m-101 10*101 10*999999 10*-999999 10*99999999999999999999999999 m100.m m-100/m Ym100 (m51).m51 [pi]40 L34`,
}

func TestParseAcceptsCodes(t *testing.T) {
	count := 0
	for what, codes := range valid {
		t.Run(what, func(t *testing.T) {
			for _, code := range strings.Fields(codes) {
				count++
				parse(t, code)
			}
		})
	}
	require.GreaterOrEqual(t, count, 150)
}

func TestParseRefusesWhatIsNoCode(t *testing.T) {
	count := 0
	for why, codes := range invalid {
		t.Run(why, func(t *testing.T) {
			for _, code := range strings.Fields(codes) {
				count++
				_, err := ucum.Parse(strings.ReplaceAll(code, "␣", " "))
				var at *ucum.Error
				if !errors.As(err, &at) {
					t.Errorf("%s: %v", code, err)
					continue
				}
				require.Equal(t, why, at.Reason, code)
				require.LessOrEqual(t, at.Offset, len(code))
			}
		})
	}
	require.GreaterOrEqual(t, count, 150)
	_, err := ucum.Parse("")
	require.EqualError(t, err, "ucum: offset 0: a unit is missing")
}

func TestParseNamesTheFault(t *testing.T) {
	for code, want := range map[string]string{
		"mg/dl/x":                 "ucum: offset 6: no such unit",
		"mg/dL/kmin":              "ucum: offset 6: no such unit, or one that takes no prefix",
		"m/":                      "ucum: offset 2: a unit is missing",
		"g/(8.h)d":                "ucum: offset 7: '.' or '/' is missing",
		"m.[in_i":                 "ucum: offset 2: '[' without ']'",
		"m.{x":                    "ucum: offset 2: '{' without '}'",
		"m.(g/s":                  "ucum: offset 2: '(' without ')'",
		"m/s)":                    "ucum: offset 3: ')' without '('",
		"mg dL":                   "ucum: offset 2: the character is not allowed here",
		"10-3":                    "ucum: offset 0: a number takes no exponent (a power of ten is 10*3)",
		"m/0":                     "ucum: offset 2: a number must be positive",
		"m.Cel":                   "ucum: offset 2: a unit on a scale of its own, like Cel or B, takes numeric factors only",
		"m.s999":                  "ucum: offset 3: the exponent or the factor is too large",
		strings.Repeat("m", 257):  "ucum: offset 256: longer than 256 bytes",
		strings.Repeat("(", 17):   "ucum: offset 16: parentheses nested too deep",
		"m{" + "\x00" + "}":       "ucum: offset 2: the character is not allowed here",
		"\x00":                    "ucum: offset 0: the character is not allowed here",
		"{ann" + "otation" + "}2": "ucum: offset 12: '.' or '/' is missing",
	} {
		_, err := ucum.Parse(code)
		require.EqualError(t, err, want, code)
	}
}

// What is within the limits is computed, what is not is refused before it is.
func TestParseIsBounded(t *testing.T) {
	parse(t, strings.Repeat("(", 16)+"m"+strings.Repeat(")", 16))
	parse(t, "10*100")
	parse(t, strings.Repeat("9", 256))
	parse(t, "m{"+strings.Repeat("x", 253)+"}")
	parse(t, "m100/m99.m99")
	for _, code := range []string{
		"10*100" + strings.Repeat(".10*100", 30),
		"/10*100" + strings.Repeat("/10*100", 30),
		"[G]99.[h]99",
		strings.Repeat("9", 250) + strings.Repeat(".Y", 2),
	} {
		_, err := ucum.Parse(code)
		require.Error(t, err, code)
	}
}

// §4: no prefixed symbol is itself an atom, save the conflicts that UCUM lists (B),
// where the atom is meant because the other reading has a prefix on a unit without.
func TestAtomsDoNotCollideWithPrefixes(t *testing.T) {
	atoms := map[string]bool{}
	for _, code := range ucum.AtomCodes() {
		atoms[code] = true
	}
	var conflicts []string
	for _, prefix := range strings.Fields("Y Z E P T G M k h da d c m u n p f a z y Ki Mi Gi Ti") {
		for code := range atoms {
			if !atoms[prefix+code] {
				continue
			}
			conflicts = append(conflicts, prefix+"-"+code)
			_, base := parse(t, prefix+code).Canonical(one)
			_, other := parse(t, code).Canonical(one)
			require.NotEqual(t, other, base, prefix+code)
		}
	}
	require.ElementsMatch(t, []string{"G-b", "P-a", "p-h", "c-d"}, conflicts)
}
