package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

// aviary is a Patient with canaries in its id and in all that it says: each is another.
type aviary struct {
	id       string
	canaries []string // the id is the first
	raw      json.RawMessage
}

func newAviary(t testing.TB) (a aviary) {
	one := func() string {
		a.canaries = append(a.canaries, fmt.Sprintf("Canary%03dx", len(a.canaries)))
		return a.canaries[len(a.canaries)-1]
	}
	a.id = one()
	type object = map[string]any
	list := map[string][]any{}
	for range 36 {
		for name, value := range map[string]any{
			"identifier": object{"system": "urn:" + one(), "value": one()},
			"name":       object{"family": one(), "given": []any{one()}},
			"telecom":    object{"system": "url", "value": "https://" + one() + ".example.org/" + one()},
			"address":    object{"line": []any{one()}, "city": one()},
			"extension":  object{"url": "http://example.org/" + one(), "valueString": one()},
			"contained":  object{"resourceType": "Organization", "id": one(), "name": one()},
			"link":       object{"other": object{"reference": "Patient/" + one(), "display": one()}, "type": "seealso"},
		} {
			list[name] = append(list[name], value)
		}
	}
	patient := object{"resourceType": "Patient", "id": a.id, "gender": "female", "meta": object{"versionId": "1", "source": "urn:" + one()},
		"text": object{"status": "generated", "div": "<div>" + one() + "</div>"}, "managingOrganization": object{"reference": "Organization/" + one()}}
	for name, values := range list {
		patient[name] = values
	}
	var err error
	a.raw, err = json.Marshal(patient)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(a.canaries), 500)
	return a
}

// scribe is a rest-hook that keeps everything that a channel is given.
type scribe struct {
	mu   sync.Mutex
	kept map[notification.Type][]string
}

func (*scribe) Type() string                                     { return "rest-hook" }
func (*scribe) Check(context.Context, subscription.Target) error { return nil }
func (s *scribe) Send(_ context.Context, t subscription.Target, m subscription.Message) error {
	s.keep(t, m)
	return nil
}

func (s *scribe) keep(t subscription.Target, m subscription.Message) {
	typed, _ := json.Marshal(m.Notification)
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := m.Notification.Type
	s.kept[kind] = append(s.kept[kind], fmt.Sprintf("%+v %+v %s %s %s", t, m.ID, m.ContentType, m.Body, typed))
}

// The releases, ways out, and kinds of what goes out, at a level of content: nothing of a
// resource with 500 canaries is in what a channel is given, or $events tells, at empty; at
// id-only its reference is, and nothing else.
func TestCanaries(t *testing.T) { // A4, A5
	t.Parallel()
	patient := newAviary(t)
	for row, content := range map[string]string{"A4": "empty", "A5": "id-only"} {
		cells, texts, seen := 0, 0, 0
		for _, release := range releases {
			for _, way := range []string{"rest-hook", "websocket"} {
				synctest.Test(t, func(t *testing.T) {
					out := &scribe{kept: map[notification.Type][]string{}}
					w := newWorld(t, of(release), withPlug, func(c *subscription.Config) { c.Channels[0] = out })
					raw := subscriptionR5(anyPatient, set("content", content), set("heartbeatPeriod", 60))
					if release != subscription.R5 {
						raw = subscriptionJSON(anyPatient, channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60),
							setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": content}}}))
					}
					if way == "websocket" {
						raw = strings.NewReplacer(`"type":"rest-hook"`, `"type":"websocket"`, `"code":"rest-hook"`, `"code":"websocket"`,
							`"endpoint":"https://subscriber.example.org/hook",`, "").Replace(raw)
					}
					s, err := w.Create(t.Context(), "", json.RawMessage(raw))
					require.NoError(t, err)
					synctest.Wait()
					if way == "websocket" {
						c := connect(t, w.Engine, true)
						require.NoError(t, c.Bind(t.Context(), w.token(s.ID), subscription.BindOptions{}))
						defer c.Close()
						defer func() {
							c.mu.Lock()
							defer c.mu.Unlock()
							for _, d := range c.got {
								out.keep(d.Target, d.Message)
							}
						}()
					}
					change := subscription.ResourceChange{Interaction: subscription.Create, Resource: patient.raw, URL: "Patient?identifier=" + patient.canaries[3]}
					require.NoError(t, w.OnResourceChange(t.Context(), change))
					time.Sleep(time.Second)
					change.Interaction, change.Previous = subscription.Update, change.Resource
					require.NoError(t, w.OnResourceChange(t.Context(), change))
					time.Sleep(time.Second)
					change.Interaction = subscription.Delete
					require.NoError(t, w.OnResourceChange(t.Context(), change))
					time.Sleep(3 * time.Minute)
					queried, err := w.Events(t.Context(), "", s.ID, 0, 0, notification.FullResource) // more than was granted
					require.NoError(t, err)
					state, err := w.Status(t.Context(), "", []string{s.ID}, nil, base+"/Subscription/$status")
					require.NoError(t, err)
					out.mu.Lock()
					out.kept["query-event"], out.kept["query-status"] = []string{string(queried)}, []string{string(state)}
					out.mu.Unlock()
					require.NoError(t, w.stop())
					t.Cleanup(func() {
						for _, kind := range []notification.Type{notification.Handshake, notification.Heartbeat, notification.EventNotification, "query-event", "query-status"} {
							least := 1
							if kind == notification.EventNotification {
								least = 3 // of a create, an update and a delete
							}
							require.GreaterOrEqual(t, len(out.kept[kind]), least, kind)
							cells += least
							for _, text := range out.kept[kind] {
								texts++
								if content == "id-only" {
									text = strings.ReplaceAll(text, "Patient/"+patient.id, "")
								}
								for _, one := range patient.canaries {
									if strings.Contains(text, one) {
										seen++
										t.Errorf("%s %s %s %s shows %s", content, release, way, kind, one)
									}
								}
								if content == "empty" {
									require.NotContains(t, text, `"focus"`)
									require.NotContains(t, text, "Patient/")
									require.NotContains(t, text, "additionalContext")
								}
							}
						}
					})
				})
			}
		}
		t.Logf("%s canaries=%d cells=%d texts=%d seen=%d", row, len(patient.canaries), cells, texts, seen)
		require.Zero(t, seen)
		require.GreaterOrEqual(t, cells, 36)
	}
}
