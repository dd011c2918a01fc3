package websocket_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// receive gives a checker what arrived over a connection. What was sent and had not
// arrived when a connection ended may come again: so many are excused.
func receive(t testing.TB, checker *invariant.Checker, id string, excused int, connections ...*wire) invariant.Report {
	t.Helper()
	for _, w := range connections {
		for _, text := range w.heard() {
			require.NoError(t, checker.Receive(id, []byte(text)))
		}
	}
	checker.Excuse(excused)
	report := checker.Report()
	require.NoError(t, report.Err())
	return report
}

func expect(checker *invariant.Checker, id string, version int) {
	checker.Expect(id, invariant.Focus{Reference: "Patient/p", Version: fmt.Sprint(version)})
}

func TestSlowReaders(t *testing.T) { // W3
	const readers, events = 50, 200
	dropped := 0
	inBubble(t, func(t *testing.T, n *node) {
		healthyID := n.subscribe()
		healthy := n.bind(healthyID)
		var ids []string
		var slow []*wire
		var resumes []func()
		var checkers []*invariant.Checker
		for i := range readers {
			id := n.subscribe()
			w := n.connect()
			if i%2 == 1 {
				w.mu.Lock()
				w.slow = time.Second // a byte
				w.mu.Unlock()
			}
			w.say("bind-with-token " + n.token(id))
			synctest.Wait()
			resumes = append(resumes, func() {})
			if i%2 == 0 {
				resumes[i] = w.stopReading()
			}
			ids, slow, checkers = append(ids, id), append(slow, w), append(checkers, new(invariant.Checker))
		}
		begin := time.Now()
		padding := strings.Repeat("x", 2000)
		for version := 1; version <= events; version++ {
			n.writeText(version, padding)
			for i, id := range ids {
				expect(checkers[i], id, version)
			}
		}
		time.Sleep(100 * time.Millisecond) // many at once are sequenced together
		synctest.Wait()
		require.Len(t, healthy.numbers(), events)
		require.Less(t, time.Since(begin), time.Second, "nobody waits for those who are slow")
		time.Sleep(11 * time.Second)
		connected := make([]bool, readers)
		for i, id := range ids {
			connected[i] = n.isConnected(id)
		}
		for i, w := range slow {
			// The first frame that a reader waited for is read, whatever it had decided.
			resumes[i]()
			w.leave()
			require.Less(t, len(w.numbers()), events)
			require.False(t, connected[i], "it was cut off at the write deadline")
			dropped++
		}
		for i, id := range ids {
			again := n.bind(id)
			synctest.Wait()
			report := receive(t, checkers[i], id, len(slow[i].numbers()), slow[i], again)
			require.Equal(t, events, report.Events)
		}
		require.Len(t, healthy.numbers(), events)
	})
	t.Logf("W3 readers=%d dropped=%d lost=0 events=%d", readers, dropped, readers*events)
}

func TestConnectionsThatVanish(t *testing.T) { // W5
	const connections = 20
	inBubble(t, func(t *testing.T, n *node) {
		var ids []string
		var gone []*wire
		var checkers []*invariant.Checker
		for i := range connections {
			id := n.subscribe()
			w := n.bind(id)
			synctest.Wait()
			checker := new(invariant.Checker)
			n.write(2*i + 1)
			for j, other := range append(ids, id) {
				if j < len(checkers) {
					expect(checkers[j], other, 2*i+1)
				}
			}
			expect(checker, id, 2*i+1)
			ids, gone, checkers = append(ids, id), append(gone, w), append(checkers, checker)
		}
		synctest.Wait()
		resumes := make([]func(), connections)
		for i, w := range gone { // the network takes what is sent, and nothing comes back
			w.mu.Lock()
			w.mute = true
			w.mu.Unlock()
			resumes[i] = w.stopReading()
		}
		n.write(1000)
		for j, id := range ids {
			expect(checkers[j], id, 1000)
		}
		time.Sleep(60 * time.Second)
		for _, id := range ids {
			require.False(t, n.isConnected(id))
		}
		for i, w := range gone {
			resumes[i]()
			<-w.ended
		}
		for i, id := range ids {
			again := n.bind(id)
			synctest.Wait()
			require.Contains(t, strings.Join(again.seen(), ";"), "events", "what was swallowed comes again")
			receive(t, checkers[i], id, 1, gone[i], again)
		}
	})
	t.Logf("W5 vanished=%d found<=60s lost=0", connections)
}

// spec: CH-WS-03, CH-WS-06, CH-WS-08
func TestMissedEvents(t *testing.T) { // W8
	const rounds, missed = 100, 100
	inBubble(t, func(t *testing.T, n *node) {
		checker, id := new(invariant.Checker), n.subscribe()
		version := 0
		write := func() {
			version++
			n.write(version)
			expect(checker, id, version)
		}
		var all []*wire
		for range rounds {
			w := n.bind(id)
			synctest.Wait()
			write()
			synctest.Wait()
			w.leave()
			synctest.Wait()
			for range missed {
				write()
			}
			all = append(all, w)
		}
		all = append(all, n.bind(id))
		synctest.Wait()
		report := receive(t, checker, id, 0, all...)
		require.Equal(t, rounds*(missed+1), report.Events)
		t.Logf("W8 rounds=%d events=%d lost=0 duplicates=%d", rounds, report.Events, report.Duplicates)
	})
}

func TestSeveralConnectionsOfOneSubscription(t *testing.T) { // W8
	inBubble(t, func(t *testing.T, n *node) {
		id := n.subscribe()
		tokens := []string{n.token(id), n.token(id), n.token(id)}
		var all []*wire
		for _, token := range tokens {
			w := n.connect()
			w.say("bind-with-token " + token)
			all = append(all, w)
		}
		synctest.Wait()
		n.write(1)
		synctest.Wait()
		all[1].say("unbind-from-token " + tokens[1])
		synctest.Wait()
		n.write(2)
		synctest.Wait()
		all[2].leave()
		n.write(3)
		synctest.Wait()
		require.Equal(t, []int64{1, 2, 3}, all[0].numbers())
		require.Equal(t, []int64{1}, all[1].numbers())
		require.Equal(t, []int64{1, 2}, all[2].numbers())
	})
}

func TestBetweenNodes(t *testing.T) { // W9
	const rounds = 50
	duplicates := 0
	for round := range rounds {
		synctest.Test(t, func(t *testing.T) {
			store := memory.New()
			named := func(name string) func(*settings) { return func(s *settings) { s.name = name } }
			a := newNode(t, store)
			b := newNode(t, store, named("b"))
			checker, id := new(invariant.Checker), a.subscribe()
			version := 0
			write := func() {
				version++
				a.write(version)
				expect(checker, id, version)
			}
			w := b.bind(id)
			time.Sleep(2 * time.Second)
			for range 5 {
				write()
			}
			time.Sleep(time.Duration(round) * 30 * time.Millisecond) // b polls every second
			b.stopRun()
			write()
			again := a.bind(id)
			time.Sleep(2 * time.Second)
			write()
			time.Sleep(2 * time.Second)
			code, closed := w.closedWith()
			require.True(t, closed)
			require.Equal(t, 1001, code)
			duplicates += receive(t, checker, id, 5, w, again).Duplicates
			require.Equal(t, int64(version), again.numbers()[len(again.numbers())-1])
		})
	}
	t.Logf("W9 rounds=%d lost=0 duplicates=%d", rounds, duplicates)
}

// spec: CH-WS-08
func TestShutdown(t *testing.T) { // W10
	for round := range 10 {
		inBubble(t, func(t *testing.T, n *node) {
			id := n.subscribe()
			bound, unbound := n.bind(id), n.connect()
			n.write(1)
			for range round * 10 {
				n.write(2)
			}
			synctest.Wait()
			if round%2 == 0 {
				n.stopRun()
			} else {
				require.NoError(t, n.channel.Close())
			}
			for _, w := range []*wire{bound, unbound} {
				<-w.ended
				code, _ := w.closedWith()
				require.Equal(t, 1001, code)
			}
			o := open(t, n.dial, "/r4/ws")
			require.Equal(t, http.StatusServiceUnavailable, o.status)
			require.Equal(t, "5", o.header.Get("Retry-After"))
		})
	}
	t.Log("W10 shutdowns=10 closed-with-1001=20")
}

// isConnected asks the channel whether anybody is bound to a Subscription here.
func (n *node) isConnected(id string) bool {
	n.t.Helper()
	err := n.channel.Send(context.Background(), subscription.Target{Subscription: id, Timeout: time.Second}, subscription.Message{})
	return err == nil || err.Error() != subscription.NotConnected().Error()
}

// One who confirms is enough, whatever becomes of the others.
func TestSendNeedsOneConfirmation(t *testing.T) {
	inBubble(t, func(t *testing.T, n *node) {
		id := n.subscribe()
		alive, silent := n.bind(id), n.bind(id)
		synctest.Wait()
		silent.mu.Lock()
		silent.mute = true
		silent.mu.Unlock()
		began := time.Now()
		body := subscription.Message{Body: []byte(`{}`)}
		require.NoError(t, n.channel.Send(t.Context(), subscription.Target{Subscription: id, Timeout: 5 * time.Second}, body))
		require.Zero(t, time.Since(began), "nobody waits for the other")
		synctest.Wait()
		require.Contains(t, alive.heard(), `{}`)
		time.Sleep(6 * time.Second)
	})
}
