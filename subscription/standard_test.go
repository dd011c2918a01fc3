package subscription_test

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/validate"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// An error is the engine's to tell, in the Subscription where the release has it there, and
// in the status; it is gone when the client has come back.
// spec: LIFE-13, LIFE-16, LIFE-22, ERR-02, ERR-09, ERR-11, STS-10
func TestErrorIsToldAndGone(t *testing.T) {
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r), withRetry(time.Second))
			h := w.Handler(subscription.HandlerConfig{})
			if r != subscription.R5 { // where it is no element
				res, made := call(t, h, "PUT", "/Subscription/other", inRelease(r, "empty", set("id", "other"), set("error", "mine")))
				require.Equal(t, 201, res.StatusCode)
				require.False(t, made.Get("error").Exists(), "a client's error is not taken")
			}
			res, _ := call(t, h, "PUT", "/Subscription/s", inRelease(r, "empty", set("id", "s")))
			require.Equal(t, 201, res.StatusCode)
			synctest.Wait()
			told := func() (status, resource string, codes []notification.Coding) {
				_, read := call(t, h, "GET", "/Subscription/s", "")
				_, answer := call(t, h, "GET", "/Subscription/s/$status", "")
				n, err := notification.Parse(answer.Raw())
				require.NoError(t, err)
				return n.Status, read.Get("error").Text(), n.Errors
			}
			w.peer.answerWith(refuseAll)
			w.write("p", 1)
			time.Sleep(time.Minute)
			status, resource, codes := told()
			require.Equal(t, "error", status)
			require.Equal(t, []notification.Coding{{System: "http://terminology.hl7.org/CodeSystem/subscription-error", Code: "no-response"}}, codes)
			require.Equal(t, map[bool]string{true: "", false: "no-response"}[r == subscription.R5], resource)

			w.peer.answerWith(nil)
			res, _ = call(t, h, "PUT", "/Subscription/s", inRelease(r, "empty", set("id", "s"), set("status", "active")))
			require.Equal(t, 200, res.StatusCode)
			time.Sleep(time.Second)
			status, resource, codes = told()
			require.Equal(t, "active", status)
			require.Empty(t, resource)
			require.Empty(t, codes)
			for _, a := range w.peer.seen(notification.EventNotification)[2:] {
				require.Empty(t, a.Errors)
			}
			require.NoError(t, w.stop())
		})
	}
}

// Filters look at what there is after the change, and after a deletion at what there was.
// spec: TRG-14, AMB-19
func TestFiltersLookAtTheNewState(t *testing.T) {
	const female, male = `{"resourceType":"Patient","id":"p","gender":"female"}`, `{"resourceType":"Patient","id":"p","gender":"male"}`
	for name, c := range map[string]struct {
		before, after string
		told          bool
	}{
		"created within": {"", female, true}, "created outside": {"", male, false},
		"moves in": {male, female, true}, "moves out": {female, male, false}, "stays within": {female, female, true},
		"deleted within": {female, "", true}, "deleted outside": {male, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.subscribe(anyPatient, filter("gender=female"))
				change := subscription.ResourceChange{Interaction: subscription.Update}
				switch "" {
				case c.before:
					change.Interaction = subscription.Create
				case c.after:
					change.Interaction = subscription.Delete
				}
				if c.before != "" {
					change.Previous = json.RawMessage(c.before)
				}
				if c.after != "" {
					change.Resource = json.RawMessage(c.after)
				}
				require.NoError(t, w.OnResourceChange(t.Context(), change))
				time.Sleep(time.Second)
				require.Equal(t, c.told, len(w.peer.seen(notification.EventNotification)) == 1)
				require.NoError(t, w.stop())
			})
		})
	}
}

// Extensions of the guide's first draft, which meant topic and filters, are not ignored.
// spec: EXT-14
func TestExtensionsOfTheDraftAreRefused(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, anyPatientText))
	extension := func(name, kind, value string) map[string]any {
		return map[string]any{"extension": []any{map[string]any{"url": backport + name, kind: value}}}
	}
	for element, edit := range map[string]func(map[string]any){
		"Subscription.extension":          set("extension", extension("backport-topic-canonical", "valueUri", anyPatient)["extension"]),
		"Subscription.criteria.extension": set("_criteria", extension("backport-additional-criteria", "valueString", "gender=male")),
		"Subscription.channel.extension":  channelExtension("backport-notification-url-location", "valueCode", "all"),
	} {
		_, err := e.Create(t.Context(), "", json.RawMessage(subscriptionJSON(anyPatient, edit)))
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal, element)
		require.Equal(t, 422, refusal.Status)
		require.Equal(t, element, refusal.Issues[0].Element)
	}
}

// What is stored of a Subscription that says all that the guide has conforms to its profile.
// spec: PROF-01, EXT-01, EXT-02, EXT-03, EXT-04, EXT-05, EXT-06, EXT-10, EXT-12, CAP-08
func TestStoredSubscriptionConforms(t *testing.T) {
	bestEffort := map[string]any{"url": "http://hl7.org/fhir/StructureDefinition/subscription-best-effort", "valueBoolean": true}
	identifier := map[string]any{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.identifier", "valueIdentifier": map[string]any{"value": "i"}}
	for _, r := range releases {
		definitions := validate.Load(t, r)
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r), func(c *subscription.Config) { c.Channels = append(c.Channels, customChannel{}) })
			profile, raw := backport+"backport-subscription", subscriptionJSON(anyPatient, filter("gender=female", "_id=p"), set("status", "off"), set("extension", []any{identifier, bestEffort}),
				setChannel("_type", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-channel-type", "valueCoding": map[string]any{"system": "https://channels.example.org", "code": "nats"}}}}),
				channelExtension("backport-heartbeat-period", "valueUnsignedInt", 60), channelExtension("backport-timeout", "valueUnsignedInt", 20),
				channelExtension("backport-max-count", "valuePositiveInt", 5))
			if r == subscription.R5 {
				profile, raw = "", subscriptionR5(anyPatient, set("status", "off"), set("extension", []any{bestEffort}), set("heartbeatPeriod", 60), set("timeout", 20), set("maxCount", 5),
					set("channelType", map[string]any{"system": "https://channels.example.org", "code": "nats"}))
			}
			require.Empty(t, definitions.Validate(profile, json.RawMessage(raw)), "what a client writes")
			s, err := w.Create(t.Context(), "", json.RawMessage(raw))
			require.NoError(t, err)
			require.Empty(t, definitions.Validate(profile, s.Resource))
			for _, kept := range []string{"subscription-best-effort", "nats", "60", "20"} {
				require.Contains(t, string(s.Resource), kept)
			}
			require.NoError(t, w.stop())
		})
	}
}

// spec: CAP-01, CAP-02, CAP-03, CAP-04, CAP-05, CAP-06, CAP-10, AMB-24, OP-01, OP-02, OP-20, EXT-07, CH-01
func TestCapabilityFragmentOfEachRelease(t *testing.T) {
	type list []struct{ Code, Name, Type, Definition string }
	codes := func(l list) (all []string) {
		for _, one := range l {
			all = append(all, one.Code+one.Name)
		}
		return all
	}
	for _, r := range releases {
		e := idle(t, memory.New(), parseTopic(t, anyPatientText))
		if r != subscription.R4 {
			var err error
			e, err = subscription.New(subscription.Config{Store: memory.New(), Channels: []subscription.Channel{new(peer)}, Release: r, BaseURL: base,
				Authorizer: subscription.InsecureAllowAll{}, Topics: []*topic.Topic{parseTopic(t, anyPatientText)}})
			require.NoError(t, err)
		}
		var fragment struct {
			Instantiates []string
			Rest         []struct {
				Resource []struct {
					Type             string
					SupportedProfile []string
					Interaction      list
					SearchParam      list
					Operation        list
				}
			}
		}
		require.NoError(t, json.Unmarshal(e.CapabilityFragment(r), &fragment))
		const guide = "http://hl7.org/fhir/uv/subscriptions-backport/"
		require.Equal(t, map[subscription.Release][]string{
			subscription.R4:  {guide + "CapabilityStatement/backport-subscription-server-r4"},
			subscription.R4B: {guide + "CapabilityStatement/backport-subscription-server"},
		}[r], fragment.Instantiates)
		own := fragment.Rest[0].Resource[0]
		require.Equal(t, "Subscription", own.Type)
		require.Subset(t, codes(own.Interaction), []string{"read", "create", "update", "delete", "search-type"})
		require.Subset(t, codes(own.SearchParam), []string{"url", "status"})
		require.Equal(t, []string{"status", "events", "resend"}, codes(own.Operation))
		definition := map[bool]string{true: "http://hl7.org/fhir/OperationDefinition/Subscription-status", false: guide + "OperationDefinition/backport-subscription-status"}[r == subscription.R5]
		require.Equal(t, definition, own.Operation[0].Definition)
		require.Equal(t, r != subscription.R5, slices.Contains(own.SupportedProfile, backport+"backport-subscription"))
		require.Equal(t, r != subscription.R5, strings.Contains(string(e.CapabilityFragment(r)), "capabilitystatement-subscriptiontopic-canonical"))
		topics := fragment.Rest[0].Resource[1]
		if r == subscription.R4 {
			require.Equal(t, "Basic", topics.Type)
			require.Equal(t, []string{"read", "search-type"}, codes(topics.Interaction))
			require.Subset(t, codes(topics.SearchParam), []string{"code"})
			continue
		}
		require.Equal(t, "SubscriptionTopic", topics.Type)
		require.Equal(t, []string{"read", "search-type"}, codes(topics.Interaction))
		require.Subset(t, codes(topics.SearchParam), []string{"url", "derived-or-self", "resource", "title", "trigger-description", "status", "version"})
	}
}

// spec: HB-01, HB-08, HB-10, AMB-20
func TestHeartbeatsBelongToActive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		period := func(seconds int) func(map[string]any) {
			return channelExtension("backport-heartbeat-period", "valueUnsignedInt", seconds)
		}
		w.subscribe(anyPatient, period(0))
		time.Sleep(time.Hour)
		require.Empty(t, w.peer.seen(notification.Heartbeat), "0 is none")

		w.peer.answerWith(refuseAll)
		unverified := w.subscribe(anyPatient, period(60))
		time.Sleep(time.Hour)
		require.Equal(t, "error no-response", w.status(unverified))
		require.Empty(t, w.peer.seen(notification.Heartbeat))

		w.peer.answerWith(nil)
		one, other := w.subscribe(anyPatient, period(60)), w.subscribe(anyPatient, period(60))
		time.Sleep(61 * time.Second)
		beats := w.peer.seen(notification.Heartbeat)
		require.Len(t, beats, 2)
		require.ElementsMatch(t, []string{one, other}, []string{beats[0].target.Subscription, beats[1].target.Subscription}, "one for each")
		_, err := w.Patch(t.Context(), "", one, json.RawMessage(`[{"op":"replace","path":"/status","value":"off"}]`), "")
		require.NoError(t, err)
		time.Sleep(61 * time.Second)
		require.Len(t, w.peer.seen(notification.Heartbeat), 3)
		require.NoError(t, w.stop())
	})
}

// A create is answered while its handshake waits for an answer.
// spec: LIFE-06, LIFE-07, CH-REST-04, CH-REST-05, CH-REST-10
func TestCreateIsAnsweredBeforeTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		answer := make(chan struct{})
		w.peer.answerWith(func(ctx context.Context, _ int, _ attempt) error {
			select {
			case <-answer:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		h := w.Handler(subscription.HandlerConfig{})
		res, made := call(t, h, "POST", "/Subscription", subscriptionJSON(anyPatient), "Content-Type", "application/fhir+json")
		require.Equal(t, 201, res.StatusCode)
		require.Equal(t, "requested", made.Get("status").Text())
		synctest.Wait()
		require.Len(t, w.peer.seen(notification.Handshake), 1)
		require.Equal(t, "requested", w.status(made.Get("id").Text()))
		close(answer)
		synctest.Wait()
		require.Equal(t, "active", w.status(made.Get("id").Text()))
		require.NoError(t, w.stop())
	})
}

// Where subscribers connect there is nothing to verify.
// spec: LIFE-05, CH-WS-11, AMB-22
func TestWebsocketIsActiveAtOnce(t *testing.T) {
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r), withPlug)
			raw := subscriptionJSON(anyPatient, setChannel("type", "websocket"), setChannel("endpoint", "wss://elsewhere.example.org/ws"))
			if r == subscription.R5 {
				raw = subscriptionR5(anyPatient, set("channelType", map[string]any{"code": "websocket"}), set("endpoint", "wss://elsewhere.example.org/ws"))
			}
			s, err := w.Create(t.Context(), "", json.RawMessage(raw))
			require.NoError(t, err)
			doc, err := fhirpath.Parse(s.Resource)
			require.NoError(t, err)
			require.Equal(t, "active", doc.Root().Get("status").Text())
			synctest.Wait() // the engine runs
			c := connect(t, w.Engine, true)
			require.NoError(t, c.Bind(t.Context(), w.token(s.ID), subscription.BindOptions{}))
			synctest.Wait()
			n, err := notification.Parse(c.got[0].Message.Body)
			require.NoError(t, err)
			require.Equal(t, notification.Handshake, n.Type)
			require.Equal(t, "active", n.Status)
			require.NoError(t, w.stop())
		})
	}
}

// spec: AMB-25
func TestBeginningOfATopicFinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.subscribe(anyPatient)
		h := w.Handler(subscription.HandlerConfig{})
		for value, total := range map[string]string{anyPatient: "1", anyPatient[:20]: "1", "patient": "0"} {
			_, found := call(t, h, "GET", "/Subscription?topic="+value, "")
			require.Equal(t, total, string(found.Get("total").Raw()), value)
		}
		require.NoError(t, w.stop())
	})
}

// spec: DISC-11, SP-04
func TestTopicsAreFoundByTheirParameters(t *testing.T) {
	about := parseTopic(t, `{"resourceType":"SubscriptionTopic","id":"x","url":"https://topics.example.org/x","version":"2.1","title":"Every patient","status":"draft","date":"2026-01-15",
		"derivedFrom":["`+anyPatient+`"],"resourceTrigger":[{"description":"A patient changes","resource":"Patient"}],
		"eventTrigger":[{"event":{"coding":[{"system":"urn:x","code":"in"}]},"resource":"Encounter"}],"canFilterBy":[{"resource":"Patient","filterParameter":"gender"}]}`)
	for _, r := range []subscription.Release{subscription.R4B, subscription.R5} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r), withTopics(about))
			h := w.Handler(subscription.HandlerConfig{})
			values := map[string][2]string{
				"url": {about.URL, about.URL + "/y"}, "derived-or-self": {anyPatient, about.URL + "/y"}, "resource": {"http://hl7.org/fhir/StructureDefinition/Patient", "http://hl7.org/fhir/StructureDefinition/Group"},
				"title": {"every", "none"}, "trigger-description": {"a patient", "none"}, "date": {"2026-01", "2025"}, "status": {"draft", "active"}, "version": {"2.1", "2"},
			}
			if r == subscription.R5 {
				values["event"] = [2]string{"urn:x|in", "urn:x|out"}
			}
			for name, value := range values {
				for i := range value {
					res, found := call(t, h, "GET", "/SubscriptionTopic?"+name+"="+url.QueryEscape(value[i]), "")
					require.Equal(t, 200, res.StatusCode, name)
					require.Equal(t, 1-i, found.Get("entry").Len(), "%v %s=%s", r, name, value[i])
				}
			}
			for _, name := range []string{"url", "title"} {
				want := map[subscription.Release]string{subscription.R4B: "SubscriptionTopic-", subscription.R5: "CanonicalResource-"}[r] + name
				require.Contains(t, string(w.CapabilityFragment(r)), `"http://hl7.org/fhir/SearchParameter/`+want+`"`)
			}
			require.NoError(t, w.stop())
		})
	}
}
