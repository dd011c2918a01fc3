package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
)

// Whatever a Subscription is doing when its end comes, nothing is begun for it afterwards; an
// end that is moved counts as moved, and one that is past is refused.
func TestEndsOfManySubscriptions(t *testing.T) { // N12
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withRetry(5*time.Second, 20*time.Second, time.Minute, 5*time.Minute))
		random := rand.New(rand.NewPCG(12, 12))
		kinds := []string{"well", "queued", "in-flight", "in-error", "moved-on", "moved-up"}
		begun := time.Now()
		ends, kindOf, tried := map[string]time.Time{}, map[string]string{}, map[string]int{}
		var ids []string
		at := func(end time.Time) func(map[string]any) { return set("end", end.UTC().Format(time.RFC3339)) }
		for i := range 102 {
			kind := kinds[i%len(kinds)]
			end := begun.Truncate(time.Second).Add(20*time.Minute + time.Duration(random.IntN(30*60))*time.Second)
			first := end
			if kind == "moved-on" {
				first = end.Add(-10 * time.Minute)
			} else if kind == "moved-up" {
				first = end.Add(10 * time.Hour)
			}
			host := endpoint(fmt.Sprint(kind, i, ".example.org"))
			id := w.subscribe(anyPatient, at(first), host)
			ids, ends[id], kindOf[id] = append(ids, id), end, kind
			if first != end {
				_, _, err := w.Update(t.Context(), "", id, json.RawMessage(subscriptionJSON(anyPatient, set("id", id), at(end), host)), "")
				require.NoError(t, err)
			}
		}
		refused := 0
		for i := range 20 {
			past := at(begun.Add(-time.Duration(i*i) * time.Minute))
			_, err := w.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, past)))
			require.Error(t, err)
			_, _, err = w.Update(t.Context(), "", ids[i], json.RawMessage(subscriptionJSON(anyPatient, set("id", ids[i]), past)), "")
			require.Error(t, err)
			refused += 2
		}
		time.Sleep(time.Minute)
		var mu sync.Mutex
		late := 0
		w.peer.answerWith(func(ctx context.Context, _ int, a attempt) error {
			mu.Lock()
			tried[a.target.Subscription]++
			if !a.at.Before(ends[a.target.Subscription]) {
				late++
			}
			mu.Unlock()
			switch kindOf[a.target.Subscription] {
			case "in-error":
				return errRefused
			case "queued":
				if time.Until(ends[a.target.Subscription]) < 2*time.Minute {
					return errRefused
				}
			case "in-flight":
				if time.Until(ends[a.target.Subscription]) < time.Minute {
					return hangs(ctx, a)
				}
			}
			return nil
		})
		for i := range 60 {
			w.write("p", i+1)
			time.Sleep(time.Minute)
			for id, kind := range kindOf {
				if i == 18 && kind == "in-error" {
					require.Equal(t, "error no-response", w.status(id))
				}
			}
		}
		time.Sleep(time.Hour)
		off, underWay := 0, 0
		for _, id := range ids {
			require.Equal(t, "off ended", w.status(id), kindOf[id])
			require.NotZero(t, tried[id], kindOf[id])
			off++
			for _, one := range w.peer.seen(notification.EventNotification) {
				if one.target.Subscription == id && kindOf[id] == "in-flight" && one.at.After(ends[id].Add(-25*time.Second)) {
					underWay++
					break
				}
			}
		}
		require.Greater(t, underWay, 5)
		require.Zero(t, late)
		require.NoError(t, w.stop())
		t.Logf("N12 subscriptions=%d %s off=%d begun after the end=%d in flight at the end=%d past refused=%d", len(ids), strings.Join(kinds, " "), off, late, underWay, refused)
	})
}
