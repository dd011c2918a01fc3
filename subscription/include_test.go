package subscription_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// archive has whatever it is asked for, in one of several ways.
type archive struct {
	way   string
	asked atomic.Int64
}

func (a *archive) Resolve(_ context.Context, _, reference string) (json.RawMessage, error) {
	n := a.asked.Add(1)
	kind, id, _ := strings.Cut(reference, "/")
	switch a.way {
	case "missing":
		return nil, nil
	case "half missing":
		if n%2 == 0 {
			return nil, nil
		}
	case "failing":
		if n > 3 {
			return nil, errors.New("the archive is closed")
		}
	case "panicking":
		if n > 3 {
			panic(canary)
		}
	case "unreadable":
		return json.RawMessage(`{"resourceType":"` + canary), nil
	case "another":
		return json.RawMessage(`{"resourceType":"Observation","id":"other","status":"final","note":[{"text":"` + canary + `"}]}`), nil
	case "cyclic", "endless":
		next := "e" + fmt.Sprint((n+1)%5)
		if a.way == "endless" {
			next = fmt.Sprint("e", n+1)
		}
		return fmt.Appendf(nil, `{"resourceType":%q,"id":%q,"status":"planned","partOf":{"reference":"Encounter/%s"},"participant":[{"individual":{"reference":"Encounter/e0"}}]}`, kind, id, next), nil
	}
	return fmt.Appendf(nil, `{"resourceType":%q,"id":%q,"language":%q}`, kind, id, map[bool]string{true: canary}[a.way == "unauthorized"]), nil
}

func (a *archive) Search(context.Context, string, string, string, int) ([]json.RawMessage, error) {
	return nil, nil
}

// noCanaries denies what has a canary in it.
type noCanaries struct{ subscription.InsecureAllowAll }

func (noCanaries) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	verdicts, err := subscription.InsecureAllowAll{}.AuthorizeEvent(ctx, focus, subs)
	if strings.Contains(string(focus), canary) {
		clear(verdicts)
	}
	return verdicts, err
}

// What a topic includes is withheld without a word where it is missing, can't be read or is
// not for the subscriber, and is bounded: a hundred resources, and as many questions to the
// host, whatever refers to what. The event itself always arrives.
func TestHostileIncludes(t *testing.T) { // A7
	text := `{"resourceType":"SubscriptionTopic","url":"` + womens + `","status":"active","resourceTrigger":[{"resource":"Encounter"}],
		"notificationShape":[{"resource":"Encounter","include":["Encounter:participant","_include:iterate=Encounter:part-of","_include:iterate=Encounter:participant"]}]}`
	cases, mostAsked, mostIncluded := 0, int64(0), 0
	for _, way := range []string{"there", "missing", "half missing", "unauthorized", "failing", "panicking", "unreadable", "another", "cyclic", "endless"} {
		for _, references := range []int{1, 100, 10_000} {
			for _, content := range []string{"id-only", "full-resource"} {
				cases++
				synctest.Test(t, func(t *testing.T) {
					what := fmt.Sprint(way, " ", references, " ", content)
					host := &archive{way: way}
					w := newWorld(t, withTopics(parseTopic(t, text)), func(c *subscription.Config) {
						c.Resolver = host
						if way == "unauthorized" {
							c.Authorizer = noCanaries{}
						}
					})
					w.subscribe(womens, setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": content}}}))
					var participants []string
					for i := range references {
						participants = append(participants, fmt.Sprintf(`{"individual":{"reference":"Practitioner/p%d"}}`, i))
					}
					require.NoError(t, w.OnResourceChange(t.Context(), subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(
						`{"resourceType":"Encounter","id":"e0","status":"planned","partOf":{"reference":"Encounter/e1"},"participant":[` + strings.Join(participants, ",") + `]}`)}))
					time.Sleep(time.Minute)
					seen := w.peer.seen(notification.EventNotification)
					require.Len(t, seen, 1, what)
					require.Equal(t, base+"/Encounter/e0", seen[0].Events[0].Focus.FullURL, what)
					included := seen[0].Events[0].Context
					switch way {
					case "missing", "unauthorized", "unreadable", "failing", "panicking":
						require.NotContains(t, string(seen[0].body), canary, what)
					}
					if way == "missing" || way == "unauthorized" {
						require.Empty(t, included, what)
					}
					if way == "there" {
						require.Len(t, included, min(references+1, 100), what)
					}
					once := map[string]bool{}
					for _, entry := range included {
						require.False(t, once[entry.FullURL], what)
						once[entry.FullURL] = true
						require.Equal(t, content == "full-resource", len(entry.Resource) > 0, what)
					}
					mostAsked, mostIncluded = max(mostAsked, host.asked.Load()), max(mostIncluded, len(included))
					require.NoError(t, w.stop())
				})
			}
		}
	}
	require.GreaterOrEqual(t, cases, 50)
	require.LessOrEqual(t, mostIncluded, 100)
	require.LessOrEqual(t, mostAsked, int64(101))
	t.Logf("A7 cases=%d references=10000 included<=%d asked<=%d", cases, mostIncluded, mostAsked)
}
