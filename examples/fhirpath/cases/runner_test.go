package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

const folder = "../../../fhirpath/testdata/suite/r4"

const patient = `{"resourceType":"Patient","id":"p","active":true,"name":[{"given":["Anna","Maria"]}]}`

func caseOf(t *testing.T, raw string) (c Case) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(raw), &c))
	return c
}

func runner(t *testing.T, engine Engine) *Runner {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.json"), []byte(patient), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "p.xml"), []byte("<Patient/>"), 0o600))
	return &Runner{Inputs: dir, Release: fhirpath.R4, Engine: engine}
}

// instead is an engine that evaluates another expression than it is asked to.
func instead(expression string) Engine {
	return func(ctx context.Context, _ string, o fhirpath.Options, focus fhirpath.Node) (fhirpath.Collection, error) {
		return Evaluate(ctx, expression, o, focus)
	}
}

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name string
		raw  string
		want Verdict
	}{
		{"function that nobody defines", `{"expression":"1.nothing()","error":"semantic"}`, Passed},
		{"reference to what is not there", `{"expression":"resolve()","input":"p.json","outputs":[]}`, Passed},
		{"value", `{"expression":"1 + 1","outputs":[{"type":"integer","value":"2"}]}`, Passed},
		{"wrong value", `{"expression":"1 + 1","outputs":[{"type":"integer","value":"3"}]}`, Failed},
		{"wrong type", `{"expression":"1 + 1","outputs":[{"type":"decimal","value":"2"}]}`, Failed},
		{"prefix of the type and case don't count", `{"expression":"1","outputs":[{"type":"System.INTEGER","value":"1"}]}`, Passed},
		{"inferred type", `{"expression":"1","outputs":[{"type":"decimal","value":"1.0","typeInferred":true}]}`, Passed},
		{"inferred type, wrong value", `{"expression":"1","outputs":[{"type":"integer","value":"2","typeInferred":true}]}`, Failed},
		{"inferred type of a quantity", `{"expression":"1.50 'cm'","outputs":[{"type":"string","value":"1.5 'cm'","typeInferred":true}]}`, Passed},
		{"no type given", `{"expression":"'a'","outputs":[{"value":"a"}]}`, Passed},
		{"no value given", `{"expression":"'a'","outputs":[{"type":"string"}]}`, Passed},
		{"value that is no string", `{"expression":"true","outputs":[{"type":"boolean","value":true}]}`, Passed},
		{"trailing zeros", `{"expression":"1.50","outputs":[{"type":"decimal","value":"1.5"}]}`, Passed},
		{"all digits of a decimal", `{"expression":"0.1234567","outputs":[{"type":"decimal","value":"0.12345670000000001"}]}`, Failed},
		{"quantity", `{"expression":"4.0 'mg'","outputs":[{"type":"Quantity","value":"4 'mg'"}]}`, Passed},
		{"other unit", `{"expression":"4 'mg'","outputs":[{"type":"Quantity","value":"4 'g'"}]}`, Failed},
		{"same instant", `{"expression":"@2020-01-01T12:00:00Z","outputs":[{"type":"dateTime","value":"2020-01-01T14:00:00.000+02:00"}]}`, Passed},
		{"other instant", `{"expression":"@2020-01-01T12:00:00Z","outputs":[{"type":"dateTime","value":"2020-01-01T12:00:00+02:00"}]}`, Failed},
		{"one offset only", `{"expression":"@2020-01-01T12:00:00","outputs":[{"type":"dateTime","value":"2020-01-01T12:00:00Z"}]}`, Failed},
		{"time with its T", `{"expression":"@T10:30","outputs":[{"type":"time","value":"T10:30"}]}`, Passed},
		{"one too many", `{"expression":"1 | 2","outputs":[{"type":"integer","value":"1"}]}`, Failed},
		{"one too few", `{"expression":"1","outputs":[{"type":"integer","value":"1"},{"type":"integer","value":"1"}]}`, Failed},
		{"order counts", `{"expression":"1 | 2","outputs":[{"type":"integer","value":"2"},{"type":"integer","value":"1"}]}`, Failed},
		{"order does not count", `{"expression":"1 | 2","ordered":false,"outputs":[{"type":"integer","value":"2"},{"type":"integer","value":"1"}]}`, Passed},
		{"how often counts without order", `{"expression":"1.combine(1).combine(2)","ordered":false,"outputs":[{"value":"2"},{"value":"2"},{"value":"1"}]}`, Failed},
		{"nothing", `{"expression":"{}","outputs":[]}`, Passed},
		{"outputs absent", `{"expression":"{}"}`, Passed},
		{"something in place of nothing", `{"expression":"1","outputs":[]}`, Failed},
		{"error in place of a value", `{"expression":"(1 | 2) + 1","outputs":[{"type":"integer","value":"2"}]}`, Failed},
		{"error in place of nothing", `{"expression":"(1 | 2) + 1","outputs":[]}`, Failed},
		{"input", `{"expression":"name.given.last()","input":"p.json","model":"r4","outputs":[{"value":"Maria"}]}`, Passed},
		{"empty input", `{"expression":"name","outputs":[]}`, Passed},
		{"predicate of nothing", `{"expression":"{}","predicate":true,"outputs":[{"type":"boolean","value":"false"}]}`, Passed},
		{"predicate of false", `{"expression":"false","predicate":true,"outputs":[{"type":"boolean","value":"false"}]}`, Passed},
		{"predicate of a string", `{"expression":"'false'","predicate":true,"outputs":[{"type":"boolean","value":"true"}]}`, Passed},
		{"predicate of several", `{"expression":"false | true","predicate":true,"outputs":[{"type":"boolean","value":"true"}]}`, Passed},
		{"syntax error", `{"expression":"1 +","error":"syntax"}`, Passed},
		{"syntax error only when evaluated", `{"expression":"(1 | 2) + 1","error":"syntax"}`, Failed},
		{"error when evaluated", `{"expression":"(1 | 2) + 1","error":"execution"}`, Passed},
		{"any error", `{"expression":"1 +","error":"any"}`, Passed},
		{"no error", `{"expression":"1","error":"any"}`, Failed},
		{"semantic error, checked", `{"expression":"nome","input":"p.json","mode":"strict","error":"semantic"}`, Passed},
		{"semantic error, checked by tag", `{"expression":"nome","input":"p.json","tags":["static-type-check"],"error":"semantic"}`, Passed},
		{"semantic error, not checked", `{"expression":"nome","input":"p.json","error":"semantic"}`, Failed},
		{"model in any case", `{"expression":"1","model":"R4b","outputs":[{"value":"1"}]}`, Passed},
		{"unknown fields", `{"expression":"1","model":"r5","priority":{"x":[1]},"outputs":[{"value":"1","note":"?"}]}`, Passed},
		{"model not known", `{"expression":"1","model":"dstu2","outputs":[{"value":"1"}]}`, Skipped},
		{"input missing", `{"expression":"1","input":"none.json","outputs":[{"value":"1"}]}`, Skipped},
		{"input no JSON", `{"expression":"1","input":"p.xml","outputs":[{"value":"1"}]}`, Skipped},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := runner(t, nil).Run(t.Context(), caseOf(t, test.raw))
			require.Equal(t, test.want, got.Verdict, got.Reason)
			require.Equal(t, test.want == Passed, got.Reason == "")
		})
	}
}

// A suite is worth nothing if a broken engine passes it.
func TestBrokenEnginesFail(t *testing.T) {
	value := `{"expression":"name.given","input":"p.json","outputs":[{"type":"string","value":"Anna"},{"type":"string","value":"Maria"}]}`
	broken := `{"expression":"name.given.single()","input":"p.json","error":"execution"}`
	lacks := func(problem string) Engine {
		return func(_ context.Context, expression string, _ fhirpath.Options, _ fhirpath.Node) (fhirpath.Collection, error) {
			return nil, &fhirpath.CompileError{Expression: expression, Offset: max(0, strings.Index(expression, "single")), Problem: problem}
		}
	}
	panics := func(context.Context, string, fhirpath.Options, fhirpath.Node) (fhirpath.Collection, error) {
		panic("broken")
	}
	fails := func(err error) Engine {
		return func(context.Context, string, fhirpath.Options, fhirpath.Node) (fhirpath.Collection, error) {
			return nil, fmt.Errorf("broken: %w", err)
		}
	}
	for _, test := range []struct {
		name   string
		engine Engine
		cases  []string
	}{
		{"wrong value", instead("'Anna' | 'Mario'"), []string{value, broken}},
		{"wrong order", instead("'Maria' | 'Anna'"), []string{value, broken}},
		{"too few", instead("name.given.first()"), []string{value, broken}},
		{"too many", instead("name.given | 'Zoe'"), []string{value, broken}},
		{"wrong type", instead("1 | 2"), []string{value, broken}},
		{"nothing", instead("{}"), []string{value, broken}},
		{"lacks the function", lacks("function single() is not supported"), []string{value, broken}},
		{"panics", panics, []string{value, broken}},
		{"takes too long", fails(context.DeadlineExceeded), []string{value, broken}},
		{"gives up", fails(fhirpath.ErrLimit), []string{value, broken}},
		{"has no terminology", fails(fhirpath.ErrNoTerminology), []string{value, broken}},
		{"refuses everything", lacks("no"), []string{value}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, raw := range test.cases {
				got := runner(t, test.engine).Run(t.Context(), caseOf(t, raw))
				require.Equal(t, Failed, got.Verdict)
				require.Contains(t, got.Reason, "wanted ")
			}
		})
	}
}

// An engine that looks at its context can't hang the run.
func TestTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := func(ctx context.Context, _ string, _ fhirpath.Options, _ fhirpath.Node) (fhirpath.Collection, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		got := (&Runner{Release: fhirpath.R4, Engine: hangs}).Run(t.Context(), Case{Expression: "1", Error: "any"})
		require.Equal(t, Failed, got.Verdict)
	})
}

// The official suite is here and can be run: none of its inputs is missing.
func TestOfficialSuite(t *testing.T) {
	suite, err := Read(folder + "/cases.json")
	require.NoError(t, err)
	require.Equal(t, "official-r4", suite.Name)
	require.Len(t, suite.Cases, 935)
	r := Runner{Inputs: folder + "/inputs", Release: fhirpath.R4}
	count := map[Verdict]int{}
	for _, c := range suite.Cases {
		count[r.Run(t.Context(), c).Verdict]++
	}
	require.Zero(t, count[Skipped])
	t.Logf("%d passed, %d failed", count[Passed], count[Failed])
}

func TestReadErrors(t *testing.T) {
	_, err := Read("testdata/none.json")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NotContains(t, err.Error(), "testdata")
	file := filepath.Join(t.TempDir(), "x.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"cases":3}`), 0o600))
	_, err = Read(file)
	require.ErrorContains(t, err, "cases")
}
