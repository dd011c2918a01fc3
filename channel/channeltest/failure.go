package channeltest

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

type channel = subscription.Channel

// wait is what Defers is asked for.
const wait = 97 * time.Second

// deferring is h.Defers as a function like the others.
func deferring(h Harness) func(testing.TB, channel) Endpoint {
	if h.Defers == nil {
		return nil
	}
	return func(t testing.TB, c channel) Endpoint { return h.Defers(t, c, wait) }
}

var failures = []Clause{
	answers("FailureIsTransient", func(h Harness) func(testing.TB, channel) Endpoint { return h.Fails }, transient),
	answers("RefusalIsPermanent", func(h Harness) func(testing.TB, channel) Endpoint { return h.Refuses }, permanent),
	answers("LeavingIsGone", func(h Harness) func(testing.TB, channel) Endpoint { return h.Leaves }, gone),
	answers("DeferringIsRetryAfter", deferring, retryAfter),
	answers("AbsenceIsNotConnected", func(h Harness) func(testing.TB, channel) Endpoint { return h.Absent }, notConnected),

	{"FailuresDoNotLinger", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		good := h.Accepts(t, w.channel)
		m := message(t, good, 1, "")
		sent := 0
		for _, make := range []func(testing.TB, channel) Endpoint{h.Fails, h.Refuses, h.Leaves, deferring(h), h.Absent} {
			if make == nil {
				continue
			}
			_ = w.send(make(t, w.channel), m)
			require.NoError(t, w.send(good, m), "the endpoint before was another's")
			sent++
		}
		require.Len(t, good.Received(), sent)
	}},

	{"ErrorsHoldNoSecret", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		for _, make := range []func(testing.TB, channel) Endpoint{h.Fails, h.Refuses, h.Leaves, deferring(h), h.Absent} {
			if make == nil {
				continue
			}
			e := make(t, w.channel)
			if err := w.send(e, message(t, e, 1, "")); err != nil {
				for _, secret := range secretsOf(e.Target) {
					requireNoSecret(t, err, secret, "")
				}
			}
		}
	}},

	{"ErrorCodesAreOfTheStandard", func(t testing.TB, h Harness) { // code system subscription-error
		w := newWorld(t, h)
		for _, make := range []func(testing.TB, channel) Endpoint{h.Fails, h.Refuses, h.Leaves, deferring(h), h.Absent} {
			if make == nil {
				continue
			}
			e := make(t, w.channel)
			var coded interface{ SubscriptionError() string }
			if errors.As(w.send(e, message(t, e, 1, "")), &coded) {
				require.Contains(t, []string{"no-response", "error-response", "dns-resolution-error"}, coded.SubscriptionError())
			}
		}
	}},
}

// answers is the clause that a subscriber's answer is of a class.
func answers(name string, which func(Harness) func(testing.TB, channel) Endpoint, want string) Clause {
	return Clause{name, func(t testing.TB, h Harness) {
		make := which(h)
		need(t, make != nil, "subscribers of this channel have no such answer")
		w := newWorld(t, h)
		e := make(t, w.channel)
		require.Equal(t, want, classOf(w.send(e, message(t, e, 1, ""))))
	}}
}

// The classes of what Send returns.
const (
	accepted     = "accepted"
	transient    = string(subscription.ClassTransient)
	permanent    = string(subscription.ClassPermanent)
	gone         = string(subscription.ClassGone)
	notConnected = string(subscription.ClassNotConnected)
	retryAfter   = "transient after 1m37s"
)

// classOf returns what err asks of the engine.
func classOf(err error) string {
	if err == nil {
		return accepted
	}
	class, after := subscription.ClassOf(err)
	if after != 0 {
		return fmt.Sprintf("%s after %v", class, after)
	}
	return string(class)
}

// find returns the first error of err's tree of which ok is true.
func find(err error, ok func(error) bool) (error, bool) {
	if err == nil || ok(err) {
		return err, err != nil
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return find(e.Unwrap(), ok)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if found, yes := find(inner, ok); yes {
				return found, true
			}
		}
	}
	return nil, false
}

// requireNoSecret demands that neither err nor what it wraps tells a secret.
func requireNoSecret(t testing.TB, err error, secret, format string, args ...any) {
	t.Helper()
	find(err, func(e error) bool {
		for _, text := range []string{e.Error(), fmt.Sprintf("%+v", e)} {
			require.False(t, strings.Contains(text, secret), "an error tells a secret of %d bytes: %s", len(secret), fmt.Sprintf(format, args...))
		}
		return false
	})
}

// secretsOf returns the texts of a Target that no error may hold: the endpoint and
// its parts, and the values of its headers. Those under 4 bytes could be anything.
func secretsOf(target subscription.Target) []string {
	secrets := []string{Canary, target.Endpoint}
	if u, err := url.Parse(target.Endpoint); err == nil {
		secrets = append(secrets, u.Host, u.Hostname(), u.Opaque, u.RawQuery, u.User.String())
		secrets = append(secrets, strings.Split(u.Path, "/")...)
	}
	for _, header := range target.Headers {
		_, value, _ := strings.Cut(header, ":")
		secrets = append(secrets, strings.Fields(value)...)
	}
	kept := secrets[:0]
	for _, secret := range secrets {
		if len(secret) >= 4 {
			kept = append(kept, secret)
		}
	}
	return kept
}
