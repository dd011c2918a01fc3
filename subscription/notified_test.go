package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// auditor keeps what it is told.
type auditor struct {
	mu  sync.Mutex
	all []subscription.Notified
}

func (a *auditor) told(_ context.Context, n subscription.Notified) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, n)
}

// events are those about events, in order.
func (a *auditor) events() (list []subscription.Notified) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.all {
		if n.Type == notification.EventNotification {
			list = append(list, n)
		}
	}
	return list
}

func withAuditor(a *auditor) func(*subscription.Config) {
	return func(c *subscription.Config) { c.OnNotified = a.told }
}

// spec: SEC-09
func TestHostIsToldOfEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var audits auditor
		w := newWorld(t, withAuditor(&audits), withRetry(time.Second, time.Second), func(c *subscription.Config) {
			c.Authorizer = ownedBy{owner: "Practitioner/9"}
		})
		id := w.subscribe(anyPatient)
		w.peer.answerWith(func(_ context.Context, n int, a attempt) error {
			if n == 2 {
				return errRefused
			}
			return nil
		})
		require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
		time.Sleep(5 * time.Second)
		require.NoError(t, w.stop())
		require.Equal(t, notification.Handshake, audits.all[0].Type)
		require.Empty(t, audits.all[0].Focus)
		sent := w.peer.seen(notification.EventNotification)
		told := audits.events()
		require.Len(t, told, 2)
		require.Equal(t, subscription.Notified{
			Subscription: id, Owner: "Practitioner/9", Topic: anyPatient, Channel: "rest-hook", Endpoint: "https://subscriber.example.org/hook",
			Type: notification.EventNotification, Content: notification.FullResource, ID: sent[0].id,
			Focus: []string{"Patient/1"}, Disclosed: []string{"Patient/1"}, Result: subscription.ResultTransient, At: sent[0].at,
		}, told[0])
		require.Equal(t, subscription.ResultOK, told[1].Result)
		require.Equal(t, told[0].ID, told[1].ID)
	})
}

// ownedBy lets everybody do everything, in one's name.
type ownedBy struct {
	subscription.InsecureAllowAll
	owner string
}

func (o ownedBy) AuthorizeSubscription(context.Context, *subscription.Subscription) (string, error) {
	return o.owner, nil
}

func TestWhatIsDisclosedIsToldApart(t *testing.T) {
	for content, disclosed := range map[string][]string{"empty": nil, "id-only": {"Patient/1"}, "full-resource": {"Patient/1"}} {
		t.Run(content, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var audits auditor
				w := newWorld(t, withAuditor(&audits))
				w.subscribe(anyPatient, setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": content}}}))
				require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
				time.Sleep(time.Second)
				told := audits.events()
				require.Len(t, told, 1)
				require.Equal(t, []string{"Patient/1"}, told[0].Focus)
				require.Equal(t, disclosed, told[0].Disclosed)
			})
		})
	}
}

func TestHostIsToldOfConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var audits auditor
		w := newWorld(t, withAuditor(&audits), withPlug)
		id := w.subscribe(anyPatient, overWebsocket)
		c := connect(t, w.Engine, true)
		require.NoError(t, c.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		w.patients(2)
		time.Sleep(time.Second)
		told := audits.events()
		require.Len(t, told, 2)
		require.Equal(t, subscription.ResultOK, told[0].Result)
		require.Len(t, told[0].Disclosed, 1)
	})
}

// What one connection's notification was about is the host's own: it may change it.
func TestWhatTheHostIsToldIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told [][]string
		w := newWorld(t, withPlug, func(c *subscription.Config) {
			c.OnNotified = func(_ context.Context, n subscription.Notified) {
				mu.Lock()
				defer mu.Unlock()
				if n.Type == notification.EventNotification {
					told = append(told, slices.Concat(n.Focus, n.Disclosed))
					clear(n.Focus)
					clear(n.Disclosed)
				}
			}
		})
		id := w.subscribe(anyPatient, overWebsocket)
		var sessions []*subscription.Session
		for range 2 {
			s, err := w.Connect("", "websocket")
			require.NoError(t, err)
			defer s.Close()
			require.NoError(t, s.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
			sessions = append(sessions, s)
		}
		w.patients(1)
		for range 2 { // the handshake, and the event
			for _, s := range sessions {
				d, err := s.Next(t.Context())
				require.NoError(t, err)
				require.NotZero(t, d.Sequence)
			}
		}
		for _, s := range sessions {
			s.Confirm(2)
		}
		synctest.Wait()
		require.Len(t, told, 2)
		require.Len(t, told[0], 2)
		require.Equal(t, told[0], told[1])
		for _, s := range sessions {
			s.Close()
		}
		require.NoError(t, w.stop())
	})
}

func TestOnNotifiedThatFailsHurtsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		w := newWorld(t, func(c *subscription.Config) {
			c.OnNotified = func(ctx context.Context, n subscription.Notified) {
				calls++
				if calls == 1 {
					panic(errors.New(canary))
				}
				<-ctx.Done() // which comes before the claim ends
			}
		})
		w.subscribe(anyPatient)
		require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1), patient("2", 1)))
		time.Sleep(time.Minute)
		require.NoError(t, w.stop())
		require.Equal(t, []int64{1, 2}, numbers(w.peer.seen(notification.EventNotification)), "each once")
		require.Equal(t, 3, calls)
	})
}

// A claim whose notification took long to make and to send has little time left:
// OnNotified must not use more than that, lest another claim send it again.
func TestOnNotifiedEndsBeforeTheClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(c *subscription.Config) {
			c.Authorizer = slowToShow{}
			c.OnNotified = func(ctx context.Context, n subscription.Notified) {
				if n.Type == notification.EventNotification {
					<-ctx.Done()
				}
			}
		})
		w.subscribe(anyPatient)
		w.peer.answerWith(func(context.Context, int, attempt) error {
			time.Sleep(29 * time.Second)
			return nil
		})
		require.NoError(t, w.OnResourceChange(t.Context(), patient("1", 1)))
		time.Sleep(5 * time.Minute)
		require.Equal(t, []int64{1}, numbers(w.peer.seen(notification.EventNotification)), "once")
		require.NoError(t, w.stop())
	})
}

// slowToShow takes nearly as long as it may to say what may be sent.
type slowToShow struct{ subscription.InsecureAllowAll }

func (a slowToShow) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	if subs[0].Endpoint != "" {
		time.Sleep(29 * time.Second)
	}
	return a.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

// OnNotified that hangs holds neither who confirms nor who closes the connection, and is
// told of everything all the same: first, and once.
func TestOnNotifiedThatHangsHoldsNoSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		results := map[subscription.Result]int{}
		most := 0
		w := newWorld(t, withPlug, func(c *subscription.Config) {
			c.OnNotified = func(ctx context.Context, n subscription.Notified) {
				<-ctx.Done()
				mu.Lock()
				results[n.Result]++
				mu.Unlock()
			}
		})
		id := w.subscribe(anyPatient, overWebsocket)
		s, err := w.Connect("", "websocket")
		require.NoError(t, err)
		defer s.Close()
		require.NoError(t, s.Bind(t.Context(), w.token(id), subscription.BindOptions{}))
		began, got := time.Now(), 0
		for i := range 600 {
			w.write("p", i+1)
			time.Sleep(10 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			d, err := s.Next(ctx)
			if cancel(); err != nil {
				break // enough is under way of which the host has not been told
			}
			got++
			if i%100 != 99 {
				s.Confirm(d.Sequence)
			}
			mu.Lock()
			most = max(most, got-results[subscription.ResultOK])
			mu.Unlock()
		}
		require.Less(t, time.Since(began), 10*time.Second)
		require.Greater(t, got, 250)
		require.LessOrEqual(t, most, 520)
		s.Close()
		require.Less(t, time.Since(began), 10*time.Second)
		time.Sleep(3 * time.Hour)
		require.Equal(t, got, results[subscription.ResultOK]+results[subscription.ResultCut])
		require.NoError(t, w.stop())
	})
}
