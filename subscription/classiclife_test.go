package subscription_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// spec: CLS-05, CLS-12, CLS-13, HB-12, LIFE-19
func TestClassicLife(t *testing.T) { // CLS-05, CLS-12, CLS-13, HB-12, R16
	synctest.Test(t, func(t *testing.T) {
		var statuses []string
		w, l := newClassicWorld(t, withRetry(time.Second, 2*time.Second), func(c *subscription.Config) {
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error {
				statuses = append(statuses, string(s.Status))
				return nil
			}
		})
		end := time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)
		id := w.subscribeClassic("Patient?gender=female", set("end", end))
		time.Sleep(time.Second)
		require.Empty(t, l.all(), "nothing is sent but what matches")
		w.write("a", 1)
		time.Sleep(time.Second)
		l.answerWith(func(int) error { return errRefused })
		w.write("b", 1)
		w.write("c", 1)
		time.Sleep(time.Minute)
		require.Equal(t, "error no-response", w.status(id))
		require.Len(t, l.to(id), 4, "a, and b three times")
		require.Equal(t, l.to(id)[1].message.ID, l.to(id)[3].message.ID)
		l.answerWith(nil)
		w.write("d", 1)
		time.Sleep(10 * time.Minute)
		require.Len(t, l.to(id), 4, "nothing is sent until the client asks")
		s, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", id, s.Resource, "")
		require.NoError(t, err)
		require.Equal(t, "active", w.status(id))
		time.Sleep(time.Second)
		var got []string
		for _, body := range l.bodies(id) {
			got = append(got, parsedJSON(t, body).Get("id").Text())
		}
		require.Equal(t, []string{"a", "b", "c", "d"}, got)
		time.Sleep(2 * time.Hour)
		require.Equal(t, "off ended", w.status(id))
		w.write("e", 1)
		time.Sleep(time.Hour)
		require.Len(t, l.bodies(id), 4)
		require.Equal(t, []string{"active", "error", "active", "off"}, statuses)
	})
}

func parsedJSON(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

// spec: CH-EML-06
func TestClassicConfirmation(t *testing.T) { // CH-EML-06: nobody is mailed who has not asked for it
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		l.confirm = true
		s, err := w.Create(t.Context(), "", json.RawMessage(classic("Patient")))
		require.NoError(t, err)
		require.Contains(t, string(s.Resource), `"status":"requested"`)
		w.write("a", 1)
		time.Sleep(time.Hour)
		require.Len(t, l.all(), 1)
		require.NotEmpty(t, l.all()[0].message.Confirmation)
		require.NotNil(t, l.all()[0].message.Classic)
		require.Empty(t, l.all()[0].message.Body)
		require.NoError(t, w.Confirm(t.Context(), l.all()[0].message.Confirmation))
		time.Sleep(time.Second)
		require.Equal(t, []string{"", string(patientJSON("a", 1))}, l.bodies(s.ID))
		now, err := w.Get(t.Context(), "", s.ID)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", s.ID, json.RawMessage(strings.Replace(string(now.Resource), `"Patient"`, `"Observation"`, 1)), "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "requested not-confirmed", w.status(s.ID), "that is something else")
	})
}

// TestClassicAfterATopic: one Subscription goes from a topic, with a batch under way, to
// query criteria and back. Its client gets each event once, and no deletion as a resource.
// spec: ACC-22
func TestClassicAfterATopic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		s, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 10))))
		require.NoError(t, err)
		time.Sleep(time.Second)
		l.answerWith(func(int) error { return errRefused })
		var want []string
		for i := range 5 {
			w.write("p", i+1)
			want = append(want, string(patientJSON("p", i+1)))
		}
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON("p", 5)}))
		time.Sleep(100 * time.Millisecond)
		var text map[string]any
		require.NoError(t, json.Unmarshal([]byte(classic("Patient")), &text))
		text["id"] = s.ID
		raw, err := json.Marshal(text)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", s.ID, raw, "")
		require.NoError(t, err)
		l.answerWith(nil)
		w.write("q", 1)
		want = append(want, string(patientJSON("q", 1)))
		time.Sleep(time.Hour)
		var got []string
		for _, told := range l.to(s.ID) {
			if told.message.Classic != nil && told.accepted {
				got = append(got, string(told.message.Body))
			}
		}
		require.Equal(t, want, got)

		require.NoError(t, json.Unmarshal([]byte(subscriptionJSON(anyPatient)), &text))
		raw, err = json.Marshal(text)
		require.NoError(t, err)
		_, _, err = w.Update(t.Context(), "", s.ID, raw, "")
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(s.ID))
		last := l.to(s.ID)[len(l.to(s.ID))-1].message
		require.Equal(t, "handshake", string(last.Notification.Type))
		require.EqualValues(t, 7, last.Notification.EventsSinceSubscriptionStart)
	})
}

func TestClassicThatIsNoLongerServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		id := w.subscribeClassic("Patient")
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		off := func(c *subscription.Config) { c.Channels = []subscription.Channel{l} }
		w.start(off)
		w.write("p", 1)
		time.Sleep(time.Minute)
		require.Equal(t, "error not-supported", w.status(id))
		require.Empty(t, l.all())
		require.NoError(t, w.stop())
		w.start(off, func(c *subscription.Config) { c.Classic = []string{"Observation"} })
		time.Sleep(time.Minute)
		require.Equal(t, "error not-supported", w.status(id))
	})
}
