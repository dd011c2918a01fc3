package postgres_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// make postgres-versions runs all tests of this package on each version of PostgreSQL
// that is supported. This one makes sure that it was that version.
func TestVersionIsTheOneAskedFor(t *testing.T) {
	asked := os.Getenv("CARILLON_TEST_POSTGRES_MAJOR")
	if asked == "" {
		t.Skip("CARILLON_TEST_POSTGRES_MAJOR names no version: whichever is there is tested")
	}
	var version int
	require.NoError(t, newHost(t).pool.QueryRow(t.Context(), "select current_setting('server_version_num')::int").Scan(&version))
	require.Equal(t, asked, strconv.Itoa(version/10000))
}
