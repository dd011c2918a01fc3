package ucum

// physical are the base units and what physics builds of them.
var physical = []entry{
	// §28, base units
	{code: "m", kind: metric},
	{code: "s", kind: metric},
	{code: "g", kind: metric},
	{code: "rad", kind: metric},
	{code: "K", kind: metric},
	{code: "C", kind: metric},
	{code: "cd", kind: metric},

	// §29, numbers
	{"10*", plain, "10", "1", ""},
	{"10^", plain, "10", "1", ""},
	{"[pi]", plain, "3.1415926535897932384626433832795028841971693993751058209749445923", "1", ""},
	{"%", plain, "1", "10*-2", ""},
	{"[ppth]", plain, "1", "10*-3", ""},
	{"[ppm]", plain, "1", "10*-6", ""},
	{"[ppb]", plain, "1", "10*-9", ""},
	{"[pptr]", plain, "1", "10*-12", ""},

	// §30, SI
	{"mol", metric, "6.02214076", "10*23", ""},
	{"sr", metric, "1", "rad2", ""},
	{"Hz", metric, "1", "s-1", ""},
	{"N", metric, "1", "kg.m/s2", ""},
	{"Pa", metric, "1", "N/m2", ""},
	{"J", metric, "1", "N.m", ""},
	{"W", metric, "1", "J/s", ""},
	{"A", metric, "1", "C/s", ""},
	{"V", metric, "1", "J/C", ""},
	{"F", metric, "1", "C/V", ""},
	{"Ohm", metric, "1", "V/A", ""},
	{"S", metric, "1", "Ohm-1", ""},
	{"Wb", metric, "1", "V.s", ""},
	{"Cel", metric | special, "1", "K", "273.15"},
	{"T", metric, "1", "Wb/m2", ""},
	{"H", metric, "1", "Wb/A", ""},
	{"lm", metric, "1", "cd.sr", ""},
	{"lx", metric, "1", "lm/m2", ""},
	{"Bq", metric, "1", "s-1", ""},
	{"Gy", metric, "1", "J/kg", ""},
	{"Sv", metric, "1", "J/kg", ""},

	// §31, other units of ISO 1000
	{"deg", plain, "2", "[pi].rad/360", ""},
	{"gon", plain, "0.9", "deg", ""},
	{"'", plain, "1", "deg/60", ""},
	{"''", plain, "1", "'/60", ""},
	{"l", metric, "1", "dm3", ""},
	{"L", metric, "1", "l", ""},
	{"ar", metric, "100", "m2", ""},
	{"min", plain, "60", "s", ""},
	{"h", plain, "60", "min", ""},
	{"d", plain, "24", "h", ""},
	{"a_t", plain, "365.24219", "d", ""},
	{"a_j", plain, "365.25", "d", ""},
	{"a_g", plain, "365.2425", "d", ""},
	{"a", plain, "1", "a_j", ""},
	{"wk", plain, "7", "d", ""},
	{"mo_s", plain, "29.53059", "d", ""},
	{"mo_j", plain, "1", "a_j/12", ""},
	{"mo_g", plain, "1", "a_g/12", ""},
	{"mo", plain, "1", "mo_j", ""},
	{"t", metric, "1e3", "kg", ""},
	{"bar", metric, "1e5", "Pa", ""},
	{"u", metric, "1.66053906660e-24", "g", ""},
	{"AU", plain, "149597.870691", "Mm", ""},
	{"pc", metric, "3.085678e16", "m", ""},

	// §32, natural units
	{"[c]", metric, "299792458", "m/s", ""},
	{"[h]", metric, "6.62607015e-34", "J.s", ""},
	{"[k]", metric, "1.380649e-23", "J/K", ""},
	{"[eps_0]", metric, "8.854187817e-12", "F/m", ""},
	{"[mu_0]", metric, "1", "4.[pi].10*-7.N/A2", ""},
	{"[e]", metric, "1.602176634e-19", "C", ""},
	{"eV", metric, "1", "[e].V", ""}, // of §31
	{"[m_e]", metric, "9.1093837139e-31", "kg", ""},
	{"[m_p]", metric, "1.67262192595e-27", "kg", ""},
	{"[G]", metric, "6.67430e-11", "m3.kg-1.s-2", ""},
	{"[g]", metric, "9.80665", "m/s2", ""},
	{"atm", plain, "101325", "Pa", ""},
	{"[ly]", metric, "1", "[c].a_j", ""},
	{"gf", metric, "1", "g.[g]", ""},

	// §33, CGS
	{"Ky", metric, "1", "cm-1", ""},
	{"Gal", metric, "1", "cm/s2", ""},
	{"dyn", metric, "1", "g.cm/s2", ""},
	{"erg", metric, "1", "dyn.cm", ""},
	{"P", metric, "1", "dyn.s/cm2", ""},
	{"Bi", metric, "10", "A", ""},
	{"St", metric, "1", "cm2/s", ""},
	{"Mx", metric, "1e-8", "Wb", ""},
	{"G", metric, "1e-4", "T", ""},
	{"Oe", metric, "250", "A/m/[pi]", ""},
	{"Gb", metric, "1", "Oe.cm", ""},
	{"sb", metric, "1", "cd/cm2", ""},
	{"Lmb", metric, "1", "cd/cm2/[pi]", ""},
	{"ph", metric, "1e-4", "lx", ""},
	{"Ci", metric, "37e9", "Bq", ""},
	{"R", metric, "2.58e-4", "C/kg", ""},
	{"RAD", metric, "100", "erg/g", ""},
	{"REM", metric, "1", "RAD", ""},

	// §43, heat and textiles (what needs customary units is there)
	{"[degF]", special, "5", "K/9", "45967/180"}, // 459.67 K × 5/9
	{"[degR]", plain, "5", "K/9", ""},
	{"[degRe]", special, "5", "K/4", "273.15"},
	{"cal_[15]", metric, "4.18580", "J", ""},
	{"cal_[20]", metric, "4.18190", "J", ""},
	{"cal_m", metric, "4.19002", "J", ""},
	{"cal_IT", metric, "4.1868", "J", ""},
	{"cal_th", metric, "4.184", "J", ""},
	{"cal", metric, "1", "cal_th", ""},
	{"[Cal]", plain, "1", "kcal_th", ""},
	{"[Btu_39]", plain, "1.05967", "kJ", ""},
	{"[Btu_59]", plain, "1.05480", "kJ", ""},
	{"[Btu_60]", plain, "1.05468", "kJ", ""},
	{"[Btu_m]", plain, "1.05587", "kJ", ""},
	{"[Btu_IT]", plain, "1.05505585262", "kJ", ""},
	{"[Btu_th]", plain, "1.054350", "kJ", ""},
	{"[Btu]", plain, "1", "[Btu_th]", ""},
	{"tex", metric, "1", "g/km", ""},
	{"[den]", plain, "1", "g/9/km", ""},

	// §46, levels: logarithms of what is beside them
	{code: "Np", kind: metric | special},       // a number, natural
	{code: "B", kind: metric | special},        // a number, decimal
	{code: "B[SPL]", kind: metric | special},   // 2×10*-5 Pa, as amplitude
	{code: "B[V]", kind: metric | special},     // V, as amplitude
	{code: "B[mV]", kind: metric | special},    // mV, as amplitude
	{code: "B[uV]", kind: metric | special},    // uV, as amplitude
	{code: "B[10.nV]", kind: metric | special}, // 10 nV, as amplitude
	{code: "B[W]", kind: metric | special},     // W
	{code: "B[kW]", kind: metric | special},    // kW

	// §47, others
	{"st", metric, "1", "m3", ""},
	{"Ao", plain, "0.1", "nm", ""},
	{"b", plain, "100", "fm2", ""},
	{"att", plain, "1", "kgf/cm2", ""},
	{"mho", metric, "1", "S", ""},
	{"circ", plain, "2", "[pi].rad", ""},
	{"sph", plain, "4", "[pi].sr", ""},
	{"[car_m]", plain, "0.2", "g", ""},
	{"[car_Au]", plain, "1", "1/24", ""},
	{code: "[m/s2/Hz^(1/2)]", kind: special},
	{"[NTU]", plain, "1", "1", ""},
	{"[FNU]", plain, "1", "1", ""},

	// §48, information
	{code: "bit_s", kind: special}, // the binary logarithm of a number
	{"bit", metric, "1", "1", ""},
	{"By", metric, "8", "bit", ""},
	{"Bd", metric, "1", "/s", ""},
}
