package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

const root = "../.."

// The page says what the tests say.
func TestPageIsUpToDate(t *testing.T) {
	text, err := render(root)
	require.NoError(t, err)
	written, err := os.ReadFile(filepath.Join(root, output))
	require.NoError(t, err)
	require.Equal(t, text, string(written), "make conformance writes it anew")
}

// No requirement of the digest is left out, and none is made up.
func TestEveryRequirementHasItsLine(t *testing.T) {
	digest, err := os.ReadFile(filepath.Join(shared.Dir(t), "docs", "spec.md"))
	require.NoError(t, err)
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^\| ([A-Z]+(?:-[A-Z]+)?-[0-9]{2}) \|`).FindAllStringSubmatch(string(digest), -1) {
		want = append(want, m[1])
	}
	sections, err := parseRequirements(requirementsText)
	require.NoError(t, err)
	for _, s := range sections {
		for _, r := range s.requirements {
			got = append(got, r.id)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got)
	t.Logf("requirements=%d", len(got))
}

const header = "## S\n"

// Whatever keeps the page from being true is told.
func TestPageRefuses(t *testing.T) {
	tree := func(source string) fstest.MapFS {
		return fstest.MapFS{"p/a_test.go": {Data: []byte("package p\n" + source)}}
	}
	for name, c := range map[string]struct{ text, source, problem string }{
		"untested":               {"A-01 | def | all | s | t.\n", "", "A-01: no test asserts it"},
		"unknown":                {"", "// spec: A-01\nfunc TestX(t *testing.T) {}\n", "A-01 in TestX: there is no such requirement"},
		"misspelt":               {"A-01 | def | all | s | t.\n", "// spec: A-1\nfunc TestX(t *testing.T) {}\n", "A-1 in TestX"},
		"not met, but tested":    {"A-01 | def | all | s | t.\n  not met: r\n", "// spec: A-01\nfunc TestX(t *testing.T) {}\n", "A-01: not met, but TestX asserts it"},
		"n.a., but tested":       {"A-01 | def | all | s | t.\n  n.a.: r\n", "// spec: A-01\nfunc TestX(t *testing.T) {}\n", "A-01: n.a., but TestX asserts it"},
		"in part, but untested":  {"A-01 | def | all | s | t.\n  in part: r\n", "", "A-01: no test asserts it"},
		"in no test":             {"A-01 | def | all | s | t.\n", "// spec: A-01\nfunc helper() {}\n", "belongs into a test"},
		"in no function":         {"A-01 | def | all | s | t.\n", "// spec: A-01\n\nvar x = 1\n", "belongs into a test"},
		"after the test":         {"A-01 | def | all | s | t.\n", "func TestX(t *testing.T) {}\n\n// spec: A-01\n", "belongs into a test"},
		"in TestMain":            {"A-01 | def | all | s | t.\n", "// spec: A-01\nfunc TestMain(m *testing.M) {}\n", "belongs into a test"},
		"twice":                  {"A-01 | def | all | s | t.\nA-01 | def | all | s | t.\n", "", "requirements.txt:3"},
		"no text":                {"A-01 | def | all | s | \n", "", "requirements.txt:2"},
		"unknown force":          {"A-01 | must | all | s | t.\n", "", "requirements.txt:2"},
		"reason without verdict": {"A-01 | def | all | s | t.\n  because\n", "", "requirements.txt:3"},
		"two reasons":            {"A-01 | def | all | s | t.\n  n.a.: a\n  n.a.: b\n", "", "requirements.txt:4"},
		"a cell too many":        {"A-01 | def | all | s | t | u\n", "", "requirements.txt:2"},
		"no Go":                  {"", "func {", "p/a_test.go"},
	} {
		t.Run(name, func(t *testing.T) {
			sections, err := parseRequirements(header + c.text)
			found := tests{}
			if err == nil {
				found, err = collect(tree(c.source))
			}
			if err == nil {
				_, err = page(sections, found)
			}
			require.ErrorContains(t, err, c.problem)
		})
	}
}

// A comment counts above a test, in it, beside a row, and in what a test is made of.
func TestAnnotationsAreFound(t *testing.T) {
	found, err := collect(fstest.MapFS{
		"p/a_test.go": {Data: []byte(`package p
// TestA does.
// spec: A-01, A-02
func TestA(t *testing.T) { // spec: A-03
	// spec: A-04
	for range []int{
		1, // spec: A-05, A-01
	} {
	}
} // spec: A-06

// spec: A-07
func testB(t *testing.T) {}
func TestB(t *testing.T) {}

// spec: A-08
func ExampleC() {}
`)},
		"p/testdata/a_test.go": {Data: []byte("no Go")},
		"p/a.go":               {Data: []byte("package p // spec: A-09")},
	})
	require.NoError(t, err)
	require.Equal(t, tests{
		{"p", "TestA"}:    {"A-01", "A-02", "A-03", "A-04", "A-05", "A-06"},
		{"p", "TestB"}:    {"A-07"},
		{"p", "ExampleC"}: {"A-08"},
	}, found)
}
