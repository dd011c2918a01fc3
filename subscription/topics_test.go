package subscription_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// versioned is the patients' topic in a version that is about some interactions only.
func versioned(t *testing.T, version, status, interactions string) *topic.Topic {
	raw := strings.Replace(anyPatientText, `"status":"active"`, `"version":"`+version+`","status":"`+status+`"`, 1)
	return parseTopic(t, strings.Replace(raw, `"resource":"Patient"}]`, `"resource":"Patient","supportedInteraction":[`+interactions+`]}]`, 1))
}

func withTopics(topics ...*topic.Topic) func(*subscription.Config) {
	return func(c *subscription.Config) { c.Topics = topics }
}

// spec: DISC-12, TOP-02, TRG-01
func TestCanonicalWithAndWithoutVersion(t *testing.T) { // DISC-12
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(
			versioned(t, "1.9.0", "active", `"create"`),
			versioned(t, "1.10.0", "active", `"update"`),
			versioned(t, "2.0.0", "draft", `"delete"`),
			versioned(t, "0.1.0", "retired", `"create"`)))
		newest := w.subscribe(anyPatient) // the newest active one
		exact := w.subscribe(anyPatient + "|1.9.0")
		draft := w.subscribe(anyPatient + "|2.0.0")
		for _, refused := range []string{anyPatient + "|0.1.0", anyPatient + "|3.0.0"} {
			_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(refused)))
			require.Error(t, err, refused)
		}
		w.write("p", 1, exact)
		w.write("p", 2, newest)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON("p", 2)}))
		time.Sleep(time.Second)
		require.Equal(t, 1, w.peer.checker.Received(draft))
		require.Equal(t, 1, w.peer.checker.Received(newest))
		require.Equal(t, 1, w.peer.checker.Received(exact))
	})
}

// A change that a topic's former version was triggered by reaches those who follow
// the topic, whichever version is loaded when it is sequenced.
func TestTopicThatIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withTopics(versioned(t, "1.0.0", "active", `"create"`)))
		follows, exact := w.subscribe(anyPatient), w.subscribe(anyPatient+"|1.0.0")
		require.NoError(t, w.stop())
		w.write("p", 1, follows)
		w.start(withTopics(versioned(t, "1.1.0", "active", `"create"`)))
		w.write("q", 1, follows)
		time.Sleep(time.Second)
		require.Equal(t, 2, w.peer.checker.Received(follows))
		require.Zero(t, w.peer.checker.Received(exact))
		require.Equal(t, "error not-supported", w.status(exact), "its version is gone, and the client can see it")
		require.Equal(t, "active", w.status(follows))

		require.NoError(t, w.stop())
		w.start(withTopics(parseTopic(t, finishedTopic))) // gone altogether: nobody else suffers
		other := w.subscribe(finished)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create,
			Resource: json.RawMessage(`{"resourceType":"Encounter","id":"e","status":"finished"}`)}))
		time.Sleep(time.Second)
		require.Equal(t, 1, w.peer.checker.Received(other))
	})
}

// contested is a store in which somebody else, such as a delivery, has always written
// a Subscription just before.
type contested struct {
	subscription.Store
	conflicts atomic.Int64
}

func (c *contested) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	if r.Status == subscription.StatusError && c.conflicts.Add(-1) >= 0 {
		return subscription.Record{}, subscription.ErrConflict
	}
	return c.Store.PutSubscription(ctx, r, revision)
}

// Whoever loses their topic learns it, also if their Subscription is written just then.
func TestTopicThatIsGoneIsToldDespiteAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &contested{Store: memory.New()}
		w := newWorld(t, func(c *subscription.Config) { c.Store = store })
		id := w.subscribe(finished)
		store.conflicts.Store(1)
		require.NoError(t, w.SetTopics(t.Context(), parseTopic(t, anyPatientText)))
		time.Sleep(time.Minute)
		r, err := store.GetSubscription(t.Context(), "", id)
		require.NoError(t, err)
		require.Equal(t, subscription.StatusError, r.Status)
	})
}

func TestSequencerDecidesWhatTheHookCouldNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		evaluator := &undecided{err: errRefused}
		w := newWorld(t, func(c *subscription.Config) { c.Evaluators = []subscription.TopicEvaluator{evaluator} })
		id := w.subscribe(anyPatient)
		require.NoError(t, w.stop())
		w.write("p", 1)
		w.write("p", 2)
		require.Len(t, recorded(t, w.store), 3)
		w.start() // now the topic's criteria can be evaluated
		w.write("p", 3)
		time.Sleep(time.Second)
		require.Equal(t, 3, w.peer.checker.Received(id))

		require.NoError(t, w.stop())
		w.start(func(c *subscription.Config) { c.Evaluators = []subscription.TopicEvaluator{evaluator} })
		w.write("p", 4) // nobody ever can: it does not fire, and stops nobody
		time.Sleep(time.Second)
		require.NoError(t, w.stop())
		w.start()
		w.write("p", 5)
		time.Sleep(time.Second)
		require.Equal(t, 4, w.peer.checker.Received(id))
		events := w.peer.seen(notification.EventNotification)
		require.Contains(t, string(events[len(events)-1].body), `"versionId":"5"`)
	})
}
