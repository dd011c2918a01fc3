package ucum

// clinical are the units of medicine and of its laboratories.
var clinical = []entry{
	// §44
	{"m[H2O]", metric, "9.80665", "kPa", ""},
	{"m[Hg]", metric, "133.3220", "kPa", ""},
	{"[in_i'H2O]", plain, "1", "m[H2O].[in_i]/m", ""},
	{"[in_i'Hg]", plain, "1", "m[Hg].[in_i]/m", ""},
	{"[PRU]", plain, "1", "mm[Hg].s/ml", ""},
	{"[wood'U]", plain, "1", "mm[Hg].min/L", ""},
	{"[diop]", plain, "1", "/m", ""},
	{code: "[p'diop]", kind: special}, // 100 times the tangent of an angle
	{code: "%[slope]", kind: special}, // 100 times the tangent of an angle
	{"[mesh_i]", plain, "1", "/[in_i]", ""},
	{"[Ch]", plain, "1", "mm/3", ""},
	{"[drp]", plain, "1", "ml/20", ""},
	{"[hnsf'U]", plain, "1", "1", ""},
	{"[MET]", plain, "3.5", "mL/min/kg", ""},
	{code: "[hp'_X]", kind: special}, // the negative logarithm of a number
	{code: "[hp'_C]", kind: special},
	{code: "[hp'_M]", kind: special},
	{code: "[hp'_Q]", kind: special},
	{code: "[hp_X]"}, // from here to the end of §44: arbitrary
	{code: "[hp_C]"},
	{code: "[hp_M]"},
	{code: "[hp_Q]"},
	{code: "[kp_X]"},
	{code: "[kp_C]"},
	{code: "[kp_M]"},
	{code: "[kp_Q]"},

	// §45
	{"eq", metric, "1", "mol", ""},
	{"osm", metric, "1", "mol", ""},
	{code: "[pH]", kind: special}, // the negative logarithm of mol/l
	{"g%", metric, "1", "g/dl", ""},
	{"[S]", plain, "1", "10*-13.s", ""},
	{"[HPF]", plain, "1", "1", ""},
	{"[LPF]", plain, "100", "1", ""},
	{"kat", metric, "1", "mol/s", ""},
	{"U", metric, "1", "umol/min", ""},

	// §45, arbitrary
	{code: "[iU]", kind: metric},
	{"[IU]", metric, "1", "[iU]", ""},
	{code: "[arb'U]"},
	{code: "[USP'U]"},
	{code: "[GPL'U]"},
	{code: "[MPL'U]"},
	{code: "[APL'U]"},
	{code: "[beth'U]"},
	{code: "[anti'Xa'U]"},
	{code: "[todd'U]"},
	{code: "[dye'U]"},
	{code: "[smgy'U]"},
	{code: "[bdsk'U]"},
	{code: "[ka'U]"},
	{code: "[knk'U]"},
	{code: "[mclg'U]"},
	{code: "[tb'U]"},
	{code: "[CCID_50]"},
	{code: "[TCID_50]"},
	{code: "[EID_50]"},
	{code: "[PFU]"},
	{code: "[FFU]"},
	{code: "[CFU]"},
	{code: "[IR]"},
	{code: "[BAU]"},
	{code: "[AU]"},
	{code: "[Amb'a'1'U]"},
	{code: "[PNU]"},
	{code: "[Lf]"},
	{code: "[D'ag'U]"},
	{code: "[FEU]"},
	{code: "[ELU]"},
	{code: "[EU]"},
}
