package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// listener is a channel and a subscriber to whom classic notifications come.
type listener struct {
	kind    string // of channel; "": rest-hook
	confirm bool   // Subscriptions have to be confirmed

	mu     sync.Mutex
	told   []telling
	answer func(n int) error // nil: accepts; n counts from 1
}

// telling is what was sent, and whether it was accepted.
type telling struct {
	at       time.Time
	target   subscription.Target
	message  subscription.Message
	accepted bool
}

func (l *listener) Type() string {
	if l.kind == "" {
		return "rest-hook"
	}
	return l.kind
}

func (*listener) Check(context.Context, subscription.Target) error { return nil }

func (l *listener) NeedsConfirmation(subscription.Target) bool { return l.confirm }

func (l *listener) Send(_ context.Context, t subscription.Target, m subscription.Message) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answer != nil {
		err = l.answer(len(l.told) + 1)
	}
	l.told = append(l.told, telling{time.Now(), t, m, err == nil})
	return err
}

func (l *listener) answerWith(f func(n int) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = f
}

// all returns everything that was sent.
func (l *listener) all() []telling {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.told)
}

// to returns what was sent to a Subscription.
func (l *listener) to(id string) (list []telling) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.told {
		if s.target.Subscription == id {
			list = append(list, s)
		}
	}
	return list
}

// bodies returns what was accepted for a Subscription.
func (l *listener) bodies(id string) (list []string) {
	for _, s := range l.to(id) {
		if s.accepted {
			list = append(list, string(s.message.Body))
		}
	}
	return list
}

// newClassicWorld is a host that serves query criteria for Observations and Patients.
func newClassicWorld(t *testing.T, change ...func(*subscription.Config)) (*world, *listener) {
	l := new(listener)
	return newWorld(t, append([]func(*subscription.Config){func(c *subscription.Config) {
		c.Channels, c.Classic = []subscription.Channel{l}, []string{"Observation", "Patient"}
	}}, change...)...), l
}

// classic writes a classic Subscription as a client would, with a payload.
func classic(criteria string, edit ...func(map[string]any)) string {
	bare := func(s map[string]any) { delete(s["channel"].(map[string]any), "_payload") }
	return subscriptionJSON(criteria, append([]func(map[string]any){bare}, edit...)...)
}

func withoutPayload(s map[string]any) { delete(s["channel"].(map[string]any), "payload") }

func (w *world) subscribeClassic(criteria string, edit ...func(map[string]any)) string {
	w.t.Helper()
	s, err := w.Create(w.t.Context(), "", json.RawMessage(classic(criteria, edit...)))
	require.NoError(w.t, err)
	require.Contains(w.t, string(s.Resource), `"status":"active"`, "there is no handshake (CLS-05)")
	return s.ID
}

// bilirubin is an Observation of that value.
func bilirubin(id string, version int, value string) json.RawMessage {
	return fmt.Appendf(nil, `{"resourceType":"Observation","id":%q,"meta":{"versionId":"%d"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},`+
		`"valueQuantity":{"value":%s,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}`, id, version, value)
}

const highBilirubin = "/Observation?code=http://loinc.org|1975-2&value-quantity=gt1.0|http://unitsofmeasure.org|mg/dL"
