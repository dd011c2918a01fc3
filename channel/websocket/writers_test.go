package websocket_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// Who does not read holds up nobody, however many they are: all writers are soon with
// them, and as soon replaced.
func TestThoseWhoDoNotReadHoldUpNobody(t *testing.T) { // W3
	const deaf, healthy = 300, 20
	const soon = 200 * time.Millisecond // without more and more writers it takes three times that
	inBubble(t, func(t *testing.T, n *node) {
		var resumes []func()
		for range deaf {
			w := n.bind(n.subscribe())
			synctest.Wait()
			resumes = append(resumes, w.stopReading())
		}
		var readers []*wire
		for range healthy {
			readers = append(readers, n.bind(n.subscribe()))
		}
		synctest.Wait()
		pause := func() { time.Sleep(soon); synctest.Wait() }
		n.writeText(1, "") // the frame that each of the deaf still takes
		pause()
		n.writeText(2, strings.Repeat("x", 1<<20))
		pause()
		for _, w := range readers {
			require.Equal(t, []int64{1, 2}, w.numbers())
		}
		n.writeText(3, "")
		pause()
		for _, w := range readers {
			require.Equal(t, []int64{1, 2, 3}, w.numbers())
		}
		time.Sleep(11 * time.Second)
		for _, resume := range resumes {
			resume()
		}
	})
	t.Logf("W3 deaf=%d healthy=%d held-up=0", deaf, healthy)
}

// slow is an Authorizer that takes its time about content.
type slow struct{ subscription.InsecureAllowAll }

func (slow) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	if len(subs) == 1 && subs[0].ID != "" {
		time.Sleep(time.Second)
	}
	return subscription.InsecureAllowAll{}.AuthorizeEvent(ctx, focus, subs)
}

// Those whose right is slow to be known wait for themselves only.
func TestASlowAuthorizerIsAskedForAllAtOnce(t *testing.T) {
	const subscribers = 200
	inBubble(t, func(t *testing.T, n *node) {
		var all []*wire
		for range subscribers {
			all = append(all, n.bind(n.subscribe()))
		}
		synctest.Wait()
		n.write(1)
		time.Sleep(1500 * time.Millisecond)
		for _, w := range all {
			require.Equal(t, []int64{1}, w.numbers())
		}
	}, func(s *settings) { s.engine = func(c *subscription.Config) { c.Authorizer = slow{} } })
}

// quitter is an Authorizer that ends the goroutine of whoever asks about content, so many
// times.
type quitter struct {
	subscription.InsecureAllowAll
	left atomic.Int64
}

func (q *quitter) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	if len(subs) == 1 && q.left.Add(-1) >= 0 {
		runtime.Goexit()
	}
	return q.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

// A function of the host's that ends a writer's goroutine ends that connection: its
// subscriber comes back, and nobody else notices.
func TestHostEndsWriters(t *testing.T) { // R21
	const subscribers, quits = 60, 20
	q := new(quitter)
	inBubble(t, func(t *testing.T, n *node) {
		var ids []string
		var all []*wire
		for range subscribers {
			id := n.subscribe()
			ids, all = append(ids, id), append(all, n.bind(id))
		}
		synctest.Wait()
		q.left.Store(quits)
		n.write(1)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		ended := 0
		for i, w := range all {
			if _, closed := w.closedWith(); closed {
				ended++
				require.Empty(t, w.numbers())
				all[i] = n.bind(ids[i])
			}
		}
		require.Equal(t, quits, ended)
		n.write(2)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		for _, w := range all {
			require.Equal(t, []int64{1, 2}, w.numbers())
		}
	}, func(s *settings) { s.engine = func(c *subscription.Config) { c.Authorizer = q } })
}

// byOwner is an Authorizer that lets some subscribers know only that something happened.
type byOwner struct{ subscription.InsecureAllowAll }

func (byOwner) AuthorizeSubscription(_ context.Context, s *subscription.Subscription) (string, error) {
	var resource struct{ Reason string }
	err := json.Unmarshal(s.Resource, &resource)
	return resource.Reason, err
}

func (byOwner) AuthorizeEvent(_ context.Context, _ json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts := make([]subscription.Verdict, len(subs))
	for i, s := range subs {
		if verdicts[i] = subscription.Allow; s.Owner == "stranger" {
			verdicts[i] = subscription.Redact
		}
	}
	return verdicts, nil
}

// Subscribers of every level, side by side in each event, written by the same writers one
// after the other: each gets its own and nothing else's (PAY-01, SEC-02).
//
// spec: PAY-01, SEC-02
func TestLevelsSideBySide(t *testing.T) {
	const ofEach, events = 50, 5
	type subscriber struct {
		*wire
		id      string
		content notification.Content
		names   bool // the resource
		holds   bool // it
	}
	received := 0
	inBubble(t, func(t *testing.T, n *node) {
		var all []subscriber
		shared := n.subscribe()
		for range ofEach {
			for _, kind := range []subscriber{
				{content: notification.Empty},
				{content: notification.IDOnly, names: true},
				{content: notification.FullResource, names: true, holds: true},
				{content: notification.FullResource, id: "stranger"},
				{content: notification.FullResource, id: shared, names: true, holds: true}, // of one Subscription: made once
				{content: notification.IDOnly, id: shared, names: true},                    // the same, and asks for less
			} {
				one := kind
				if kind.id != shared {
					one.id = n.subscribe(func(s map[string]any) {
						if kind.id != "" {
							s["reason"] = kind.id
						}
						s["channel"].(map[string]any)["_payload"].(map[string]any)["extension"].([]any)[0].(map[string]any)["valueCode"] = string(kind.content)
					})
				}
				one.wire = open(t, n.dial, "/r4/ws?content="+string(kind.content)).wire
				one.say("bind-with-token " + n.token(one.id))
				all = append(all, one)
			}
		}
		synctest.Wait()
		for version := 1; version <= events; version++ {
			n.writeText(version, strings.Repeat("x", 100*version))
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		for _, s := range all {
			texts := s.heard()
			require.Len(t, texts, events+1)
			for i, text := range texts[1:] {
				received++
				got, err := notification.Parse([]byte(text))
				require.NoError(t, err)
				require.Equal(t, "http://fhir.example.org/r4/Subscription/"+s.id, got.Subscription)
				require.EqualValues(t, i+1, got.EventsSinceSubscriptionStart)
				require.Len(t, got.Events, 1)
				require.EqualValues(t, i+1, got.Events[0].Number)
				require.Equal(t, s.names, strings.Contains(text, "/Patient/p"))
				require.Equal(t, s.holds, strings.Contains(text, "canary-7c1e93"))
				require.Equal(t, s.holds, strings.Contains(text, fmt.Sprintf(`"versionId":"%d"`, i+1)))
			}
		}
	}, func(s *settings) { s.engine = func(c *subscription.Config) { c.Authorizer = byOwner{} } })
	t.Logf("levels=6 subscribers=%d notifications=%d leaked=0", 6*ofEach, received)
}

// A text that does not fit into a writer's room is sent all the same, and what is sent
// after it is its own.
func TestLongTextsBesideShortOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, memory.New())
		var all []*wire
		for range 40 {
			all = append(all, n.bind(n.subscribe()))
		}
		synctest.Wait()
		for version, length := range []int{10, 100_000, 14_000, 15_500, 16_384, 10} {
			n.writeText(version+1, strings.Repeat("x", length))
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		for _, w := range all {
			require.Equal(t, []int64{1, 2, 3, 4, 5, 6}, w.numbers())
		}
	})
}
