package fhirserver

import (
	"os"
	"os/exec"
	"testing"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

// onPostgres makes newStore give out databases of PostgreSQL.
const onPostgres = "CARILLON_TEST_ON_POSTGRES"

// TestOnPostgres runs all tests of this package again, in a process of their own whose
// stores are PostgreSQL's.
func TestOnPostgres(t *testing.T) {
	if os.Getenv(onPostgres) != "" {
		t.Skip("this process is the second run already, which it starts")
	}
	postgrestest.DSN(t) // skips
	tests := exec.CommandContext(t.Context(), os.Args[0], "-test.shuffle=on", "-test.timeout=9m",
		"-test.skip=^(TestRealResources|TestInvalidResources|TestMemory)$") // they have a store of their own
	tests.Env = append(os.Environ(), onPostgres+"=1")
	if output, err := tests.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
}
