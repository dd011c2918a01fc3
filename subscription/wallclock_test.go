package subscription_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// timekeeper is a memory store as several nodes share it, with a clock of its own.
type timekeeper struct{ *memory.Store }

func (timekeeper) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// machine is one whose clock people set.
type machine struct{ off atomic.Int64 }

func (m *machine) wall(now time.Time) time.Time { return now.Add(time.Duration(m.off.Load())) }

func (m *machine) set(off time.Duration) { m.off.Store(int64(off)) }

// alone counts attempts for one subscription that go on while another does.
type alone struct {
	mu     sync.Mutex
	under  map[string]int
	double int
}

func (a *alone) during(id string, f func()) {
	a.mu.Lock()
	if a.under[id]++; a.under[id] > 1 {
		a.double++
	}
	a.mu.Unlock()
	f()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.under[id]--
}

// Whatever becomes of the machines' clocks, nothing is sent early, nothing in a burst and
// nothing by two.
func TestWallClocksThatJump(t *testing.T) { // R22
	t.Parallel()
	waits := []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute, 20 * time.Minute}
	jumps := []time.Duration{time.Hour, -time.Hour, 5 * time.Minute, -5 * time.Minute, 0}
	early, burst, double, beats := 0, 0, 0, 0
	run := func(t *testing.T, seed uint64, nodes int) {
		random := rand.New(rand.NewPCG(seed, 22))
		store := memory.New()
		machines := make([]*machine, nodes)
		var worlds []*world
		start := func(peer *peer) *world {
			i := len(worlds)
			machines[i] = new(machine)
			machines[i].set(time.Duration(i) * 5 * time.Minute)
			on := &world{t: t, store: store, peer: peer}
			on.prepare(withRetry(waits...), func(c *subscription.Config) {
				c.Node = string(rune('a' + i))
				if nodes > 1 {
					c.Store = timekeeper{store}
				}
			})
			on.SetWall(machines[i].wall)
			on.run()
			worlds = append(worlds, on)
			synctest.Wait()
			return on
		}
		w := start(new(peer))
		minutely := channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60)
		quiet := w.subscribe(anyPatient, minutely, filter("gender=male"))
		busy := w.subscribe(anyPatient, minutely, endpoint("busy.example.org"))
		sick := w.subscribe(anyPatient, endpoint("sick.example.org"))
		watch := alone{under: map[string]int{}}
		w.peer.answerWith(func(_ context.Context, n int, a attempt) (err error) {
			watch.during(a.target.Subscription, func() {
				switch a.target.Subscription {
				case busy:
					time.Sleep(25 * time.Second) // long, so that two would meet
				case sick:
					err = errRefused
				}
			})
			return err
		})
		w.write("p", 1, busy)
		time.Sleep(5 * time.Second)
		if nodes > 1 { // while the first is at work
			start(w.peer)
		}
		for i := range 40 {
			time.Sleep(time.Duration(random.IntN(60)) * time.Second)
			machines[random.IntN(nodes)].set(jumps[random.IntN(len(jumps))])
			if i%8 == 0 {
				w.write("p", i+2, busy)
			}
		}
		time.Sleep(time.Hour)
		var sent []time.Time
		for _, a := range w.peer.seen(notification.EventNotification) {
			if a.target.Subscription == sick {
				sent = append(sent, a.at)
			}
		}
		require.Len(t, sent, 1+len(waits))
		for i, wait := range waits {
			if took := sent[i+1].Sub(sent[i]); took < wait*79/100 {
				early++
			} else {
				require.Less(t, took, wait*122/100+2*time.Second, "late")
			}
		}
		var last time.Time
		for _, a := range w.peer.seen(notification.Heartbeat) {
			if a.target.Subscription != quiet {
				continue
			}
			if gap := a.at.Sub(last); !last.IsZero() && gap < 59*time.Second {
				burst++
			} else if !last.IsZero() {
				require.Less(t, gap, 63*time.Second, "late")
			}
			last = a.at
			beats++
		}
		double += watch.double
		require.True(t, w.peer.checker.Complete())
		for _, on := range worlds {
			require.NoError(t, on.stop())
		}
		require.NoError(t, w.peer.checker.Report().Err())
	}
	const runs = 40
	for seed := range uint64(runs) {
		synctest.Test(t, func(t *testing.T) { run(t, seed, 1+int(seed%2)) })
	}
	t.Logf("R22 runs=%d heartbeats=%d early=%d burst=%d double=%d", runs, beats, early, burst, double)
	require.Zero(t, early)
	require.Zero(t, burst)
	require.Zero(t, double)
}
