package channeltest

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var conduct = []Clause{
	{"SendsAreConcurrent", func(t testing.TB, h Harness) {
		const senders, each = 16, 8
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		sent := map[string]int{}
		errs := make(chan error, senders*each)
		var wg sync.WaitGroup
		for sender := range senders {
			for i := range each {
				m := message(t, e, int64(sender*each+i+1), "")
				sent[string(m.Body)]++
				wg.Go(func() {
					_ = w.channel.Type()
					_ = w.channel.Check(w.ctx, withTimeout(e, 0))
					errs <- w.send(e, m)
				})
			}
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		for _, r := range e.Received() {
			if _, ours := sent[string(r.Body)]; ours {
				sent[string(r.Body)]--
			}
		}
		for _, missing := range sent {
			require.Zero(t, missing, "each message arrives once")
		}
	}},

	// A channel that is an io.Closer may have some until it is closed.
	{"NoGoroutineIsLeft", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		var endpoints []Endpoint
		for _, make := range []func(testing.TB, channel) Endpoint{h.Accepts, h.Fails, h.Refuses, h.Leaves, deferring(h), h.Absent, h.Hangs} {
			if make != nil {
				endpoints = append(endpoints, make(t, w.channel))
			}
		}
		before := goleak.IgnoreCurrent()
		for i, e := range endpoints {
			target := withTimeout(e, patience)
			if h.Hangs != nil && i == len(endpoints)-1 {
				target.Timeout = 100 * time.Millisecond
			}
			_ = w.channel.Send(w.ctx, target, message(t, e, 1, ""))
		}
		if closer, ok := w.channel.(io.Closer); ok {
			require.NoError(t, closer.Close())
		}
		require.NoError(t, goleak.Find(before))
	}},
}
