package message

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

const (
	canary = "canary-7c1e93"
	source = "https://fhir.example.com/"
	base   = "https://ehr.example.org/fhir"
)

func channelFrom(t testing.TB, config Config) *Channel {
	c, err := New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// parts are what a test looks at of a message.
type parts struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Entry []struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
		Request  json.RawMessage `json:"request"`
		Response json.RawMessage `json:"response"`
	} `json:"entry"`
	header struct {
		ID    string                       `json:"id"`
		Focus []struct{ Reference string } `json:"focus"`
	}
}

func read(t testing.TB, message []byte) *parts {
	var p parts
	require.NoError(t, json.Unmarshal(message, &p))
	require.NotEmpty(t, p.Entry)
	require.NoError(t, json.Unmarshal(p.Entry[0].Resource, &p.header))
	return &p
}

// TestReferenceExamples: the message of each release is that of the standard, but for
// the ids, and carries the notification byte by byte (the standard's examples, CH-MSG-02, CH-MSG-03).
// spec: CH-MSG-02, CH-MSG-03
func TestReferenceExamples(t *testing.T) {
	dir := shared.Dir(t)
	for release, name := range map[subscription.Release]string{subscription.R4: "r4", subscription.R4B: "r4b", subscription.R5: "r5"} {
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(dir, "spec", "reference-examples", name, "channel-message.json"))
			require.NoError(t, err)
			example := read(t, want)
			body := example.Entry[1].Resource
			id := strings.TrimPrefix(example.Entry[1].FullURL, "urn:uuid:")
			got, err := channelFrom(t, Config{Source: source + name}).bundle(base, subscription.Message{
				ID: id, Release: release, Body: body,
				Notification: &notification.Notification{Timestamp: time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)},
			})
			require.NoError(t, err)
			require.True(t, bytes.Contains(got, body), "the notification as given")

			ours := read(t, got)
			ids := strings.NewReplacer(ours.header.ID, example.header.ID, `"id":"`+ours.ID, `"id":"`+example.ID)
			require.JSONEq(t, string(want), ids.Replace(string(got)))
			require.Equal(t, "urn:uuid:"+ours.header.ID, ours.Entry[0].FullURL)
			require.Equal(t, []struct{ Reference string }{{ours.Entry[1].FullURL}}, ours.header.Focus)
		})
	}
}

// TestIDs: retries are known by their ids, and nothing else has them.
func TestIDs(t *testing.T) {
	c := channelFrom(t, Config{Source: source})
	seen := map[string]bool{}
	for _, id := range []string{"0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14", "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a15"} {
		var first *parts
		for attempt := range 3 {
			m := subscription.Message{ID: id, Release: subscription.R4, Body: []byte(`{"resourceType":"Bundle"}`), Notification: &notification.Notification{
				Timestamp: time.Date(2026, 3, 2, 8, 15, attempt, 0, time.UTC)}} // when it was assembled
			got, err := c.bundle(base, m)
			require.NoError(t, err)
			p := read(t, got)
			if first == nil {
				first = p
			}
			require.Equal(t, first.ID, p.ID)
			require.Equal(t, first.header.ID, p.header.ID)
		}
		for _, one := range []string{id, first.ID, first.header.ID} {
			require.False(t, seen[one])
			seen[one] = true
		}
	}
	require.Len(t, seen, 6)
}

// spec: CH-MSG-03
func TestBundleEvent(t *testing.T) {
	c := channelFrom(t, Config{Source: source, Event: notification.Coding{System: "https://example.org/a&b", Code: `"quoted"`}})
	got, err := c.bundle(base, subscription.Message{ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14", Release: subscription.R5, Body: []byte(`{}`)})
	require.NoError(t, err)
	var header struct{ EventCoding notification.Coding }
	require.NoError(t, json.Unmarshal(read(t, got).Entry[0].Resource, &header))
	require.Equal(t, notification.Coding{System: "https://example.org/a&b", Code: `"quoted"`}, header.EventCoding)
}

// TestBundleWithoutPayload: a classic notification may have none (CLS-11).
// spec: CLS-11
func TestBundleWithoutPayload(t *testing.T) {
	got, err := channelFrom(t, Config{Source: source}).bundle(base, subscription.Message{
		ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14", Release: subscription.R4, Classic: &subscription.Classic{ResourceType: "Patient", ResourceID: canary},
	})
	require.NoError(t, err)
	p := read(t, got)
	require.Len(t, p.Entry, 1)
	require.Empty(t, p.header.Focus)
	require.NotContains(t, string(got), canary)
}

func TestBundleRefuses(t *testing.T) {
	c := channelFrom(t, Config{Source: source})
	for name, m := range map[string]subscription.Message{
		"no id":           {Release: subscription.R4},
		"no UUID":         {Release: subscription.R4, ID: canary},
		"UUID with more":  {Release: subscription.R4, ID: "urn:uuid:0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14"},
		"upper case":      {Release: subscription.R4, ID: "0D6A3F0E-5C1B-4B7E-9C55-0F4D2F7B1A14"},
		"no release":      {ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14"},
		"unknown release": {Release: 9, ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14"},
	} {
		_, err := c.bundle(base, m)
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), canary)
		require.ErrorContains(t, c.Send(t.Context(), subscription.Target{Endpoint: base}, m), "message: notification ", name)
	}
}

func BenchmarkBundle(b *testing.B) {
	c := channelFrom(b, Config{Source: source})
	m := subscription.Message{
		ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a14", Release: subscription.R4, Body: bytes.Repeat([]byte("x"), 2<<10),
		Notification: &notification.Notification{Timestamp: time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC)},
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.bundle(base, m); err != nil {
			b.Fatal(err)
		}
	}
}
