package ucum_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

type conversion struct {
	Value float64 `json:"value"`
	From  string  `json:"from"`
	To    string  `json:"to"`
}

type answers struct {
	Valid   []bool     `json:"valid"`
	Results []*float64 `json:"results"`
}

// A second implementation, the npm package @lhncbc/ucum-lhc, agrees on what is a code
// and, within the precision of its floating point numbers, on conversions. Run by
// hand: set CARILLON_UCUM_LHC to the folder where it is installed.
func TestPeer(t *testing.T) {
	dir := os.Getenv("CARILLON_UCUM_LHC")
	if dir == "" {
		t.Skip("left out: it needs a package of npm (make peers); CARILLON_UCUM_LHC names a folder with node_modules/@lhncbc/ucum-lhc")
	}
	codes := peerCodes()
	conversions := peerConversions(codes)
	question, err := json.Marshal(map[string]any{"codes": codes, "conversions": conversions})
	require.NoError(t, err)
	peer := exec.Command("node", "testdata/peer.cjs", dir)
	peer.Stdin, peer.Stderr = bytes.NewReader(question), os.Stderr
	reply, err := peer.Output()
	require.NoError(t, err)
	var got answers
	require.NoError(t, json.Unmarshal(reply, &got))

	valid, known := 0, 0
	for i, code := range codes {
		_, err := ucum.Parse(code)
		if err == nil {
			valid++
		}
		if got.Valid[i] != (err == nil) && !knownValidity(code, err) {
			t.Errorf("validity %q: peer %v, we %v", code, got.Valid[i], err)
		}
	}
	for i, c := range conversions {
		if knownConversion(parse(t, c.From)) || knownConversion(parse(t, c.To)) {
			known++
			continue
		}
		ours, ok := ucum.Convert(new(big.Rat).SetFloat64(c.Value), parse(t, c.From), parse(t, c.To))
		want := 0.0
		if ok {
			if want, _ = ours.Float64(); math.IsInf(want, 0) {
				continue // beyond the peer
			}
		}
		if ok != (got.Results[i] != nil) {
			t.Errorf("convert %v: peer %v, we %v", c, got.Results[i] != nil, ok)
			continue
		}
		if ok && math.Abs(*got.Results[i]-want) > 1e-9*math.Abs(want) {
			t.Errorf("convert %v: peer %v, we %v", c, *got.Results[i], want)
		}
	}
	t.Logf("%d codes, of which %d valid; %d conversions, and %d that are known to differ", len(codes), valid, len(conversions)-known, known)
}

// knownValidity tells where the peer departs from UCUM: it takes prefixes on all
// units, a factor of 0, exponents on numbers, and an annotation before a parenthesis;
// it takes arbitrary units as factors of special ones but no number below the line;
// it has no [FNU], and no definition of those of undefinedByPeer.
func knownValidity(code string, err error) bool {
	var at *ucum.Error
	if errors.As(err, &at) {
		return strings.Contains(at.Reason, "takes no prefix") || strings.Contains(at.Reason, "must be positive") ||
			strings.Contains(at.Reason, "takes no exponent") || strings.Contains(at.Reason, "too large") ||
			strings.Contains(at.Reason, "scale of its own") && strings.Contains(code, "[") || code == "{a}(m)"
	}
	u, _ := ucum.Parse(code)
	_, product := ucum.Mul(u, u)
	return containsAtom(u, undefinedByPeer) || !product && strings.ContainsAny(code, "./+01")
}

const undefinedByPeer = "[FNU] [NTU] [car_Au] [diop] [mesh_i] Bd"

// knownConversion tells what the peer does not convert: arbitrary and logarithmic
// units, and those it has no definition of. [degRe] it converts with a wrong zero,
// and some atoms it has in the sizes of UCUM 2.1.
func knownConversion(u ucum.Unit) bool {
	_, base := u.Canonical(one)
	return strings.ContainsAny(base, "[B") || strings.Contains(base, "Np") || strings.Contains(base, "bit_s") || strings.Contains(base, "%") ||
		slices.Contains([]string{"Cel/10", "Cel+1"}, u.Code()) ||
		containsAtom(u, undefinedByPeer+" [degRe] [LPF] [h] [k] [e] [m_e] [m_p] [G] u eV")
}

func containsAtom(u ucum.Unit, atoms string) bool {
	exponents := ucum.Exponents(u)
	return slices.ContainsFunc(strings.Fields(atoms), func(atom string) bool { return exponents[atom] != 0 })
}

// amount tells how often amounts of substance are in the unit: for the peer they are
// dimensions of their own, for UCUM numbers.
func amount(u ucum.Unit) [3]int {
	e := ucum.Exponents(u)
	return [3]int{e["mol"] + e["kat"] + e["U"], e["eq"], e["osm"]}
}

// peerCodes returns the codes of the tables of valid and invalid ones, terms made of
// all atoms, and these with one character lost or doubled.
func peerCodes() []string {
	var codes []string
	for _, table := range []map[string]string{valid, invalid} {
		for _, words := range table {
			codes = append(codes, strings.Fields(strings.ReplaceAll(words, "␣", ""))...)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		code := randomTerm(random)
		codes = append(codes, code)
		i := random.IntN(len(code))
		if random.IntN(2) == 0 {
			codes = append(codes, code[:i]+code[i+1:])
		} else {
			codes = append(codes, code[:i]+code[i:i+1]+code[i:])
		}
	}
	return codes
}

func randomTerm(random *rand.Rand) string {
	atoms := ucum.AtomCodes()
	prefixes := strings.Fields("k m u n c d G M da Ki")
	var code strings.Builder
	for n, pick := range random.Perm(len(atoms))[:1+random.IntN(4)] {
		if n > 0 {
			code.WriteByte("./"[random.IntN(2)])
		}
		atom := atoms[pick]
		if _, err := ucum.Parse("m" + atom); err == nil && random.IntN(2) == 0 {
			code.WriteString(prefixes[random.IntN(len(prefixes))])
		}
		code.WriteString(atom)
		if random.IntN(3) == 0 {
			code.WriteString(strings.Fields("-3 -2 -1 1 2 3")[random.IntN(6)])
		}
		if random.IntN(6) == 0 {
			code.WriteString("{x}")
		}
	}
	if random.IntN(8) == 0 {
		return "1/(" + code.String() + ")"
	}
	return code.String()
}

// peerConversions pairs each valid code with its base units and with the code of the
// same dimension before it, both ways.
func peerConversions(codes []string) (all []conversion) {
	type dimension struct {
		base   string
		amount [3]int
	}
	before := map[dimension]string{}
	for _, code := range codes {
		u, err := ucum.Parse(code)
		if err != nil {
			continue
		}
		_, base := u.Canonical(one)
		d := dimension{base, amount(u)}
		if d.amount == [3]int{} {
			all = append(all, conversion{7, code, base}, conversion{0.3, base, code})
		}
		if other := before[d]; other != "" {
			all = append(all, conversion{36.6, code, other}, conversion{1e5, other, code})
		}
		before[d] = code
	}
	return all
}
