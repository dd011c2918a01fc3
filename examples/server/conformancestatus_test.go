package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type statusResource []parameter

// Get returns the first parameter of that name, or an empty one.
func (s statusResource) Get(name string) parameter {
	if i := slices.IndexFunc(s, func(p parameter) bool { return p.Name == name }); i >= 0 {
		return s[i]
	}
	return parameter{}
}

// A slice of the profile is which value a parameter has, and how often it is there:
// once, once at most, or as often as you like (STS-01, STS-02).
var (
	statusSlices = map[string]string{
		"subscription": "valueReference 1", "topic": "valueCanonical ?", "status": "valueCode 1", "type": "valueCode 1",
		"events-since-subscription-start": "valueString ?", "notification-event": "part *", "error": "valueCodeableConcept *",
	}
	eventSlices = map[string]string{
		"event-number": "valueString 1", "timestamp": "valueInstant ?", "focus": "valueReference ?", "additional-context": "valueReference *",
	}
)

func requireSlices(t *testing.T, parameters []parameter, slices map[string]string) {
	t.Helper()
	seen := map[string]int{}
	for _, p := range parameters {
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		value, _, ok := strings.Cut(slices[p.Name], " ")
		require.True(t, ok, p.Name)
		members := decode[map[string]json.RawMessage](t, raw)
		require.Contains(t, members, value, p.Name)
		require.Len(t, members, 2, p.Name)
		seen[p.Name]++
	}
	for name, s := range slices {
		require.True(t, seen[name] == 1 || seen[name] == 0 && s[len(s)-1] != '1' || s[len(s)-1] == '*', name)
	}
}

// statusOf reads the first entry and validates it against the profile (PROF-04).
func statusOf(t *testing.T, b bundle) statusResource {
	t.Helper()
	require.NotEmpty(t, b.Entry)
	var s struct {
		ResourceType, ID string
		Meta             any
		Parameter        statusResource
	}
	d := json.NewDecoder(bytes.NewReader(b.Entry[0].Resource))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&s))
	require.Equal(t, "Parameters", s.ResourceType)
	requireSlices(t, s.Parameter, statusSlices)
	for _, p := range s.Parameter {
		if p.Name == "notification-event" {
			requireSlices(t, p.Part, eventSlices)
			require.Regexp(t, `^[1-9]\d*$`, statusResource(p.Part).Get("event-number").String)
		}
	}
	require.Regexp(t, `^(requested|active|error|off)$`, s.Parameter.Get("status").Code)
	require.Regexp(t, `^(handshake|heartbeat|event-notification|query-status|query-event)$`, s.Parameter.Get("type").Code)
	require.Regexp(t, `^\d+$`, s.Parameter.Get("events-since-subscription-start").String)
	return s.Parameter
}

// notificationOf reads a notification and validates what holds for each of them
// (BND-01 to BND-05, BND-09, BND-11).
func notificationOf(t *testing.T, raw []byte) (bundle, statusResource) {
	t.Helper()
	b := decode[bundle](t, raw)
	require.Equal(t, "Bundle", b.ResourceType)
	require.Equal(t, "history", b.Type)
	require.Regexp(t, `^[A-Za-z0-9.-]{1,64}$`, b.ID)
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`, b.Timestamp)
	for i, e := range b.Entry {
		require.True(t, e.Request != nil && e.Request.Method != "" && e.Request.URL != "", "bdl-3")
		require.True(t, e.Response != nil && e.Response.Status >= "200" && e.Response.Status < "300", "bdl-4")
		require.Nil(t, e.Search, "bdl-2")
		require.NotContains(t, e.FullURL, "/_history/", "bdl-8")
		require.Regexp(t, `^(urn:uuid:|https?://)`, e.FullURL)
		require.Equal(t, i == 0, len(e.Resource) > 0 && decode[stored](t, e.Resource).ResourceType == "Parameters")
	}
	return b, statusOf(t, b)
}

// foci returns the notification's references of the given kind, from each event.
func foci(s statusResource, kind string) (all []string) {
	for _, event := range s {
		for _, p := range event.Part {
			if p.Name == kind {
				all = append(all, p.Reference.Reference)
			}
		}
	}
	return all
}
