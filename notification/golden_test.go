package notification

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/validate"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// kinds are the notifications of N18, each written at every level.
func kinds() map[string]*Notification {
	several := []Event{
		{Number: 44, Timestamp: at28, Focus: encounter("enc-502", "POST", "Encounter", "201"), Context: []Entry{patient()}},
		{Number: 45, Timestamp: at28, Focus: encounter("enc-503", "PUT", "Encounter/enc-503", "200"), Context: []Entry{patient()}},
		{Number: 46, Timestamp: at30, Focus: encounter("enc-502", "DELETE", "Encounter/enc-502", "204")},
	}
	hinted := updated()
	hinted.Queries = []RelatedQuery{{Type: Coding{"http://example.org/query-types", "meds"}, Query: base + "MedicationRequest"}, {Query: base + "Observation"}}
	hinted.Authorization = Authorization{Type: Coding{"http://example.org/auth", "code"}, Value: "opaque"}
	hinted.Triggers = []Coding{{"http://terminology.hl7.org/CodeSystem/v2-0003", "A03"}}
	withheld := updated()
	withheld.Focus.Resource, withheld.Context = nil, nil
	entries := example("n", 1, EventNotification, "").with(46, several...)
	entries.EntryPerReference, entries.ShowDeleted = true, true
	requested := example("n", 1, Handshake, "")
	requested.Status = "requested"
	return map[string]*Notification{
		"handshake":                requested,
		"handshake-reactivation":   example("n", 1, Handshake, "").with(42),
		"heartbeat":                example("n", 1, Heartbeat, "").with(42),
		"heartbeat-error":          example("n", 1, Heartbeat, "").with(42).failing(noResponse),
		"event":                    example("n", 1, EventNotification, "").with(42, updated()),
		"events":                   example("n", 1, EventNotification, "").with(46, several...),
		"events-entries-lastState": entries,
		"event-hints-triggers":     example("n", 1, EventNotification, "").with(42, hinted),
		"event-without-access":     example("n", 1, EventNotification, "").with(42, withheld),
		"event-withheld":           example("n", 1, EventNotification, "").with(42, Event{Number: 42}),
		"event-error":              example("n", 1, EventNotification, "").with(42, updated()).failing(noResponse),
		"query-event":              example("n", 1, QueryEvent, "").with(50, several...),
		"query-event-none":         example("n", 1, QueryEvent, "").with(50),
		"query-status":             example("n", 1, QueryStatus, "").with(50),
		"query-status-events":      example("n", 1, QueryStatus, "").with(50, several...),
	}
}

// TestGolden is N18: each kind of Bundle at each level in each release is valid, and
// the same, byte for byte, as it was.
// spec: PROF-02, PROF-03, PROF-04, PROF-05, CAP-08, STS-01, STS-04, STS-05, BND-15
func TestGolden(t *testing.T) {
	count := 0
	for _, r := range releases {
		file := filepath.Join("testdata", "golden", strings.ToLower(r.String())+".json")
		var want, got map[string]json.RawMessage
		if raw, err := os.ReadFile(file); !*update {
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(raw, &want))
		}
		got = make(map[string]json.RawMessage)
		for name, n := range kinds() {
			for _, content := range []Content{Empty, IDOnly, FullResource} {
				n.Content = content
				if content == Empty { // the levels share n
					n.move(r)
				}
				raw := write(t, r, n)
				name := name + "/" + string(content)
				got[name] = raw
				count++
				t.Run(r.String()+"/"+name, func(t *testing.T) {
					if !*update {
						require.Equal(t, string(want[name]), string(raw))
					}
					validate.Bundle(t, r, raw)
				})
			}
		}
		if *update {
			var lines []string
			for _, name := range slices.Sorted(maps.Keys(got)) {
				lines = append(lines, fmt.Sprintf("%q: %s", name, got[name]))
			}
			require.NoError(t, os.WriteFile(file, []byte("{\n"+strings.Join(lines, ",\n")+"\n}\n"), 0o644))
			continue
		}
		require.Len(t, got, len(want))
	}
	t.Logf("golden=%d", count)
}

func write(t *testing.T, r fhirpath.Release, n *Notification) []byte {
	t.Helper()
	raw, err := Append(nil, r, n)
	if n.Type == QueryStatus {
		raw, err = AppendStatusBundle(nil, r, base+"Subscription/$status", at30, "n", []*Notification{n})
	}
	require.NoError(t, err)
	return raw
}

// TestRandomAreValid validates notifications that nobody thought of.
func TestRandomAreValid(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const each = 60
	for range each {
		for _, r := range releases {
			n := randomNotification(random, r)
			n.ID, n.StatusID, n.Subscription = "n-1", example("", 1, Handshake, Empty).StatusID, base+"Subscription/1"
			for i := range n.Events {
				if e := &n.Events[i]; e.Focus.Resource != nil {
					e.Focus.Resource = json.RawMessage(fmt.Sprintf(`{"resourceType":"Encounter","id":"%d"}`, i))
				}
			}
			raw := write(t, r, n)
			validate.Bundle(t, r, raw)
			require.False(t, t.Failed(), "%s", raw)
		}
	}
	t.Logf("random=%d", each*len(releases))
}
