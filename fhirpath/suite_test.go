package fhirpath

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// suiteCase is one case of the official FHIRPath suite, as the README beside it
// describes it.
type suiteCase struct {
	ID, Expression, Input, Error, Mode string
	Outputs                            []struct{ Type, Value string }
	Predicate                          bool
	Tags                               []string
}

// suiteFloor is how many of the 935 cases pass. It only ever rises.
const suiteFloor = 930

// disputed reads the table of CONFORMANCE.md: the cases that do not pass, each with
// its reason.
func disputed(t *testing.T) map[string]string {
	raw, err := os.ReadFile("CONFORMANCE.md")
	require.NoError(t, err)
	table := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.Contains(cells[1], "/") {
			table[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[3])
		}
	}
	return table
}

// TestSuite runs the official suite for R4. A case passes if its value or its error
// is as published; every other must be in the table, and only those.
func TestSuite(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "suite", "r4", "cases.json"))
	require.NoError(t, err)
	var suite struct{ Cases []suiteCase }
	require.NoError(t, json.Unmarshal(raw, &suite))
	require.Len(t, suite.Cases, 935)
	passed, listed := 0, disputed(t)
	for _, c := range suite.Cases {
		got, err := c.run(t)
		reason, isListed := listed[c.ID]
		delete(listed, c.ID)
		switch c.passes(got, err) {
		case true:
			passed++
			require.False(t, isListed, "%s passes now", c.ID)
		default:
			if reason == "" {
				t.Errorf("%s: %s\nwant %v %s, got %v, %v", c.ID, c.Expression, c.Outputs, c.Error, got, err)
			}
		}
	}
	t.Logf("FHIRPath R4 suite: %d of %d cases passed", passed, len(suite.Cases))
	require.Empty(t, listed, "CONFORMANCE.md lists cases that there are not")
	require.GreaterOrEqual(t, passed, suiteFloor)
}

func (c *suiteCase) passes(got Collection, err error) bool {
	if c.Error == "" {
		return err == nil && c.matches(got)
	}
	return err != nil && !strings.Contains(err.Error(), "not supported")
}

// run evaluates in strict mode where the case asks for a static check.
func (c *suiteCase) run(t *testing.T) (Collection, error) {
	input := []byte("{}")
	if c.Input != "" {
		input = suiteInput(t, c.Input)
	}
	o := Options{Release: R4}
	if c.Mode == "strict" || slices.Contains(c.Tags, "static-type-check") {
		o.Strict, o.Context = true, string(ResourceTypeOf(input))
	}
	e, err := Compile(c.Expression, o)
	if err != nil {
		return nil, err
	}
	again, err := Compile(e.String(), o)
	require.NoError(t, err, "%s printed as %s", c.Expression, e)
	require.Equal(t, e.String(), again.String())
	doc, err := Parse(input)
	require.NoError(t, err)
	return e.Evaluate(t.Context(), doc.Root(), Env{Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
}

func (c *suiteCase) matches(got Collection) bool {
	if c.Predicate {
		value, isBool := true, false
		if len(got) == 1 {
			value, isBool = got[0].Bool()
		}
		got = Collection{{value: len(got) > 0 && (value || !isBool)}}
	}
	if len(got) != len(c.Outputs) {
		return false
	}
	for i, want := range c.Outputs {
		text := got[i].String()
		switch want.Type {
		case "integer", "decimal":
			a, ok1 := parseDecimal(text)
			b, ok2 := parseDecimal(want.Value)
			if !ok1 || !ok2 || a.cmp(b) != 0 {
				return false
			}
		case "dateTime":
			a, ok1 := parseDateTime(text)
			b, ok2 := parseDateTime(want.Value)
			if order, known, _ := a.compare(b); !ok1 || !ok2 || order != 0 || !known {
				return false
			}
		default:
			if text != strings.TrimPrefix(want.Value, "@") {
				return false
			}
		}
	}
	return true
}
