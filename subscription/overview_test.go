package subscription_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// What an operator is told of Subscriptions, and of how many.
func TestOverviews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var ids []string
		for i := range 7 {
			ids = append(ids, w.subscribe(anyPatient, filter("Patient?gender=female", "Patient?_id=p,q"), endpoint(fmt.Sprintf("h%d.example.org", i))))
		}
		before := time.Now()
		w.peer.answerWith(func(_ context.Context, _ int, a attempt) error {
			if a.target.Subscription == ids[2] || a.target.Subscription == ids[5] {
				return errRefused
			}
			return nil
		})
		for version := range 3 {
			w.write("p", version+1)
		}
		time.Sleep(100 * time.Millisecond)
		require.NoError(t, w.Pause(t.Context(), "", ids[4]))

		var seen []subscription.Overview
		for q := (subscription.OverviewQuery{Limit: 3}); ; {
			page, err := w.Overviews(t.Context(), q)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page.Subscriptions), 3)
			seen = append(seen, page.Subscriptions...)
			if q.After = page.Next; q.After == 0 {
				break
			}
		}
		require.Len(t, seen, 7)
		for i, o := range seen {
			require.Equal(t, ids[i], o.ID)
			require.Equal(t, []string{"gender", "_id"}, o.Filters)
			require.Equal(t, anyPatient, o.Topic)
			require.Equal(t, "rest-hook", o.ChannelType)
			require.Equal(t, notification.FullResource, o.Content)
			require.EqualValues(t, 3, o.Count)
			require.False(t, o.Unreadable)
		}
		require.EqualValues(t, 3, seen[2].Waiting())
		require.Equal(t, 1, seen[2].Attempt)
		require.WithinDuration(t, before, seen[2].Oldest, time.Second)
		require.True(t, seen[2].Due.After(before))
		require.Zero(t, seen[3].Waiting())
		require.Zero(t, seen[3].Oldest)

		find := func(q subscription.OverviewQuery) (found []string) {
			q.Limit = 100
			page, err := w.Overviews(t.Context(), q)
			require.NoError(t, err)
			require.Zero(t, page.Next)
			for _, o := range page.Subscriptions {
				found = append(found, o.ID)
			}
			return found
		}
		require.Equal(t, []string{ids[2], ids[4], ids[5]}, find(subscription.OverviewQuery{Failing: true}))
		require.Equal(t, []string{ids[4]}, find(subscription.OverviewQuery{Status: subscription.StatusError}))
		require.Equal(t, []string{ids[2], ids[5]}, find(subscription.OverviewQuery{Status: subscription.StatusActive, Failing: true}))
		require.Empty(t, find(subscription.OverviewQuery{Status: subscription.StatusOff}))
		require.Empty(t, find(subscription.OverviewQuery{Tenant: "other"}))
		require.Len(t, find(subscription.OverviewQuery{Tenant: "other", AllTenants: true}), 7)
		_, _, err := w.Overview(t.Context(), "other", ids[0])
		require.ErrorIs(t, err, subscription.ErrNotFound)

		count, err := w.Tally(t.Context(), 0)
		require.NoError(t, err)
		require.Zero(t, count.Next)
		require.Equal(t, map[subscription.Status]int{"active": 6, "error": 1}, count.Statuses)
		require.Equal(t, 3, count.Failing)
		require.EqualValues(t, 6, count.Waiting)
		require.Equal(t, ids[2], count.Worst[0].ID)
		require.Len(t, count.Worst, 3)
		require.NoError(t, w.TurnOff(t.Context(), "", ids[2]))
		off, err := w.Tally(t.Context(), 0)
		require.NoError(t, err)
		require.EqualValues(t, 3, off.Waiting, "what is off waits for nothing")
		var sum subscription.Tally
		sum.Add(count)
		sum.Add(off)
		require.Equal(t, map[subscription.Status]int{"active": 11, "error": 2, "off": 1}, sum.Statuses)
		require.Equal(t, ids[2], sum.Worst[0].ID)

		require.NoError(t, w.SetTopics(t.Context(), parseTopic(t, finishedTopic)))
		o, _, err := w.Overview(t.Context(), "", ids[0])
		require.NoError(t, err)
		require.Equal(t, anyPatient, o.Topic, "it still says what it asks for")
	})
}

// Of events there is shown what no patient can be known by, the newest first.
func TestEventOverviews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) { c.Retention = time.Hour })
		id := w.subscribe(anyPatient)
		w.write(canary, 1)
		w.write(canary, 2)
		synctest.Wait()
		w.peer.answerWith(refuseAll)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON(canary, 2)}))
		synctest.Wait()
		log, err := w.EventOverviews(t.Context(), "", id, 0, 100)
		require.NoError(t, err)
		require.Len(t, log, 3)
		for i, interaction := range []subscription.Interaction{subscription.Delete, subscription.Update, subscription.Create} {
			require.EqualValues(t, 3-i, log[i].Number)
			require.Equal(t, interaction, log[i].Interaction)
			require.Equal(t, "Patient", log[i].ResourceType)
			require.Equal(t, []string{anyPatient}, log[i].Topics)
			require.Equal(t, i > 0, log[i].Delivered)
		}
		raw, err := json.Marshal(log)
		require.NoError(t, err)
		require.NotContains(t, string(raw), canary)
		log, err = w.EventOverviews(t.Context(), "", id, 3, 1)
		require.NoError(t, err)
		require.Len(t, log, 1)
		require.EqualValues(t, 2, log[0].Number)
		log, err = w.EventOverviews(t.Context(), "", id, 1, 10)
		require.NoError(t, err)
		require.Empty(t, log)
		_, err = w.EventOverviews(t.Context(), "", "none", 0, 10)
		require.ErrorIs(t, err, subscription.ErrNotFound)
		w.peer.answerWith(nil)
		time.Sleep(3 * time.Hour) // delivered, and pruned
		log, err = w.EventOverviews(t.Context(), "", id, 0, 10)
		require.NoError(t, err)
		require.Empty(t, log)
		_, err = w.Explain(t.Context(), subscription.ExplainRequest{Subscription: id, EventOf: id, Event: 1})
		require.ErrorIs(t, err, subscription.ErrNotFound)
	})
}

// A change is asked about by the event that it was: of another Subscription, and without
// a value of the resource.
func TestExplainByEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		admitted := parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/admitted","status":"active",
			"eventTrigger":[{"resource":"Encounter","event":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"A01"}]}}]}`)
		w := newWorld(t, withTopics(parseTopic(t, anyPatientText), parseTopic(t, finishedTopic), admitted))
		got, missed := w.subscribe(anyPatient, filter("Patient?gender=female")), w.subscribe(anyPatient, filter("Patient?gender=male"))
		w.write("p", 1)
		w.write("p", 2)
		require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Delete, Previous: patientJSON("p", 2)}))
		time.Sleep(time.Second)
		for event := range int64(3) {
			x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: missed, EventOf: got, Event: event + 1})
			require.NoError(t, err)
			require.True(t, x.Fires)
			require.Equal(t, "a filter of the Subscription does not match", x.Reason)
			require.Len(t, x.Filters, 1)
			require.Empty(t, x.Filters[0].Values)
			x, err = w.Explain(t.Context(), subscription.ExplainRequest{Subscription: got, EventOf: got, Event: event + 1})
			require.NoError(t, err)
			require.True(t, x.Notifies)
		}
		_, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: got, EventOf: got, Event: 4})
		require.ErrorIs(t, err, subscription.ErrNotFound)
		_, err = w.Explain(t.Context(), subscription.ExplainRequest{Subscription: got, EventOf: "none", Event: 1})
		require.ErrorIs(t, err, subscription.ErrNotFound)

		raised := w.subscribe("https://topics.example.org/admitted")
		require.NoError(t, w.OnEvent(t.Context(), subscription.TopicEvent{
			Events: []topic.Coding{{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "A01"}},
			Focus:  json.RawMessage(`{"resourceType":"Encounter","id":"e"}`)}))
		time.Sleep(time.Second)
		_, err = w.Explain(t.Context(), subscription.ExplainRequest{Subscription: got, EventOf: raised, Event: 1})
		require.ErrorIs(t, err, subscription.ErrInvalidChange)
	})
}

// What the subscriber of an event may not know, nobody finds out by asking about the event:
// not by the verdict, and not by a filter of another Subscription.
func TestExplainSaysNothingOfRedactedEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := &secretive{secret: map[string]subscription.Verdict{"numbered": subscription.Redact}}
		w := newWorld(t, func(c *subscription.Config) { c.Authorizer = policy })
		id, probe := w.subscribe(anyPatient), w.subscribe(anyPatient, filter("Patient?gender=female"))
		for i, name := range []string{"numbered", "later", "open"} {
			w.write(name, i+1)
		}
		time.Sleep(time.Second)
		policy.set("later", subscription.Deny)
		for event := range int64(3) {
			for _, asker := range []string{id, probe} {
				x, err := w.Explain(t.Context(), subscription.ExplainRequest{Subscription: asker, EventOf: id, Event: event + 1})
				if event == 2 {
					require.NoError(t, err)
					require.Equal(t, "allow", x.Verdict)
					continue
				}
				require.ErrorIs(t, err, subscription.ErrNotFound)
				require.Equal(t, subscription.Explanation{}, x)
			}
		}
	})
}

// secretive gives verdicts by the resource's id; Allow for those it does not know.
type secretive struct {
	subscription.InsecureAllowAll
	mu     sync.Mutex
	secret map[string]subscription.Verdict
}

func (s *secretive) set(id string, v subscription.Verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret[id] = v
}

func (s *secretive) AuthorizeEvent(_ context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	verdicts := make([]subscription.Verdict, len(subs))
	for i := range verdicts {
		verdicts[i] = subscription.Allow
		for id, v := range s.secret {
			if bytes.Contains(focus, []byte(`"id":"`+id+`"`)) {
				verdicts[i] = v
			}
		}
	}
	return verdicts, nil
}

// Topics count what triggers them, whoever decides.
func TestTopicsCountFirings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := newShelf()
		w := newWorld(t, withTopics(parseTopic(t, anyPatientText), parseTopic(t, womensTopic), parseTopic(t, finishedTopic)), func(c *subscription.Config) { c.Resolver = host })
		for version := range 3 {
			w.write("p", version+1)
		}
		last := time.Now()
		require.NoError(t, w.OnResourceChange(t.Context(), encounterOf("e1", "w"), encounterOf("e2", "w")))
		time.Sleep(10 * time.Second)
		topics := w.TopicOverviews()
		require.Len(t, topics, 3)
		require.Equal(t, anyPatient, topics[0].URL)
		require.EqualValues(t, 3, topics[0].Fired)
		require.WithinDuration(t, last, topics[0].LastFired, time.Millisecond)
		require.EqualValues(t, 2, topics[1].Fired, "the sequencer has asked the host")
		require.Zero(t, topics[2].Fired)
		require.Zero(t, topics[2].LastFired)
		require.NoError(t, w.SetTopics(t.Context(), parseTopic(t, anyPatientText)))
		require.EqualValues(t, 3, w.TopicOverviews()[0].Fired)
		require.Equal(t, "a", w.Node())
	})
}

// A host that does not answer is shown as what it is, until it answers.
func TestBreakers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient, endpoint("dead.example.org:8443"))
		fine := w.subscribe(anyPatient, endpoint("fine.example.org"))
		probing := make(chan struct{})
		behave := func(dead func() error) {
			w.peer.answerWith(func(_ context.Context, _ int, a attempt) error {
				if a.target.Subscription == fine {
					return nil
				}
				return dead()
			})
		}
		behave(func() error { return errRefused })
		list, broken, total := w.Breakers(10)
		require.Empty(t, list)
		require.Zero(t, broken+total)
		w.write("p", 1)
		time.Sleep(2 * time.Second)
		list, broken, total = w.Breakers(10)
		require.Len(t, list, 1, "who answers is not worth a word")
		require.Equal(t, "dead.example.org:8443", list[0].Host)
		require.Equal(t, subscription.BreakerClosed, list[0].State)
		require.Equal(t, "no-response", list[0].Error)
		require.Zero(t, broken)
		require.Equal(t, 1, total)
		for list[0].Failures < 5 {
			time.Sleep(time.Second)
			list, broken, _ = w.Breakers(10)
		}
		opened := time.Now()
		require.Equal(t, subscription.BreakerOpen, list[0].State)
		require.Equal(t, 1, broken)
		require.WithinDuration(t, opened, list[0].Since, time.Second)
		require.WithinDuration(t, opened.Add(time.Minute), list[0].ProbeAt, time.Second)
		require.Equal(t, 1, list[0].Waiting)
		behave(func() error {
			probing <- struct{}{}
			<-probing
			return nil
		})
		<-probing
		list, broken, _ = w.Breakers(10)
		require.Equal(t, subscription.BreakerHalfOpen, list[0].State)
		require.Equal(t, 1, list[0].UnderWay)
		require.WithinDuration(t, opened, list[0].Since, time.Second, "since it is broken, not since it was tried")
		require.Equal(t, 1, broken)
		list, broken, total = w.Breakers(0)
		require.Empty(t, list)
		require.Equal(t, 2, broken+total)
		behave(func() error { return nil })
		probing <- struct{}{}
		time.Sleep(time.Second)
		list, broken, total = w.Breakers(10)
		require.Empty(t, list)
		require.Zero(t, broken+total)
		require.Equal(t, 1, w.peer.checker.Received(id))
	})
}
