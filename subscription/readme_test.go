package subscription

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The figures of the README are those of a Config that says nothing.
func TestReadmeNamesTheDefaults(t *testing.T) {
	c, _ := Config{}.complete() // the error lists what is required
	raw, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	waits, sum := []string{}, time.Duration(0)
	for _, wait := range c.Retry {
		if sum += wait; wait < time.Hour {
			waits = append(waits, strings.NewReplacer("m0s", " m", "s", " s").Replace(wait.String()))
		}
	}
	for _, figure := range []string{
		fmt.Sprintf("after %s, then hourly up to %.0f h", strings.Join(waits, ", "), sum.Hours()),
		fmt.Sprintf("%d attempts in a process, %d to one host and port for one tenant, %d for one tenant", c.Concurrency, c.PerHost, c.PerTenant),
		fmt.Sprintf("%d,000, whatever their status", c.PerOwner/1000),
		fmt.Sprintf("| %d in an hour;", c.FailedHandshakes),
		fmt.Sprintf("| %d MB; what does not fit", c.MaxBytes>>20),
		fmt.Sprintf("no more than %d,%d changes", rememberedChanges/1000, rememberedChanges%1000),
		fmt.Sprintf("does not answer %d times in a row", brokenAfter),
		fmt.Sprintf("| %.0f s, or the Subscription's `timeout`", c.SendTimeout.Seconds()),
		fmt.Sprintf("tokens and bindings last %.0f h", c.BindingTime.Hours()),
		fmt.Sprintf("| %.0f days after delivery", c.Retention.Hours()/24),
		fmt.Sprintf("without a connection for %.0f days", c.Retention.Hours()/24),
	} {
		require.True(t, strings.Contains(string(raw), figure), figure)
	}
	require.Equal(t, time.Minute, mostSeldomProbe, "once a minute")
	require.Equal(t, time.Second, quickly, "within a second")
}
