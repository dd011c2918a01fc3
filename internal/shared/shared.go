// Package shared finds the folder of specification data and real resources that
// lies beside the checkout on a development machine. It is not part of the
// repository, so tests that read it skip, with a reason, where it is absent.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the data folder: $CARILLON_SHARED, or the nearest folder named
// shared beside one of the working directory's ancestors. It skips t if there is
// none.
func Dir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv("CARILLON_SHARED"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		candidate := filepath.Join(filepath.Dir(dir), "shared")
		if _, err := os.Stat(filepath.Join(candidate, "spec", "README.md")); err == nil {
			return candidate
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("the shared data folder is absent: set CARILLON_SHARED to run this test")
		}
		dir = parent
	}
}
