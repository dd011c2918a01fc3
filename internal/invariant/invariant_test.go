package invariant_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/notification"
)

// send gives the checker a notification of events, written number:id/version.
func send(t *testing.T, c *invariant.Checker, events ...string) {
	t.Helper()
	n := notification.Notification{
		Type: notification.EventNotification, Content: notification.FullResource, Status: "active",
		Subscription: "https://fhir.example.org/Subscription/s", Timestamp: time.Unix(0, 0),
		ID: "b", StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01",
	}
	for _, text := range events {
		var number int64
		var id, version string
		_, err := fmt.Sscanf(text, "%d:%1s/", &number, &id)
		require.NoError(t, err)
		_, version, _ = strings.Cut(text, "/")
		n.EventsSinceSubscriptionStart = number
		n.Events = append(n.Events, notification.Event{Number: number, Timestamp: time.Unix(0, 0), Focus: notification.Entry{
			FullURL: "https://fhir.example.org/Patient/" + id, Method: "PUT", URL: "Patient/" + id, Status: "200",
			Resource: []byte(`{"resourceType":"Patient","id":"` + id + `","meta":{"versionId":"` + version + `"}}`),
		}})
	}
	raw, err := notification.Append(nil, fhirpath.R4, &n)
	require.NoError(t, err)
	require.NoError(t, c.Receive("s", raw))
}

func TestEveryBrokenPromiseIsSeen(t *testing.T) {
	cases := []struct {
		name     string
		expected string // versions of Patient/a that were committed
		received []string
		faults   int
		broken   string // the figure that must tell; "" if the promise was kept
	}{
		{"kept", "123", []string{"1:a/1", "2:a/2", "3:a/3"}, 0, ""},
		{"an excused repetition", "12", []string{"1:a/1", "1:a/1", "2:a/2"}, 1, ""},
		{"a repetition without a fault", "12", []string{"1:a/1", "1:a/1", "2:a/2"}, 0, "dup=1"},
		{"lost at the end", "12", []string{"1:a/1"}, 0, "lost=1"},
		{"all lost", "12", nil, 0, "lost=2"},
		{"lost in the middle", "123", []string{"1:a/1", "2:a/3"}, 0, "lost=1"},
		{"gap", "12", []string{"1:a/1", "3:a/2"}, 0, "gaps=1"},
		{"one number for two", "12", []string{"1:a/1", "1:a/2"}, 0, "twice=1"},
		{"repeated without its version", "12", []string{"1:a/", "1:a/1", "2:a/2", "2:a/"}, 2, ""},
		{"one number for two, one without its version", "12", []string{"1:a/", "1:b/2"}, 0, "twice=1"},
		{"disorder", "12", []string{"2:a/2", "1:a/1"}, 0, "disorder=1"},
		{"never committed", "1", []string{"1:a/1", "2:b/1"}, 0, "unexpected=1"},
		{"the same change numbered twice", "1", []string{"1:a/1", "2:a/1"}, 0, "unexpected=1"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			var c invariant.Checker
			for _, version := range tc.expected {
				c.Expect("s", invariant.Focus{Reference: "Patient/a", Version: string(version)})
			}
			for _, r := range tc.received {
				send(t, &c, r)
			}
			c.Excuse(tc.faults)
			if tc.broken == "" {
				require.NoError(t, c.Report().Err())
				require.True(t, c.Complete())
				return
			}
			require.ErrorContains(t, c.Report().Err(), tc.broken)
		})
	}
}

func TestReferencesWithoutVersionsAreCounted(t *testing.T) {
	var c invariant.Checker
	c.Expect("s", invariant.Focus{Reference: "Patient/a"})
	c.Expect("s", invariant.Focus{Reference: "Patient/a"})
	send(t, &c, "1:a/1")
	require.False(t, c.Complete())
	send(t, &c, "2:a/2")
	require.NoError(t, c.Report().Err())
	require.True(t, c.Complete())
	require.Equal(t, 2, c.Received("s"))
}
