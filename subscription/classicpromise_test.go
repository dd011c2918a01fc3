package subscription_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/subscription"
)

// focusOf is what a resource says it is.
func focusOf(n fhirpath.Node) invariant.Focus {
	return invariant.Focus{Reference: n.Get("resourceType").Text() + "/" + n.Get("id").Text(), Version: n.Path("meta", "versionId").Text()}
}

// judge holds what arrived for classic Subscriptions against what was to arrive, in that
// order: the number of an event is its place in it.
func judge(t testing.TB, l *listener, expected map[string][]invariant.Focus, faults int) invariant.Report {
	var checker invariant.Checker
	checker.Excuse(faults)
	for id, foci := range expected {
		for _, f := range foci {
			checker.Expect(id, f)
		}
		for _, body := range l.bodies(id) {
			f := focusOf(parsedJSON(t, body))
			place := slices.Index(foci, f)
			if place < 0 {
				place = len(foci)
			}
			checker.ReceiveEvent(id, int64(place)+1, f)
		}
	}
	return checker.Report()
}

// TestClassicKeepsThePromise is R10 for query criteria: with an endpoint that fails three
// times of ten, everything arrives, in order.
func TestClassicKeepsThePromise(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		all, high := w.subscribeClassic("Observation"), w.subscribeClassic(highBilirubin)
		l.answerWith(func(n int) error {
			if n%10 < 3 {
				return errRefused
			}
			return nil
		})
		expected := map[string][]invariant.Focus{}
		const events = 1000
		for i := range events {
			c := subscription.ResourceChange{Interaction: subscription.Create, Resource: bilirubin(fmt.Sprint("o", i), 1, fmt.Sprint(float64(i%20)/10))}
			require.NoError(t, w.OnResourceChange(t.Context(), c))
			f := focusOf(parsedJSON(t, string(c.Resource)))
			expected[all] = append(expected[all], f)
			if i%20 > 10 {
				expected[high] = append(expected[high], f)
			}
			if i%7 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		time.Sleep(24 * time.Hour)
		report := judge(t, l, expected, 0)
		require.NoError(t, report.Err())
		require.Equal(t, events+events*9/20, report.Events)
		for i, s := range l.to(all) { // a message keeps its id until it is accepted, and then there is another
			if i > 0 {
				before := l.to(all)[i-1]
				require.Equal(t, !before.accepted, before.message.ID == s.message.ID)
			}
			if i > 20 {
				break
			}
		}
		t.Logf("R10 classic attempts=%d %v", len(l.all()), report)
		require.NoError(t, w.stop())
	})
}

// TestClassicAcrossNodes: a Subscription that one node has accepted holds at once for
// what another one writes.
func TestClassicAcrossNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		other, err := subscription.New(subscription.Config{
			Store: w.store, Channels: []subscription.Channel{l}, Release: subscription.R4, BaseURL: base,
			Authorizer: subscription.InsecureAllowAll{}, Node: "b", Classic: []string{"Observation", "Patient"},
		})
		require.NoError(t, err)
		expected := map[string][]invariant.Focus{}
		for i := range 200 {
			id := w.subscribeClassic(fmt.Sprintf("Patient?_id=p%d,last", i))
			require.NoError(t, other.OnResourceChange(t.Context(), patient(fmt.Sprint("p", i), 1)))
			expected[id] = []invariant.Focus{{Reference: fmt.Sprint("Patient/p", i), Version: "1"}, {Reference: "Patient/last", Version: "1"}}
		}
		require.NoError(t, other.OnResourceChange(t.Context(), patient("last", 1)))
		time.Sleep(time.Minute)
		report := judge(t, l, expected, 0)
		require.NoError(t, report.Err())
		require.Equal(t, 400, report.Events)
		t.Logf("CLS nodes=2 %v", report)
	})
}
