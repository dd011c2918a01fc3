package channeltest

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var messages = []Clause{
	{"MessageArrivesAsGiven", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		m := message(t, e, 1, "<&> 1.00 .\r\n.")
		given := bytes.Clone(m.Body)
		require.NoError(t, w.send(e, m))
		w.requireReceived(e, m.ContentType, given)
	}},

	{"LargeMessageArrivesWhole", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		m := message(t, e, 1, strings.Repeat("0123456789abcdef", 1<<16)) // 1 MiB in one line
		given := bytes.Clone(m.Body)
		require.NoError(t, w.send(e, m))
		w.requireReceived(e, m.ContentType, given)
	}},

	{"MessageIsReadOnly", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		m := message(t, e, 1, "")
		m.Body = append(make([]byte, 0, 2*len(m.Body)), m.Body...) // with room behind it
		whole := m.Body[:cap(m.Body)]
		given := bytes.Clone(whole)
		require.NoError(t, w.send(e, m))
		require.True(t, bytes.Equal(given, whole), "the message was changed")
	}},

	// The engine may use the buffer for the next message.
	{"MessageIsNotKept", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		m := message(t, e, 1, "")
		given := bytes.Clone(m.Body)
		require.NoError(t, w.send(e, m))
		clear(m.Body)
		w.requireReceived(e, m.ContentType, given)
	}},

	{"SendIsOneAttempt", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		for _, make := range []func(testing.TB, channel) Endpoint{h.Accepts, h.Fails, h.Refuses, h.Leaves, deferring(h)} {
			if make == nil {
				continue
			}
			e := make(t, w.channel)
			_ = w.send(e, message(t, e, 1, ""))
			require.Len(t, e.Received(), 1)
		}
	}},
}
