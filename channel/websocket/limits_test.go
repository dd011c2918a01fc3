package websocket_test

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// asked counts how often a token is looked up.
type asked struct {
	*memory.Store
	n atomic.Int64
}

func (s *asked) TakeToken(ctx context.Context, tenant, hash string, now time.Time) (subscription.Token, error) {
	s.n.Add(1)
	return s.Store.TakeToken(ctx, tenant, hash, now)
}

func TestFloodOfBinds(t *testing.T) { // W2
	synctest.Test(t, func(t *testing.T) {
		const binds = 10_000
		store := &asked{Store: memory.New()}
		n := newNode(t, store)
		id := n.subscribe()
		texts := make([]string, binds)
		for i := range texts {
			texts[i] = "bind-with-token " + n.token(id)
		}
		w := n.connect()
		flooded := make(chan struct{})
		go func() {
			defer close(flooded)
			for _, text := range texts {
				w.say(text)
			}
		}()
		time.Sleep(10 * time.Second)
		require.LessOrEqual(t, store.n.Load(), int64(100+10*10+1))
		require.Greater(t, store.n.Load(), int64(100))
		w.leave()
		<-flooded
		t.Logf("W2 binds=%d looked-up=%d in=10s", binds, store.n.Load())
	})
}

// spec: AMB-11
func TestConnectionsThatNeverBind(t *testing.T) { // W2
	synctest.Test(t, func(t *testing.T) {
		const connections = 10_000
		n := newNode(t, memory.New())
		n.subscribe(heartbeat(10))
		before := heap()
		all := make([]*wire, connections)
		for i := range all {
			all[i] = n.connect()
		}
		each := (heap() - before) / connections // both ends
		require.Equal(t, 503, open(t, n.dial, "/r4/ws").status, "no more than may be unbound at once")
		time.Sleep(9 * time.Second)
		for _, w := range all {
			_, closed := w.closedWith()
			require.False(t, closed)
		}
		time.Sleep(2 * time.Second)
		for _, w := range all {
			code, closed := w.closedWith()
			require.True(t, closed)
			require.Equal(t, 1008, code)
			require.Empty(t, w.heard())
		}
		require.Equal(t, 101, open(t, n.dial, "/r4/ws").status, "there is room again")
		require.LessOrEqual(t, each, int64(64<<10))
		t.Logf("W2 unbound=%d closed=%d after=10s bytes-each=%d (both ends)", connections, connections, each)
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func TestFramesThatNobodyNeeds(t *testing.T) { // W4
	frame := func(first byte, payload string) func(w *wire) {
		return func(w *wire) { w.frame(first, []byte(payload)) }
	}
	raw := func(bytes ...byte) func(w *wire) {
		return func(w *wire) { _, _ = w.conn.Write(bytes) }
	}
	text := func(s string) func(w *wire) { return frame(0x80|opText, s) }
	tried := 0
	inBubble(t, func(t *testing.T, n *node) {
		healthy := n.bind(n.subscribe())
		all := []func(w *wire){
			text(""), text(" "), text("{"), text("{}"), text("[]"), text("null"), text(`"x"`), text("7"), text(`{"type":7}`), text(`{"type":"bind-with-token","payload":7}`),
			text(`{"type":"unknown"}`), text(`{"type":"ping","payload":{"token":"x"}}`), text("bind"), text("unbind"), text("bind x"), text("hello"), text("bind-with-token a b"), text("ping x"), text("PING"),
			text("bind-with-token\tx"), text("bind-with-token\nx"), text("\xff\xfe"), text("\x00"), text(strings.Repeat("{", 4000)), text(strings.Repeat(`{"a":`, 600)), text(strings.Repeat("x", 4096)),
			text(strings.Repeat("x", 4097)), text(strings.Repeat("x", 10<<20)),
			frame(0x80|opBinary, "x"), frame(0x80|opBinary, ""), frame(0x80|opBinary, strings.Repeat("x", 10<<20)),
			frame(0x80|3, "x"), frame(0x80|7, "x"), frame(0x80|11, "x"), frame(0x80|15, "x"), // opcodes that are reserved
			frame(0xC0|opText, "\x2a\x00"), frame(0xA0|opText, "x"), frame(0x90|opText, "x"), frame(0xF0|opText, "x"), // bits that were not agreed on: deflate
			frame(0xC0|opText, strings.Repeat("\x00", 1<<20)),
			frame(0x80, "x"), frame(0x00, "x"), // continues nothing
			frame(opPing, "x"), frame(opClose, ""), frame(0x80|opPing, strings.Repeat("x", 126)), frame(0x80|opPong, strings.Repeat("x", 200)),
			frame(0x80|opPong, "nobody asked"), frame(0x80|opClose, "\x00"), frame(0x80|opClose, "\x03\xe7"), frame(0x80|opClose, "\xff\xff"), frame(0x80|opClose, "\x03\xe8bye"),
			func(w *wire) { w.frame(opText, []byte("bind-")); w.frame(opText, []byte("x")) },
			func(w *wire) {
				for range 100_000 {
					w.frame(0, nil)
				}
			},
			func(w *wire) {
				w.frame(opText, []byte("x"))
				for range 10_000 {
					w.frame(0, []byte("x"))
				}
			},
			func(w *wire) {
				w.frame(opText, []byte("bind-with-"))
				w.frame(0x80|opPing, []byte("between"))
				w.frame(0x80, []byte("token x"))
			},
			func(w *wire) {
				for range 10_000 {
					w.frame(0x80|opPing, []byte("flood"))
				}
			},
			func(w *wire) {
				for range 10_000 {
					w.frame(0x80|opPong, nil)
				}
			},
			raw(0x81, 0x01, 'x'),                                            // not masked
			raw(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0),                      // a length that is negative
			raw(0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), // more than there is
			raw(0x81), raw(0x81, 0xfe, 0x00), raw('G', 'E', 'T', ' ', '/'),
		}
		for i, send := range all {
			tried++
			w := n.connect()
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				send(w)
			}()
			time.Sleep(15 * time.Second)
			_, closed := w.closedWith()
			require.True(t, closed, i)
			for _, heard := range w.seen() {
				require.Equal(t, "outcome", heard, i)
			}
			<-sent
		}
		before := len(healthy.heard())
		n.write(1)
		synctest.Wait()
		require.Len(t, healthy.heard(), before+1)
	})
	t.Logf("W4 frames=%d closed=%d", tried, tried)
	require.GreaterOrEqual(t, tried, 60)
}
