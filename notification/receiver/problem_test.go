package receiver_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
)

// observed is a subscriber that keeps what it was told.
type observed struct {
	receiver *receiver.Receiver
	server   *receivertest.Server

	mu       sync.Mutex
	numbers  []int64
	problems []receiver.Problem
	fail     error
}

func observe(t testing.TB, cfg receiver.Config) *observed {
	o := &observed{}
	cfg.Handle = func(_ context.Context, e receiver.Event) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.fail == nil {
			o.numbers = append(o.numbers, e.Number)
		}
		return o.fail
	}
	cfg.OnProblem = func(_ context.Context, p receiver.Problem) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.problems = append(o.problems, p)
	}
	var err error
	o.receiver, err = receiver.New(cfg)
	require.NoError(t, err)
	o.server = receivertest.New(o.receiver)
	return o
}

func (o *observed) told() []receiver.Problem {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.problems)
}

func (o *observed) handled() []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.numbers)
}

func (o *observed) happen(times int) {
	for range times {
		o.server.Happen("1", json.RawMessage(`{"resourceType":"Encounter","id":"e"}`))
	}
}

func TestWithoutSourceEveryGapIsTold(t *testing.T) {
	o := observe(t, receiver.Config{})
	o.happen(9)
	require.Equal(t, 200, o.server.Send("1", 1))
	require.Equal(t, 200, o.server.Send("1", 4, 5))
	require.Equal(t, 200, o.server.Send("1", 3), "too late: it was told to be lost")
	require.Equal(t, 200, o.server.Heartbeat("1"))
	require.Equal(t, []int64{1, 4, 5}, o.handled())
	require.Equal(t, []receiver.Problem{
		{Kind: receiver.Lost, Subscription: "1", First: 2, Last: 3},
		{Kind: receiver.Lost, Subscription: "1", First: 6, Last: 9},
	}, o.told())
}

// Handle's failure is the server's to repeat: nothing after it is handled.
func TestWhatIsNotHandledComesAgain(t *testing.T) {
	o := observe(t, receiver.Config{})
	o.happen(2)
	o.fail = errors.New("no")
	require.Equal(t, 500, o.server.Send("1", 1, 2))
	o.fail = nil
	require.Equal(t, 200, o.server.Send("1", 1, 2))
	require.Equal(t, []int64{1, 2}, o.handled())
	require.Empty(t, o.told())
}

// unreachable is a source that does not answer.
type unreachable struct{}

func (unreachable) Events(context.Context, string, int64, int64) (*notification.Notification, error) {
	return nil, errors.New("no answer")
}

func (unreachable) Status(context.Context, string) (*notification.Notification, error) {
	return nil, errors.New("no answer")
}

// spec: ERR-12
func TestAGapIsWaitedForUntilPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := observe(t, receiver.Config{Source: unreachable{}, Patience: time.Minute})
		o.happen(3)
		require.Equal(t, http.StatusServiceUnavailable, o.server.Send("1", 3))
		time.Sleep(59 * time.Second)
		require.Equal(t, http.StatusServiceUnavailable, o.server.Send("1", 3))
		require.Empty(t, o.told())
		time.Sleep(time.Second)
		require.Equal(t, 200, o.server.Send("1", 3))
		require.Equal(t, []int64{3}, o.handled())
		require.Equal(t, []receiver.Problem{{Kind: receiver.Lost, Subscription: "1", First: 1, Last: 2}}, o.told())
	})
}

// LIFE-17: numbers never restart; a server whose numbers do has lost the subscription.
// spec: LIFE-17
func TestAResetIsTold(t *testing.T) {
	var server *receivertest.Server
	o := observe(t, receiver.Config{Source: source(&server)})
	server = o.server
	o.happen(3)
	o.server.Send("1", 1, 2, 3)
	o.server.Reset("1")
	o.happen(2)
	require.Equal(t, 200, o.server.Heartbeat("1"))
	require.Equal(t, []int64{1, 2, 3, 1, 2}, o.handled())
	require.Equal(t, []receiver.Problem{{Kind: receiver.Reset, Subscription: "1", Had: 3, Has: 2}}, o.told())
}

// A heartbeat that was overtaken on the way says nothing new.
func TestAnOvertakenHeartbeatIsNoReset(t *testing.T) {
	for name, src := range map[string]bool{"with a source": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			var server *receivertest.Server
			cfg := receiver.Config{}
			if src {
				cfg.Source = source(&server)
			}
			o := observe(t, cfg)
			server = o.server
			at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			early := &notification.Notification{Type: notification.Heartbeat, Subscription: "Subscription/1", Status: "active", Timestamp: at}
			o.happen(1)
			require.Equal(t, 200, o.server.Send("1", 1))
			require.NoError(t, o.receiver.Receive(t.Context(), early))
			require.Empty(t, o.told())
		})
	}
}

func TestAFailingStatusIsToldOnce(t *testing.T) {
	o := observe(t, receiver.Config{})
	o.server.Heartbeat("1")
	o.server.SetStatus("1", "error")
	o.server.Heartbeat("1")
	o.server.Heartbeat("1")
	o.server.SetStatus("1", "active")
	o.server.Heartbeat("1")
	o.server.SetStatus("1", "off")
	o.server.Heartbeat("1")
	require.Equal(t, []receiver.Problem{
		{Kind: receiver.Failing, Subscription: "1", Status: "error"},
		{Kind: receiver.Failing, Subscription: "1", Status: "off"},
	}, o.told())
}

// EVN-08: Medplum numbers every event 0.
// spec: EVN-08
func TestEventsWithoutNumbersAreHandledAndTold(t *testing.T) {
	o := observe(t, receiver.Config{})
	for range 2 {
		require.NoError(t, o.receiver.Receive(t.Context(), &notification.Notification{
			Type: notification.EventNotification, Subscription: "Subscription/1", Status: "active",
			Events: []notification.Event{{}},
		}))
	}
	require.Equal(t, []int64{0, 0}, o.handled())
	require.Equal(t, []receiver.Problem{{Kind: receiver.Unnumbered, Subscription: "1"}}, o.told())
}

// CLI-04: a server that has gone silent is reported once, and what was missed is fetched
// as soon as it answers.
// spec: CLI-04, HB-06
func TestSilenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var server *receivertest.Server
		o := observe(t, receiver.Config{Source: source(&server), Silence: time.Minute})
		server = o.server
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- o.receiver.Run(ctx) }()
		start := time.Now()
		o.receiver.Expect("1")
		o.server.Handshake("1")
		time.Sleep(30 * time.Second)
		o.happen(2) // and their notifications are lost
		time.Sleep(29 * time.Second)
		synctest.Wait()
		require.Empty(t, o.told())
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Equal(t, []int64{1, 2}, o.handled())
		require.Len(t, o.told(), 1)
		require.Equal(t, receiver.Silent, o.told()[0].Kind)
		require.WithinDuration(t, start, o.told()[0].Since, 0)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, o.told(), 1, "told once")
		o.server.Heartbeat("1")
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Len(t, o.told(), 2, "and again when it was heard of in between")
		cancel()
		require.NoError(t, <-ended)
	})
}

// Whoever names subscriptions that nobody made does not fill the memory, and what is
// forgotten so loses nothing.
func TestMadeUpSubscriptionsAreForgotten(t *testing.T) {
	o := observe(t, receiver.Config{})
	o.happen(2)
	o.server.Send("1", 1)
	for i := range 12_000 {
		require.NoError(t, o.receiver.Receive(t.Context(), &notification.Notification{
			Type: notification.Heartbeat, Status: "active", Subscription: "Subscription/made-up-" + strconv.Itoa(i),
		}))
	}
	o.server.Send("1", 1, 2)
	require.Equal(t, []int64{1, 2}, o.handled())
	require.Empty(t, o.told())
}
