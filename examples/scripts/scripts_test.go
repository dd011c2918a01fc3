package scripts

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
)

// Each script, run as its first lines say, sees every event once, in order, though it
// refuses one at first.
func TestScripts(t *testing.T) {
	for _, c := range []struct{ name, interpreter, file string }{
		{"python", "python3", "subscriber.py"},
		{"node", "node", "subscriber.mjs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			interpreter, err := exec.LookPath(c.interpreter)
			if err != nil {
				t.Skipf("left out: there is no %s to run %s", c.interpreter, c.file)
			}
			base := servertest.Start(t, fhirserver.Config{Config: host.Config{
				AllowPrivate: true, Retry: []time.Duration{100 * time.Millisecond, time.Second, time.Second},
			}})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			out, err := exec.CommandContext(ctx, interpreter, c.file, base).CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, strings.ReplaceAll(`topics: 5
subscribed: requested
arrived: handshake
arrived: event-notification 1 NAME-1 with 1 resource
arrived: event-notification 2 NAME-2 with 1 resource
arrived: event-notification 3 NAME-3 with 1 resource
status: 3 events
events: 2 3 with 0 resources
`, "NAME", c.name), string(out))
		})
	}
}
