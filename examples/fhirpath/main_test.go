package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	anna = `{"resourceType":"Patient","id":"anna","active":true,"name":[{"given":["Anna","Maria"]}]}`
	ben  = `{"resourceType":"Patient","id":"ben","active":false,"birthDate":"1980-02"}`
	lab  = `{"resourceType":"Observation","id":"lab","valueQuantity":{"value":6.30,"unit":"mmol/l"}}`
)

// result is what a run of the command left.
type result struct {
	code           int
	stdout, stderr string
}

func command(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
	return file
}

func TestEvaluate(t *testing.T) {
	pretty := strings.NewReplacer("{", "{\n ", "}", "\n}", ",", ",\n ").Replace
	for _, test := range []struct {
		name, stdin string
		args        []string
		want        string
	}{
		{"one resource", anna, []string{"name.given"}, "\"Anna\"\n\"Maria\"\n"},
		{"NDJSON", anna + "\n" + ben + "\r\n\n" + lab, []string{"id"}, "\"anna\"\n\"ben\"\n\"lab\"\n"},
		{"pretty-printed", pretty(anna), []string{"name"}, "{\"given\":[\"Anna\",\"Maria\"]}\n"},
		{"several pretty-printed", pretty(anna) + "\n" + pretty(ben) + "\n" + lab, []string{"id"}, "\"anna\"\n\"ben\"\n\"lab\"\n"},
		{"Bundle", `{"resourceType":"Bundle","entry":[{"resource":` + anna + `},{"resource":` + ben + `}]}`, []string{"entry.resource.id"}, "\"anna\"\n\"ben\"\n"},
		{"nothing", anna, []string{"contact"}, ""},
		{"no resource", "", []string{"id"}, ""},
		{"brackets in strings", `{"resourceType":"Patient","id":"a{\"[\\"}`, []string{"id"}, `"a{\"[\\"` + "\n"},
		{"computed", anna, []string{"name.given.count() / 4"}, "0.5\n"},
		{"types", anna, []string{"-type", "active | 1 | name | 'a'"}, "boolean\ttrue\nSystem.Integer\t1\nHumanName\t{\"given\":[\"Anna\",\"Maria\"]}\nSystem.String\t\"a\"\n"},
		{"decimals keep their digits", lab, []string{"-release", "R5", "value.value"}, "6.30\n"},
		{"strict", anna + "\n" + lab, []string{"-strict", "id.length()"}, "4\n3\n"},
		{"expression that begins with a minus", anna, []string{"--", "-1"}, "-1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, result{0, test.want, ""}, command(t, test.stdin, test.args...))
		})
	}
}

func TestFiles(t *testing.T) {
	first, second := write(t, "first.json", anna), write(t, "second.ndjson", ben+"\n"+lab+"\n")
	require.Equal(t, result{0, "\"anna\"\n\"ben\"\n\"lab\"\n", ""}, command(t, "not read", "id", first, second))

	got := command(t, "", "id", first, "none.json", second)
	require.Equal(t, 1, got.code)
	require.Equal(t, "\"anna\"\n\"ben\"\n\"lab\"\n", got.stdout)
	require.Equal(t, "fhirpath: none.json: no such file or directory\n", got.stderr)
}

// What can't be evaluated is reported by file and line, and the rest is read.
func TestErrorsOfResources(t *testing.T) {
	file := write(t, "x.ndjson", anna+"\n{\"resourceType\":secret}\n"+ben+"\n{\n\"a\":\n1,,2}\n"+lab)
	got := command(t, "", "name.given.single() | id", file)
	require.Equal(t, 1, got.code)
	require.Equal(t, "\"ben\"\n\"lab\"\n", got.stdout)
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	require.Len(t, lines, 3)
	for i, at := range []string{"line 1: ", "line 2: ", "line 6: "} {
		require.Contains(t, lines[i], "x.ndjson: "+at)
	}
	require.NotContains(t, got.stderr, "Anna")
	require.NotContains(t, got.stderr, "secret")
}

func TestDocumentTooLong(t *testing.T) {
	got := command(t, "{\"a\":\""+strings.Repeat("x", maxDocument), "a")
	require.Equal(t, result{1, "", "fhirpath: standard input: line 1: longer than 64 MiB\n"}, got)
}

func TestCompileErrors(t *testing.T) {
	got := command(t, anna, "name.given[")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.stderr, "name.given[\n")
	require.Contains(t, got.stderr, "^")

	got = command(t, anna+"\n"+lab, "-strict", "active")
	require.Equal(t, 2, got.code)
	require.Equal(t, "true\n", got.stdout)
	require.Contains(t, got.stderr, "standard input: line 2: ")
	require.Contains(t, got.stderr, "^")
}

func TestTrace(t *testing.T) {
	got := command(t, anna, "name.given.trace('given').count()")
	require.Equal(t, result{0, "2\n", "trace given: \"Anna\"\ntrace given: \"Maria\"\n"}, got)
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		nil, {"-release", "STU3", "id"}, {"-release", "", "id"}, {"-nothing", "id"},
		{"-v", "id"}, {"-inputs", "x", "id"},
		{"-cases", "x", "id"}, {"-cases", "x", "-strict"}, {"-cases", "x", "-type"}, {"-cases", ""}, {"-cases", "none.json"},
	} {
		got := command(t, "", args...)
		require.Equal(t, 2, got.code, args)
		require.NotEmpty(t, got.stderr, args)
		require.Empty(t, got.stdout, args)
	}
	got := command(t, "", "-h")
	require.Zero(t, got.code)
	require.Contains(t, got.stderr, "usage: fhirpath")
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, 1, run(ctx, []string{"id"}, strings.NewReader(anna+"\n"+ben), &stdout, &stderr))
	require.Empty(t, stdout.String())
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"))
}

func TestCases(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "cases.json")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "inputs"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "inputs", "anna.json"), []byte(anna), 0o600))
	require.NoError(t, os.WriteFile(file, []byte(`{"cases":[
		{"id":"g/right","expression":"name.given","input":"anna.json","outputs":[{"value":"Anna"},{"value":"Maria"}]},
		{"id":"g/wrong","expression":"1 +\n 1","outputs":[{"type":"integer","value":"3"}]},
		{"id":"g/gone","expression":"1","input":"gone.json","outputs":[]}]}`), 0o600))

	got := command(t, "", "-cases", file)
	require.Equal(t, result{1, "skipped g/gone\n    1\n    the input gone.json can't be read\n1 passed, 1 failed, 1 skipped\n", ""}, got)

	got = command(t, "", "-cases", file, "-inputs", t.TempDir(), "-v")
	require.Equal(t, 1, got.code)
	require.Contains(t, got.stdout, "failed g/wrong\n    1 +\n     1\n    wanted [integer 3]\n    got [integer 2]\n")
	require.True(t, strings.HasSuffix(got.stdout, "\n0 passed, 1 failed, 2 skipped\n"))

	require.NoError(t, os.WriteFile(file, []byte(`{"cases":[{"expression":"1","outputs":[{"value":1}]}]}`), 0o600))
	require.Equal(t, result{0, "1 passed, 0 failed, 0 skipped\n", ""}, command(t, "", "-cases", file))
}
