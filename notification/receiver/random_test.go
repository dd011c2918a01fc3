package receiver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/receivertest"
)

// source lets a receiver ask a server that is made after it.
type late struct{ server **receivertest.Server }

func source(s **receivertest.Server) receiver.Source { return late{s} }

func (l late) Events(ctx context.Context, id string, first, last int64) (*notification.Notification, error) {
	return (*l.server).Events(ctx, id, first, last)
}

func (l late) Status(ctx context.Context, id string) (*notification.Notification, error) {
	return (*l.server).Status(ctx, id)
}

var errInjected = errors.New("injected")

// flaky fails now and then.
type flaky struct {
	receiver.Source
	receiver.Positions
	rand *rand.Rand
}

func (f flaky) Events(ctx context.Context, id string, first, last int64) (*notification.Notification, error) {
	if f.rand.IntN(4) == 0 {
		return nil, errInjected
	}
	return f.Source.Events(ctx, id, first, last)
}

func (f flaky) Save(ctx context.Context, id string, n int64) error {
	if f.rand.IntN(5) == 0 {
		return errInjected
	}
	return f.Positions.Save(ctx, id, n)
}

// ledger is what the subscriber's host has seen: it outlives the receiver's process.
type ledger struct {
	t       *testing.T
	rand    *rand.Rand
	last    map[string]int64
	seen    map[string]map[int64]int
	lost    map[string]int64
	repeats int
	resumed map[string]bool // a new process may begin before the last
}

func (l *ledger) handle(_ context.Context, e receiver.Event) error {
	require.Equal(l.t, fmt.Sprintf("%s-%d", e.Subscription, e.Number), focusID(e), "the event's own content")
	if !l.resumed[e.Subscription] {
		require.Equal(l.t, l.last[e.Subscription]+1, e.Number, "in order, without a gap")
	}
	require.LessOrEqual(l.t, e.Number, l.last[e.Subscription]+1, "without a gap")
	if l.rand.IntN(6) == 0 {
		return errInjected
	}
	l.resumed[e.Subscription] = false
	l.last[e.Subscription] = e.Number
	if l.seen[e.Subscription] == nil {
		l.seen[e.Subscription] = map[int64]int{}
	}
	if l.seen[e.Subscription][e.Number]++; l.seen[e.Subscription][e.Number] > 1 {
		l.repeats++
	}
	return nil
}

func (l *ledger) problem(_ context.Context, p receiver.Problem) {
	require.Equal(l.t, receiver.Lost, p.Kind)
	require.LessOrEqual(l.t, p.First, l.last[p.Subscription]+1)
	for n := p.First; n <= p.Last; n++ {
		if l.seen[p.Subscription][n] == 0 {
			l.lost[fmt.Sprint(p.Subscription, "/", n)] = n
		}
	}
	l.last[p.Subscription] = max(p.Last, l.last[p.Subscription])
	l.resumed[p.Subscription] = true
}

func focusID(e receiver.Event) string {
	var focus struct{ ID string }
	_ = json.Unmarshal(e.Focus.Resource, &focus)
	return focus.ID
}

// CLI-02, ERR-12: notifications are lost, repeated and reordered, handling, positions and
// the server's answers fail, processes end between an effect and its position. Every
// event that the server still has is handled, in order; of the others the host is told.
// spec: CLI-02, ERR-12, ERR-05, ERR-07
func TestNothingIsLostOrHidden(t *testing.T) {
	const runs = 400
	var events, handled, repeats, lost, refused, restarts int
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 1))
		host := &ledger{
			t: t, rand: random, last: map[string]int64{}, seen: map[string]map[int64]int{},
			lost: map[string]int64{}, resumed: map[string]bool{},
		}
		durable := receiver.Positions(&receiver.Memory{})
		if seed%50 == 0 {
			var err error
			durable, err = receiver.OpenFile(filepath.Join(t.TempDir(), "positions.json"))
			require.NoError(t, err)
		}
		var server *receivertest.Server
		process := func(failing bool) http.Handler {
			unsteady := flaky{source(&server), durable, random}
			cfg := receiver.Config{Handle: host.handle, OnProblem: host.problem, Source: unsteady, Positions: unsteady}
			if !failing {
				cfg.Source, cfg.Positions = source(&server), durable
			}
			r, err := receiver.New(cfg)
			require.NoError(t, err)
			return r
		}
		var now http.Handler = process(true)
		server = receivertest.New(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { now.ServeHTTP(w, req) }))
		ids := []string{"a", "b"}
		pruned := map[string]int64{}
		counts := map[string]int64{}
		send := func(id string, numbers ...int64) {
			if code := server.Send(id, numbers...); code != http.StatusOK {
				refused++
			}
		}
		for range 60 {
			id := ids[random.IntN(len(ids))]
			switch random.IntN(8) {
			case 0, 1, 2: // happens, and arrives
				counts[id] = server.Happen(id, resource(id, counts[id]+1))
				send(id, counts[id])
			case 3: // is lost
				counts[id] = server.Happen(id, resource(id, counts[id]+1))
			case 4: // comes again, or late
				if counts[id] > pruned[id] {
					send(id, pruned[id]+1+random.Int64N(counts[id]-pruned[id]))
				}
			case 5: // several at once
				first := counts[id] + 1
				server.Happen(id, resource(id, first))
				counts[id] = server.Happen(id, resource(id, first+1))
				send(id, first, first+1)
			case 6:
				server.Heartbeat(id)
			case 7:
				switch {
				case random.IntN(3) == 0: // the process ends
					restarts++
					host.resumed = map[string]bool{"a": true, "b": true}
					now = process(true)
				case random.IntN(4) == 0:
					pruned[id] += random.Int64N(counts[id] - pruned[id] + 1)
					server.Prune(id, pruned[id])
				}
			}
		}
		now = process(false) // all is well again
		host.resumed = map[string]bool{"a": true, "b": true}
		for _, id := range ids {
			for server.Heartbeat(id) != http.StatusOK {
				refused++
			}
			for n := int64(1); n <= counts[id]; n++ {
				events++
				times := host.seen[id][n]
				_, told := host.lost[fmt.Sprint(id, "/", n)]
				require.True(t, times > 0 || told, "seed %d: event %s/%d was neither handled nor told to be lost", seed, id, n)
				if times == 0 {
					require.LessOrEqual(t, n, pruned[id], "seed %d: event %s/%d is told to be lost, but the server has it", seed, id, n)
					lost++
				} else {
					handled++
				}
			}
		}
		repeats += host.repeats
	}
	t.Logf("runs=%d events=%d handled=%d told-lost=%d hidden=0 disorder=0 repeats=%d restarts=%d refused=%d",
		runs, events, handled, lost, repeats, restarts, refused)
	require.Greater(t, lost, 20)
	require.Greater(t, repeats, 100)
}

func resource(id string, n int64) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"resourceType":"Encounter","id":"%s-%d"}`, id, n))
}
