package channeltest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

var checks = []Clause{
	{"TypeIsConstant", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		name := w.channel.Type()
		require.NotEmpty(t, name)
		e := h.Accepts(t, w.channel)
		require.NoError(t, w.send(e, message(t, e, 1, "")))
		require.Equal(t, name, w.channel.Type())
		require.Equal(t, name, h.New(t).Type())
	}},

	{"CheckAcceptsWhatSendCanDo", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		require.NoError(t, w.channel.Check(w.ctx, withTimeout(h.Accepts(t, w.channel), 0)), "the timeout is not yet known")
	}},

	{"CheckContactsNobody", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		e := h.Accepts(t, w.channel)
		_ = w.channel.Check(w.ctx, withTimeout(e, 0))
		require.Empty(t, e.Received())
	}},

	{"CheckRefusesWhatSendCannotDo", func(t testing.TB, h Harness) {
		need(t, h.Unusable != nil, "there is nothing that the channel can't do")
		w := newWorld(t, h)
		for i, target := range h.Unusable {
			require.Error(t, w.channel.Check(w.ctx, target), "Unusable[%d]", i)
		}
	}},

	{"RefusalNamesTheElement", func(t testing.TB, h Harness) {
		need(t, h.Unusable != nil, "there is nothing that the channel can't do")
		w := newWorld(t, h)
		for i, target := range h.Unusable {
			err := w.channel.Check(w.ctx, target)
			if err == nil {
				continue // another clause's
			}
			var refusal *subscription.ElementError
			require.True(t, errors.As(err, &refusal), "Unusable[%d]: want an ElementError", i)
			require.Contains(t, refusal.Element, "Subscription", "Unusable[%d]", i)
			require.NotEmpty(t, refusal.Problem, "Unusable[%d]", i)
		}
	}},

	{"RefusalHoldsNoSecret", func(t testing.TB, h Harness) {
		need(t, h.Unusable != nil, "there is nothing that the channel can't do")
		w := newWorld(t, h)
		for i, target := range h.Unusable {
			if err := w.channel.Check(w.ctx, target); err != nil {
				requireNoSecret(t, err, Canary, "Unusable[%d]", i)
			}
		}
	}},

	{"SendRefusesForGoodWhatCheckRefuses", func(t testing.TB, h Harness) {
		need(t, h.Unusable != nil, "there is nothing that the channel can't do")
		w := newWorld(t, h)
		for i, target := range h.Unusable {
			e := Endpoint{Target: target}
			require.Equal(t, permanent, classOf(w.send(e, message(t, e, 1, ""))), "Unusable[%d]", i)
		}
	}},
}
