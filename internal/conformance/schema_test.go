package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/upgrade.md tells the versions of the schemas.
func TestSchemaVersionsAreTold(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "upgrade.md"))
	require.NoError(t, err)
	versions := map[string]int{}
	for _, store := range []string{"sqlite", "postgres"} {
		files, err := filepath.Glob(filepath.Join(root, "store", store, "migrations", "*.sql"))
		require.NoError(t, err)
		versions[store] = len(files)
	}
	require.Contains(t, string(page), fmt.Sprintf("Schema versions: SQLite %d, PostgreSQL %d.", versions["sqlite"], versions["postgres"]))
}
