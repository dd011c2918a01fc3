package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadPaths(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"path2Type":             `{"A.b": "code", "A.c": {"code": "Reference", "refType": ["A", "B"]}}`,
		"choiceTypePaths":       `{"A.value": ["String", "Quantity"]}`,
		"type2Parent":           `{"A": "DomainResource", "string": "Element", "code": "string"}`,
		"pathsDefinedElsewhere": `{"A.d.d": "A.d"}`,
		"path2Repeating":        `["A.d"]`,
	} {
		_, err := readPaths(dir)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), []byte(content), 0o600))
	}
	p, err := readPaths(dir)
	require.NoError(t, err)
	require.Equal(t, &paths{
		types:   map[string]pathType{"A.b": {Code: "code"}, "A.c": {"Reference", []string{"A", "B"}}},
		choices: map[string][]string{"A.value": {"String", "Quantity"}},
		parents: map[string]string{"A": "DomainResource", "string": "Element", "code": "string"},
		refers:  map[string]string{"A.d.d": "A.d"},
		repeats: map[string]bool{"A.d": true},
	}, p)
	require.Equal(t, []string{"code", "string"}, p.primitives())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "path2Type.json"), []byte(`["A"]`), 0o600))
	_, err = readPaths(dir)
	require.ErrorContains(t, err, "path2Type: ")
}

func TestParsePaths(t *testing.T) {
	p, err := parsePaths("# comment\nA.b\tpositiveInt\nA.value[x]\nA.c\tReference(B|C)\n")
	require.NoError(t, err)
	require.Equal(t, pathType{Code: "positiveInt", Targets: []string{}}, p.types["A.b"])
	require.Equal(t, pathType{"Reference", []string{"B", "C"}}, p.types["A.c"])
	require.Contains(t, p.choices, "A.value")
	for _, bad := range []string{"A.b", "A.value[x]\tstring", ""} {
		_, err := parsePaths(bad)
		require.ErrorContains(t, err, "line 1: ", bad)
	}
}
