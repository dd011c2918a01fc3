package channeltest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// grace is how late an attempt may end in real time, on a machine that is busy.
const grace = 5 * time.Second

var deadlines = []Clause{
	{"TimeoutEndsSend", func(t testing.TB, h Harness) {
		hang(t, h, func(limit time.Duration) (context.Context, context.CancelFunc, time.Duration) {
			return context.Background(), func() {}, limit
		})
	}},

	{"DeadlineOfContextEndsSend", func(t testing.TB, h Harness) {
		hang(t, h, func(limit time.Duration) (context.Context, context.CancelFunc, time.Duration) {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			return ctx, cancel, time.Hour
		})
	}},

	{"CancellationEndsSend", func(t testing.TB, h Harness) {
		hang(t, h, func(limit time.Duration) (context.Context, context.CancelFunc, time.Duration) {
			ctx, cancel := context.WithCancel(context.Background())
			timer := time.AfterFunc(limit, cancel)
			return ctx, func() { timer.Stop(); cancel() }, time.Hour
		})
	}},

	{"EndedContextSendsNothing", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		require.Error(t, w.channel.Send(ctx, withTimeout(e, patience), message(t, e, 1, "")))
		require.Empty(t, e.Received())
	}},
}

// hang sends to an endpoint that doesn't answer, within what begin makes of the
// limit.
func hang(t testing.TB, h Harness, begin func(limit time.Duration) (context.Context, context.CancelFunc, time.Duration)) {
	need(t, h.Hangs != nil, "the channel waits for no answer")
	limit, late := 10*time.Second, time.Duration(0)
	inside := h.Bubble
	if inside == nil {
		limit, late = 100*time.Millisecond, grace
		inside = func(t testing.TB, f func(testing.TB)) { f(t) }
	}
	inside(t, func(t testing.TB) {
		w := newWorld(t, h)
		e := h.Hangs(t, w.channel)
		m := message(t, e, 1, "")
		ctx, cancel, timeout := begin(limit)
		defer cancel()
		start, done := time.Now(), make(chan struct{})
		var err error
		var took time.Duration
		go func() {
			defer close(done)
			err = w.channel.Send(ctx, withTimeout(e, timeout), m)
			took = time.Since(start)
		}()
		select {
		case <-done:
			require.LessOrEqual(t, took, limit+late)
			require.Equal(t, transient, classOf(err))
		case <-time.After(limit + 2*grace):
			require.Fail(t, "the attempt goes on after its time")
		}
	})
}
