package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestClassicTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t)
		for _, tenant := range []string{"north", "south"} {
			_, err := w.Create(t.Context(), tenant, json.RawMessage(classic("Patient")))
			require.NoError(t, err)
		}
		change := patient("p", 1)
		change.Tenant = "south"
		require.NoError(t, w.OnResourceChange(t.Context(), change))
		time.Sleep(time.Second)
		require.Len(t, l.all(), 1)
		require.Equal(t, "south", l.all()[0].target.Tenant)
	})
}

// spec: CLS-14
func TestClassicRights(t *testing.T) { // CLS-14, A2
	for _, tc := range []struct {
		name          string
		numbered, now subscription.Verdict
		full, pings   int
	}{
		{"allowed", subscription.Allow, subscription.Allow, 3, 3},
		{"denied", subscription.Deny, subscription.Allow, 1, 1},
		{"redacted", subscription.Redact, subscription.Allow, 1, 3},
		{"redacted since", subscription.Allow, subscription.Redact, 0, 3},
		{"denied since", subscription.Allow, subscription.Deny, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				policy := &revocable{}
				policy.verdict.Store(int64(tc.numbered))
				w, l := newClassicWorld(t, func(c *subscription.Config) { c.Authorizer = policy })
				full, pings := w.subscribeClassic("Patient"), w.subscribeClassic("Patient", withoutPayload)
				l.answerWith(func(int) error { return errRefused })
				w.write("canary", 1)
				w.write("canary", 2)
				time.Sleep(100 * time.Millisecond) // numbered, and tried
				before := len(l.to(full))
				policy.verdict.Store(int64(tc.now))
				l.answerWith(nil)
				w.write("last", 1)
				time.Sleep(time.Hour)
				require.Len(t, l.bodies(full), tc.full)
				require.Len(t, l.bodies(pings), tc.pings)
				for _, s := range l.to(full)[before:] {
					if tc.now != subscription.Allow {
						require.Fail(t, "nothing may go out any more", "%v", s)
					}
				}
				if tc.numbered == subscription.Redact {
					require.Equal(t, []string{string(patientJSON("last", 1))}, l.bodies(full))
				}
				require.Equal(t, "active", w.status(full))
				require.NoError(t, w.stop())
			})
		})
	}
}

// What is passed over holds nothing up, whatever the machine's clock says beside the
// engine's.
func TestClassicGoesOnAfterWhatIsWithheld(t *testing.T) { // R22
	synctest.Test(t, func(t *testing.T) {
		policy, l := &revocable{}, new(listener)
		policy.verdict.Store(int64(subscription.Redact))
		w := &world{t: t, store: memory.New(), peer: new(peer)}
		w.prepare(func(c *subscription.Config) {
			c.Channels, c.Classic, c.Authorizer = []subscription.Channel{l}, []string{"Patient"}, policy
		})
		w.SetWall(func(now time.Time) time.Time { return now.Add(-time.Hour) })
		w.run()
		id := w.subscribeClassic("Patient")
		w.write("canary", 1)
		time.Sleep(time.Second)
		policy.verdict.Store(int64(subscription.Allow))
		w.write("last", 1)
		time.Sleep(time.Minute)
		require.Len(t, l.bodies(id), 1)
		require.NoError(t, w.stop())
	})
}

// classicPolicy lets everybody subscribe to what is about patient 1, and shows what it saw.
type classicPolicy struct {
	subscription.InsecureAllowAll
	seen *[]string
}

func (p classicPolicy) AuthorizeSubscription(_ context.Context, s *subscription.Subscription) (string, error) {
	*p.seen = append(*p.seen, fmt.Sprint(s.Topic, s.Classic, " ", s.Filters))
	for _, f := range s.Filters {
		if f.String() == s.Classic+".patient=Patient/1" {
			return "one", nil
		}
	}
	return "", errors.New("not about the patient")
}

// spec: ACC-15, SEC-02
func TestClassicAuthorizer(t *testing.T) { // what a policy needs is there, without reading the resource
	synctest.Test(t, func(t *testing.T) {
		var seen []string
		w, _ := newClassicWorld(t, func(c *subscription.Config) { c.Authorizer = classicPolicy{seen: &seen} })
		w.subscribeClassic("Observation?patient=Patient/1&code=1975-2")
		_, err := w.Create(t.Context(), "", json.RawMessage(classic("Observation?code=1975-2")))
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, 403, refusal.Status)
		require.Equal(t, []string{
			"Observation [Observation.patient=Patient/1 Observation.code=1975-2]", "Observation [Observation.code=1975-2]",
		}, seen)
	})
}
