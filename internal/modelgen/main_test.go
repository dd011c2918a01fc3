package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGenerated holds that the committed tables are what the generator makes.
func TestGenerated(t *testing.T) {
	from := os.Getenv("CARILLON_MODELGEN")
	if from == "" {
		t.Skip("left out: its inputs come from npm (make peers); CARILLON_MODELGEN names the folder that fetch.sh filled")
	}
	tables, err := generate(from)
	require.NoError(t, err)
	require.Len(t, tables, len(releases))
	for _, release := range releases {
		require.True(t, string(tables[release+".tsv"]) == string(tableFile(t, release)), "%s: run modelgen", release)
	}
}

func TestGenerateNeedsItsInputs(t *testing.T) {
	_, err := generate(t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}
