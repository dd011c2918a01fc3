package main

import (
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/upgrade.md says which schema each store has.
func TestUpgradePageNamesTheSchemas(t *testing.T) {
	module := os.DirFS(root)
	version := func(store string) int {
		migrations, err := fs.Glob(module, "store/"+store+"/migrations/*.sql")
		require.NoError(t, err)
		return len(migrations)
	}
	page, err := fs.ReadFile(module, "docs/upgrade.md")
	require.NoError(t, err)
	require.Contains(t, string(page), fmt.Sprintf("Schema versions: SQLite %d, PostgreSQL %d.", version("sqlite"), version("postgres")))
}
