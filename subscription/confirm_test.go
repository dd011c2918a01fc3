package subscription_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// mailer is a channel whose receivers have to confirm, but for those at this hospital.
type mailer struct {
	*peer
	mu     sync.Mutex
	tokens []string
}

func (*mailer) Type() string { return "email" }

func (*mailer) NeedsConfirmation(t subscription.Target) bool {
	return !strings.HasSuffix(t.Endpoint, "@hospital.example")
}

func (m *mailer) Send(ctx context.Context, t subscription.Target, n subscription.Message) error {
	m.mu.Lock()
	m.tokens = append(m.tokens, n.Confirmation)
	m.mu.Unlock()
	return m.peer.Send(ctx, t, n)
}

// all returns the tokens of all messages.
func (m *mailer) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.tokens)
}

// token is the one of the latest message.
func (m *mailer) token() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tokens[len(m.tokens)-1]
}

const stranger = "mailto:stranger@example.org"

func byMail(endpoint string) func(map[string]any) {
	return func(s map[string]any) {
		c := s["channel"].(map[string]any)
		c["type"], c["endpoint"], c["payload"] = "email", endpoint, "text/plain;attach=application/fhir+json"
	}
}

func newMailWorld(t *testing.T, change ...func(*subscription.Config)) (*world, *mailer) {
	m := &mailer{}
	w := newWorld(t, append(change, func(c *subscription.Config) {
		m.peer = c.Channels[0].(*peer)
		c.Channels = []subscription.Channel{m.peer, m}
		c.Lease, c.Poll = 6*time.Hour, 2*time.Hour // days have to pass
	})...)
	return w, m
}

// spec: CH-EML-06
func TestReceiverConfirms(t *testing.T) { // CH-EML-06
	synctest.Test(t, func(t *testing.T) {
		var told []subscription.StatusUpdate
		w, m := newMailWorld(t, func(c *subscription.Config) {
			c.OnStatus = func(_ context.Context, s subscription.StatusUpdate) error { told = append(told, s); return nil }
		})
		id := w.subscribe(anyPatient, byMail(stranger))
		require.Equal(t, "requested not-confirmed", w.status(id))
		require.NotEmpty(t, m.token())
		w.write("p", 1, id)
		w.write("p", 2, id)
		time.Sleep(6 * 24 * time.Hour)
		require.Len(t, w.peer.seen(notification.Handshake), 1, "one verification")
		require.Empty(t, w.peer.seen(notification.EventNotification))

		require.NoError(t, w.Confirm(t.Context(), m.token()))
		time.Sleep(time.Second)
		require.Equal(t, "active", w.status(id))
		require.NoError(t, w.peer.checker.Report().Err())
		require.True(t, w.peer.checker.Complete(), "what happened meanwhile arrives")
		for _, a := range w.peer.seen(notification.EventNotification) {
			require.Equal(t, "active", a.Status)
		}
		require.Empty(t, m.token(), "only handshakes carry one")
		require.ErrorIs(t, w.Confirm(t.Context(), m.all()[0]), subscription.ErrNotFound, "it was used")
		var statuses []string
		for _, s := range told {
			statuses = append(statuses, strings.TrimSpace(string(s.Status)+" "+s.Error))
		}
		require.Equal(t, []string{"requested", "requested not-confirmed", "active"}, statuses)
	})
}

func TestTrustedReceiverNeedNotConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail("mailto:nurse@hospital.example"))
		require.Equal(t, "active", w.status(id))
		require.Empty(t, m.token())
		require.Equal(t, "active", w.status(w.subscribe(anyPatient)), "another channel")
		require.Empty(t, m.token())
	})
}

func TestReceiverDeclines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail(stranger))
		w.write("p", 1)
		require.NoError(t, w.Decline(t.Context(), m.token()))
		require.Equal(t, "off declined", w.status(id))
		w.write("p", 2)
		time.Sleep(8 * 24 * time.Hour)
		require.Len(t, m.all(), 1, "nothing more is sent")
		require.ErrorIs(t, w.Confirm(t.Context(), m.token()), subscription.ErrNotFound)
	})
}

func TestReceiverWhoDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail(stranger))
		time.Sleep(7*24*time.Hour - time.Minute)
		require.Equal(t, "requested not-confirmed", w.status(id))
		time.Sleep(2 * time.Minute)
		require.Equal(t, "off not-confirmed", w.status(id))
		require.Len(t, m.all(), 1)
		require.ErrorIs(t, w.Confirm(t.Context(), m.token()), subscription.ErrNotFound)
		w.write("p", 1)
		time.Sleep(time.Hour)
		require.Len(t, m.all(), 1)
	})
}

func TestEndComesBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail(stranger), set("end", time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)))
		time.Sleep(25 * time.Hour)
		require.Equal(t, "off ended", w.status(id))
		require.ErrorIs(t, w.Confirm(t.Context(), m.token()), subscription.ErrNotFound)
	})
}

// The token is good for what its receiver was asked about, and for nothing else.
func TestTokenOfAnotherQuestion(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"endpoint": setChannel("endpoint", "mailto:victim@example.org"),
		"content": setChannel("_payload", map[string]any{"extension": []any{map[string]any{
			"url": backport + "backport-payload-content", "valueCode": "empty"}}}),
		"payload": setChannel("payload", "text/html"),
		"topic":   set("criteria", finished),
		"header":  setChannel("header", []any{"Subject: hello"}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, m := newMailWorld(t)
				id := w.subscribe(anyPatient, byMail(stranger))
				first := m.token()
				_, _, err := w.Update(t.Context(), "", id, []byte(subscriptionJSON(anyPatient, byMail(stranger), set("id", id), change)), "")
				require.NoError(t, err)
				synctest.Wait()
				require.Len(t, m.all(), 2, "the new one is asked about")
				require.ErrorIs(t, w.Confirm(t.Context(), first), subscription.ErrNotFound)
				require.Equal(t, "requested not-confirmed", w.status(id))
				require.NoError(t, w.Confirm(t.Context(), m.token()))
				require.Equal(t, "active", w.status(id))
			})
		})
	}
}

func TestTokenOfWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail(stranger))
		require.NoError(t, w.Engine.Delete(t.Context(), "", id, ""))
		_, _, err := w.Update(t.Context(), "", id, []byte(subscriptionJSON(anyPatient, byMail(stranger), set("id", id))), "")
		require.NoError(t, err)
		synctest.Wait()
		require.ErrorIs(t, w.Confirm(t.Context(), m.all()[0]), subscription.ErrNotFound, "that was another's")
		require.NoError(t, w.Confirm(t.Context(), m.token()), "the same id anew")
		gone := w.subscribe(anyPatient, byMail(stranger))
		require.NoError(t, w.Engine.Delete(t.Context(), "", gone, ""))
		require.ErrorIs(t, w.Confirm(t.Context(), m.token()), subscription.ErrNotFound)
		for _, token := range []string{"", ".", "x", m.token() + "x", m.token() + ".bm9ydGg", ".bm9ydGg", "a.b.c", "a.!"} {
			require.ErrorIs(t, w.Confirm(t.Context(), token), subscription.ErrNotFound, "%q", token)
			require.ErrorIs(t, w.Decline(t.Context(), token), subscription.ErrNotFound, "%q", token)
		}
	})
}

// Each attempt has a token of its own, and each of them will do.
func TestHandshakeThatFailsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		w.peer.answerWith(func(_ context.Context, n int, _ attempt) error {
			if n == 1 {
				return errRefused // though it arrived
			}
			return nil
		})
		id := w.subscribe(anyPatient, byMail(stranger))
		require.Equal(t, "requested", w.status(id))
		time.Sleep(5 * time.Second)
		require.Len(t, m.all(), 2)
		require.NotEqual(t, m.all()[0], m.all()[1])
		require.NoError(t, w.Confirm(t.Context(), m.all()[0]))
		require.Equal(t, "active", w.status(id))
		require.NoError(t, w.Confirm(t.Context(), m.all()[1]), "it is so already")
	})
}

// Two tenants whose Subscriptions have the same id.
func TestTokensAreOfOneTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		for _, tenant := range []string{"north", "south/east"} {
			_, _, err := w.Update(t.Context(), tenant, "1", []byte(subscriptionJSON(anyPatient, byMail(stranger), set("id", "1"))), "")
			require.NoError(t, err)
			synctest.Wait()
		}
		require.NoError(t, w.Confirm(t.Context(), m.all()[0]))
		north, err := w.Get(t.Context(), "north", "1")
		require.NoError(t, err)
		south, err := w.Get(t.Context(), "south/east", "1")
		require.NoError(t, err)
		require.Contains(t, string(north.Resource), `"status":"active"`)
		require.Contains(t, string(south.Resource), `"status":"requested"`)
		require.NoError(t, w.Decline(t.Context(), m.all()[1]))
	})
}

// flaky is a store whose PutSubscription fails a few times.
type flaky struct {
	subscription.Store
	fail []error
}

func (f *flaky) PutSubscription(ctx context.Context, r subscription.Record, revision int64) (subscription.Record, error) {
	if len(f.fail) > 0 && revision > 0 {
		err := f.fail[0]
		f.fail = f.fail[1:]
		return subscription.Record{}, err
	}
	return f.Store.PutSubscription(ctx, r, revision)
}

func TestStoreFailsWhileTheReceiverConfirms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &flaky{}
		w, m := newMailWorld(t, func(c *subscription.Config) { store.Store, c.Store = c.Store, store })
		id := w.subscribe(anyPatient, byMail(stranger))
		broken := errors.New("disk full")
		store.fail = []error{subscription.ErrConflict, broken}
		require.ErrorIs(t, w.Confirm(t.Context(), m.token()), broken)
		require.Equal(t, "requested not-confirmed", w.status(id))
		require.NoError(t, w.Confirm(t.Context(), m.token()), "the token is still good")
		require.Equal(t, "active", w.status(id))
	})
}

// A node that takes over finds the question asked.
func TestRestartAsksNobodyAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail(stranger))
		require.NoError(t, w.stop())
		w.start(func(c *subscription.Config) { c.Channels = []subscription.Channel{m.peer, m} })
		time.Sleep(time.Hour)
		require.Len(t, m.all(), 1)
		require.NoError(t, w.Confirm(t.Context(), m.token()))
		w.peer.checker.Expect(id, invariant.Focus{Reference: "Patient/p", Version: "1"})
		require.NoError(t, w.OnResourceChange(t.Context(), patient("p", 1)))
		time.Sleep(time.Second)
		require.True(t, w.peer.checker.Complete())
	})
}

// spec: CH-EML-04, ACC-05
func TestPayloadsOfMails(t *testing.T) { // CH-EML-04
	for payload, want := range map[string]string{
		"text/plain":                                                 "text/plain map[]",
		"text/html; charset=utf-8":                                   "text/html map[charset:utf-8]",
		"text/plain;attach=application/fhir+json":                    "text/plain map[attach:application/fhir+json]",
		"TEXT/HTML; Attach = application/fhir+xml ;charset=utf-8":    "text/html map[attach:application/fhir+xml charset:utf-8]",
		`text/plain;attach="application/fhir+json; fhirVersion=4.0"`: "text/plain map[attach:application/fhir+json; fhirVersion=4.0]",
		"text/plain;attach=application/fhir+json;fhirVersion=4.0":    "text/plain map[attach:application/fhir+json fhirversion:4.0]",
		"application/fhir+json":                                      "application/fhir+json map[]",
		"text/plain;attach=a;attach=b":                               "error",
		`text/plain;attach=a"b`:                                      "error",
		"":                                                           "error",
	} {
		mediaType, parameters, err := subscription.ParsePayload(payload)
		if want == "error" {
			require.Error(t, err, payload)
			continue
		}
		require.NoError(t, err, payload)
		require.Equal(t, want, fmt.Sprint(mediaType, " ", parameters), payload)
	}
	synctest.Test(t, func(t *testing.T) {
		w, _ := newMailWorld(t)
		id := w.subscribe(anyPatient, byMail("mailto:a@hospital.example"), func(s map[string]any) { delete(s["channel"].(map[string]any), "payload") })
		require.Equal(t, "active", w.status(id))
		s, err := w.Get(t.Context(), "", id)
		require.NoError(t, err)
		require.Contains(t, string(s.Resource), `"payload":"text/plain"`)
		var refusal *subscription.Refusal
		_, err = w.Create(t.Context(), "", []byte(subscriptionJSON(anyPatient, byMail(stranger), setChannel("payload", "text/plain;attach=a;attach=b"))))
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, http.StatusBadRequest, refusal.Status)
	})
}
