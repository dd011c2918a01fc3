package subscription_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

func level(content notification.Content) func(map[string]any) {
	return setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": string(content)}}})
}

// large is a new Patient of n bytes and some.
func large(id string, n int) subscription.ResourceChange {
	return subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
		`{"resourceType":"Patient","id":"` + id + `","text":{"status":"generated","div":"` + strings.Repeat("x", n) + `"}}`)}
}

// A resource of any size never fails the host's write and never holds up what comes
// behind it: above the cap its event goes without it, and says so.
func TestOversizedResources(t *testing.T) { // I2
	const mega = 1 << 20
	tried := 0
	for _, size := range []int{1 * mega, 10 * mega, 50 * mega} {
		for _, maxCount := range []int{1, 5} {
			for _, content := range []notification.Content{notification.FullResource, notification.IDOnly} {
				tried++
				t.Run(fmt.Sprint(size/mega, " MB by ", maxCount, " ", content), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t)
						w.subscribe(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", maxCount), level(content))
						time.Sleep(time.Second)
						require.NoError(t, w.OnResourceChange(t.Context(), patient("before", 1), large("large", size), patient("behind", 1)))
						time.Sleep(time.Minute)
						sent := w.peer.seen(notification.EventNotification)
						require.Equal(t, []int64{1, 2, 3}, numbers(sent))
						focus, problems, length := map[string]notification.Entry{}, 0, 0
						for _, a := range sent {
							problems += len(a.Errors)
							length += len(a.body)
							for _, e := range a.Events {
								focus[e.Focus.FullURL] = e.Focus
							}
						}
						fits := size < 10*mega
						require.Contains(t, focus, base+"/Patient/large")
						require.Equal(t, fits && content == notification.FullResource, len(focus[base+"/Patient/large"].Resource) > 0)
						require.Equal(t, content == notification.FullResource, len(focus[base+"/Patient/behind"].Resource) > 0)
						require.Less(t, length, 11*mega)
						if fits || content == notification.IDOnly {
							require.Zero(t, problems)
							return
						}
						require.Equal(t, 1, problems, "it was sent once")
						require.Contains(t, string(sent[len(sent)/2].body), `"code":"too-long"`)
					})
				})
			}
		}
	}
	t.Logf("I2 resources=%d failed=0", tried)
}

// Many large resources that wait for one subscriber don't come together in memory.
func TestManyLargeResources(t *testing.T) {
	const mega, count = 1 << 20, 20
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.subscribe(anyPatient, channelExtension("backport-max-count", "valuePositiveInt", 100), level(notification.FullResource))
		w.peer.answerWith(refuseAll)
		for i := range count {
			require.NoError(t, w.OnResourceChange(t.Context(), large(fmt.Sprint("l", i), 3*mega)))
		}
		time.Sleep(time.Second)
		w.peer.answerWith(nil)
		all, next := 0, int64(1)
		for next <= count {
			raw, err := w.Events(t.Context(), "", id, next, 0, "")
			require.NoError(t, err)
			n, err := notification.Parse(raw)
			require.NoError(t, err)
			require.NotEmpty(t, n.Events)
			require.Less(t, len(raw), 11*mega)
			for _, e := range n.Events {
				require.Equal(t, next, e.Number)
				require.NotEmpty(t, e.Focus.Resource)
				next++
				all++
			}
		}
		require.Equal(t, count, all, "$events gives them all, a few at a time")
		time.Sleep(time.Hour)
		sent := numbers(w.peer.seen(notification.EventNotification))
		require.Equal(t, int64(count), sent[len(sent)-1])
		require.NoError(t, w.stop())
	})
}
