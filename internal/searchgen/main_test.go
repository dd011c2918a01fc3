package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

func TestGenerate(t *testing.T) {
	const header = "url\tcode\ttype\tbase\texpression\ttarget\tcomparator\tmodifier\tmultipleOr\tmultipleAnd\tcomponent\n"
	got, err := generate(header +
		"u:b\tpatient\treference\tB,A\tA.patient | B.subject.where(x = '|') | (B.other as Reference)\tA\t\t\t\t\t\n" +
		"u:c\tpair\tcomposite\tA\tA\t\t\t\t\t\tu:b|patient;u:d|value.as(DateTime)\n" +
		"u:d\twhen\tdate\tA,Resource\tResource.meta.when\t\t\t\t\t\t\n")
	require.NoError(t, err)
	require.Equal(t, "A,B,Parameters\n"+
		"A\tpair\tcomposite\tu:c\tA\t\treference=patient;date=value.as(dateTime)\n"+
		"A\tpatient\treference\tu:b\tA.patient\t*\t\n"+
		"A\twhen\tdate\tu:d\tResource.meta.when\t\t\n"+
		"B\tpatient\treference\tu:b\tB.subject.where(x = '|') | (B.other as Reference)\t*\t\n"+
		"Resource\twhen\tdate\tu:d\tResource.meta.when\t\t\n", string(got))
	for _, bad := range []string{"url\tcode\n", header + "u\n"} {
		_, err := generate(bad)
		require.Error(t, err)
	}
}

// TestTables holds that the committed tables are what the generator makes.
func TestTables(t *testing.T) {
	source := filepath.Join(shared.Dir(t), "spec", "search-parameters")
	for _, release := range []string{"r4", "r4b", "r5"} {
		raw, err := os.ReadFile(filepath.Join(source, release+".compact.tsv"))
		require.NoError(t, err)
		want, err := generate(string(raw))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("..", "..", "topic", "search", "definitions", release+".tsv"))
		require.NoError(t, err)
		require.True(t, string(want) == string(got), "%s: run go generate ./topic/search", release)
	}
}
