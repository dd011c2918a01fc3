package subscription_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/validate"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/subscription"
)

const jsonPatch = "application/json-patch+json"

// In each release a Subscription has the whole RESTful API of a resource.
// spec: CAP-05, CAP-01
func TestSubscriptionAsAResource(t *testing.T) {
	for _, r := range releases {
		t.Run(r.String(), func(t *testing.T) {
			definitions := validate.Load(t, r)
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, of(r))
				h := w.Handler(subscription.HandlerConfig{})
				patch := func(path, body string, header ...string) (*http.Response, string) {
					res, got := call(t, h, "PATCH", path, body, append(header, "Content-Type", jsonPatch)...)
					return res, string(got.Raw())
				}
				res, created := call(t, h, "PUT", "/Subscription/s", inRelease(r, "id-only", set("id", "s")))
				require.Equal(t, 201, res.StatusCode)
				require.Empty(t, definitions.Validate("", created.Raw()))
				synctest.Wait()

				// conditional read
				res, read := call(t, h, "GET", "/Subscription/s", "")
				tag := res.Header.Get("ETag")
				require.Empty(t, definitions.Validate("", read.Raw()))
				res, body := call(t, h, "GET", "/Subscription/s", "", "If-None-Match", `W/"1", `+tag)
				require.Equal(t, 304, res.StatusCode)
				require.False(t, body.Exists())
				res, _ = call(t, h, "GET", "/Subscription/s", "", "If-None-Match", `W/"1"`)
				require.Equal(t, 200, res.StatusCode)

				// patch: what it leaves alone stays, secrets too; the numbers go on
				w.write("p", 1, "s")
				time.Sleep(time.Second)
				res, text := patch("/Subscription/s", `[{"op":"test","path":"/status","value":"active"},{"op":"add","path":"/end","value":"2127-01-01T00:00:00Z"}]`, "If-Match", tag)
				require.Equal(t, 200, res.StatusCode, text)
				require.Equal(t, "active", w.status("s"), "topic and channel are as they were")
				require.Contains(t, text, "2127")
				require.NotContains(t, text, "secret")
				w.write("p", 2, "s")
				time.Sleep(time.Second)
				events := w.peer.seen(notification.EventNotification)
				require.Equal(t, []int64{1, 2}, numbers(events))
				require.Equal(t, []string{"Authorization: " + secret}, events[1].target.Headers)
				res, _ = patch("/Subscription/s", `[]`, "If-Match", tag)
				require.Equal(t, 412, res.StatusCode)
				for body, status := range map[string]int{
					`[{"op":"replace","path":"/id","value":"x"}]`:                           400,
					`[{"op":"replace","path":"/status","value":"on"}]`:                      400,
					`[{"op":"remove","path":"/status"}]`:                                    400,
					`[{"op":"test","path":"/status","value":"off"}]`:                        422,
					`[{"op":"remove","path":"/nothing"}]`:                                   422,
					`{}`:                                                                    400,
					`[{"op":"add","path":"/filterBy2","value":[]}]`:                         422,
					`[{"op":"add","path":"/reason","value":"` + strings.Repeat("x", 11<<20): 413,
				} {
					res, _ := patch("/Subscription/s", body)
					require.Equal(t, status, res.StatusCode, "%.60s", body)
				}
				res, _ = patch("/Subscription?status=active", `[{"op":"replace","path":"/status","value":"off"}]`)
				require.Equal(t, 200, res.StatusCode)
				require.Equal(t, "off", w.status("s"))
				res, _ = patch("/Subscription?status=active", `[]`)
				require.Equal(t, 404, res.StatusCode)

				// history and version read: the current version
				res, current := call(t, h, "GET", "/Subscription/s", "")
				version := strings.Trim(res.Header.Get("ETag"), `W/"`)
				res, body = call(t, h, "GET", "/Subscription/s/_history/"+version, "")
				require.Equal(t, 200, res.StatusCode)
				require.Equal(t, string(current.Raw()), string(body.Raw()))
				res, body = call(t, h, "GET", "/Subscription/s/_history/1", "")
				require.Equal(t, 404, res.StatusCode)
				require.Contains(t, string(body.Raw()), "current version")
				res, body = call(t, h, "GET", "/Subscription/s/_history", "")
				require.Equal(t, 200, res.StatusCode)
				require.Empty(t, definitions.Validate("", body.Raw()))
				require.Equal(t, 1, body.Get("entry").Len())
				_, body = call(t, h, "GET", "/Subscription/s/_history?_since=2126-01-01T00:00:00Z", "")
				require.Equal(t, 0, body.Get("entry").Len())

				// conditional update
				other := inRelease(r, "empty", func(s map[string]any) {
					if c, ok := s["channel"].(map[string]any); ok {
						c["endpoint"] = "https://other.example.org/hook"
					} else {
						s["endpoint"] = "https://other.example.org/hook"
					}
				})
				const path = "/Subscription?url=https%3A%2F%2Fother.example.org%2Fhook"
				res, body = call(t, h, "PUT", path, other)
				require.Equal(t, 201, res.StatusCode)
				id := body.Get("id").Text()
				synctest.Wait()
				res, body = call(t, h, "PUT", path, other)
				require.Equal(t, 200, res.StatusCode)
				require.Equal(t, id, body.Get("id").Text())
				res, _ = call(t, h, "PUT", path, strings.Replace(other, `{`, `{"id":"elsewhere",`, 1))
				require.Equal(t, 400, res.StatusCode)
				res, _ = call(t, h, "PUT", "/Subscription?url=https%3A%2F%2Fnone.example.org", strings.Replace(other, `{`, `{"id":"s",`, 1))
				require.Equal(t, 409, res.StatusCode)
				res, _ = call(t, h, "PUT", "/Subscription?_id=s,"+id, other)
				require.Equal(t, 412, res.StatusCode)
				res, _ = call(t, h, "DELETE", path, "")
				require.Equal(t, 204, res.StatusCode)
				res, _ = call(t, h, "GET", "/Subscription/"+id, "")
				require.Equal(t, 404, res.StatusCode)

				// Prefer
				res, body = call(t, h, "PUT", "/Subscription/s", inRelease(r, "empty", set("id", "s")), "Prefer", "return=minimal")
				require.Equal(t, 200, res.StatusCode)
				require.False(t, body.Exists())
				_, body = call(t, h, "PUT", "/Subscription/s", inRelease(r, "empty", set("id", "s")), "Prefer", "return=OperationOutcome")
				require.Equal(t, "OperationOutcome", body.Get("resourceType").Text())
				require.NoError(t, w.stop())
			})
		})
	}
}

// Every search parameter that a release or the guide has finds what it should, and not
// what it should not (docs/conformance.md, Capabilities and search, SP-01).
// spec: SP-01, SP-03, EXT-10, EXT-02, CH-CUS-01, CH-CUS-02
func TestSearchParametersOfEachRelease(t *testing.T) {
	const hook, custom = "https://subscriber.example.org/hook", "https://channels.example.org|nats"
	r4 := map[string][2]string{ // a value that finds, and one that does not
		"contact": {"555", "556"}, "criteria": {anyPatient, finished}, "payload": {"application/fhir+json", "text/plain"},
		"status": {"off", "active"}, "type": {"rest-hook", "email"}, "url": {hook, hook + "/x"},
		"topic": {anyPatient, finished}, "filter-criteria": {"Patient?gender=female", "Patient?gender=male"},
		"custom-channel": {custom, "https://channels.example.org|other"}, "payload-type": {"id-only", "empty"},
		"identifier": {"https://ids.example.org|i1", "https://ids.example.org|i2"},
		"_id":        {"s", "t"}, "_lastUpdated": {"gt1999", "lt1999"},
	}
	r5 := map[string][2]string{
		"contact": {"555", "556"}, "payload": {"application/fhir+json", "text/plain"},
		"status": {"off", "active"}, "type": {"nats", "email"}, "url": {hook, hook + "/x"},
		"content-level": {"id-only", "empty"}, "filter-value": {"female", "male"}, "identifier": {"https://ids.example.org|i1", "https://ids.example.org|i2"},
		"name": {"mine", "yours"}, "owner": {"Organization/o1", "Organization/o2"}, "topic": {anyPatient, finished},
		"_id": {"s", "t"}, "_lastUpdated": {"gt1999", "lt1999"},
	}
	contact := set("contact", []any{map[string]any{"system": "phone", "value": "555"}})
	identifier := map[string]any{"system": "https://ids.example.org", "value": "i1"}
	coding := map[string]any{"system": "https://channels.example.org", "code": "nats"}
	tried := 0
	for _, r := range releases {
		parameters, body := r4, subscriptionJSON(anyPatient, set("id", "s"), set("status", "off"), contact, filter("Patient?gender=female"),
			set("extension", []any{map[string]any{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.identifier", "valueIdentifier": identifier}}),
			setChannel("_type", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-channel-type", "valueCoding": coding}}}),
			setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": "id-only"}}}))
		if r == subscription.R5 {
			parameters, body = r5, subscriptionR5(anyPatient, set("id", "s"), set("status", "off"), contact, set("identifier", []any{identifier}), set("name", "mine"),
				set("managingEntity", map[string]any{"reference": "Organization/o1"}), set("channelType", coding), set("content", "id-only"),
				set("filterBy", []any{map[string]any{"filterParameter": "gender", "value": "female"}}))
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r), func(c *subscription.Config) { c.Channels = append(c.Channels, customChannel{}) })
			h := w.Handler(subscription.HandlerConfig{})
			res, _ := call(t, h, "PUT", "/Subscription/s", body)
			require.Equal(t, 201, res.StatusCode)
			for name, values := range parameters {
				for i, value := range values {
					for _, query := range []string{value, "nothing-here," + value} {
						if strings.HasPrefix(name, "_last") && query != value {
							continue
						}
						res, found := call(t, h, "GET", "/Subscription?"+name+"="+url.QueryEscape(query), "")
						require.Equal(t, 200, res.StatusCode, "%v %s %s", r, name, found.Raw())
						require.Equal(t, 1-i, found.Get("entry").Len(), "%v %s=%s", r, name, query)
						tried++
					}
				}
			}
			for name := range parameters {
				require.Contains(t, string(w.CapabilityFragment(r)), `"name":"`+name+`"`)
			}
			for _, foreign := range [][2]string{{"R4", "content-level"}, {"R4", "owner"}, {"R5", "criteria"}, {"R5", "filter-criteria"}, {"R5", "add-tag"}, {"R4", "add-tag"}} {
				if (foreign[0] == "R5") == (r == subscription.R5) {
					res, _ := call(t, h, "GET", "/Subscription?"+foreign[1]+"=x", "")
					require.Equal(t, 400, res.StatusCode, foreign)
				}
			}
		})
	}
	t.Logf("SP searches=%d", tried)
}

type customChannel struct{ printer }

func (customChannel) Type() string { return "https://channels.example.org|nats" }

// What is asked for by _sort comes in that order over all pages, or is refused; what isn't
// known is ignored for clients only that ask for it, and then is not in the self link.
func TestSortedAndLenientSearches(t *testing.T) {
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r))
			h := w.Handler(subscription.HandlerConfig{})
			for i, id := range []string{"b", "d", "a", "c", "e"} {
				status, host := "requested", fmt.Sprintf("https://h%d.example.org/hook", 9-i)
				if i%2 == 1 {
					status = "off"
				}
				body := subscriptionJSON(anyPatient, set("id", id), set("status", status), setChannel("endpoint", host))
				if r == subscription.R5 {
					body = subscriptionR5(anyPatient, set("id", id), set("status", status), set("endpoint", host))
				}
				res, got := call(t, h, "PUT", "/Subscription/"+id, body)
				require.Equal(t, 201, res.StatusCode, string(got.Raw()))
				synctest.Wait()
				time.Sleep(time.Second)
			}
			ids := func(query string) (all string) {
				for next := "/Subscription?" + query; next != ""; {
					res, found := call(t, h, "GET", next, "")
					require.Equal(t, 200, res.StatusCode, string(found.Raw()))
					require.Equal(t, "5", string(found.Get("total").Raw()))
					for e := range found.Get("entry").Elements() {
						all += e.Path("resource", "id").Text()
					}
					next = ""
					for link := range found.Get("link").Elements() {
						if link.Get("relation").Is("next") {
							next = strings.TrimPrefix(link.Get("url").Text(), "https://fhir.example.org/r4")
						}
					}
				}
				return all
			}
			for query, want := range map[string]string{
				"": "bdace", "_sort=_id": "abcde", "_sort=-_id": "edcba", "_sort=_lastUpdated": "bdace", "_sort=-_lastUpdated": "ecadb",
				"_sort=status,_id": "abecd", "_sort=status,-_id": "ebadc", "_sort=-status": "dcbae", "_sort=url": "ecadb", "_sort=type,_id": "abcde",
				"_sort=_id&_elements=status": "abcde", "_sort=url&_summary=true&_total=none": "ecadb",
			} {
				for _, count := range []string{"", "&_count=2", "&_count=1"} {
					require.Equal(t, want, ids(query+count), "%v %s%s", r, query, count)
				}
			}
			for _, query := range []string{"_sort=", "_sort=contact", "_sort=_id,", "_sort=nonsense", "_sort=_id&_sort=status", "_sort=--_id", "_total=maybe", "_total=", "nonsense=1",
				"nonsense:exact=1", "status.name=1", "_nonsense=1", "_include=Subscription:x", "_contained=true"} {
				res, found := call(t, h, "GET", "/Subscription?"+query, "")
				require.Equal(t, 400, res.StatusCode, "%s %s", query, found.Raw())
				res, _ = call(t, h, "GET", "/Subscription?"+query, "", "Prefer", "handling=strict")
				require.Equal(t, 400, res.StatusCode, query)
			}
			res, found := call(t, h, "GET", "/Subscription?status=off&nonsense=1&foo:exact=2&_include=x&a.b=c", "", "Prefer", "return=minimal; handling=lenient")
			require.Equal(t, 200, res.StatusCode)
			require.Equal(t, "2", string(found.Get("total").Raw()))
			for link := range found.Get("link").Elements() {
				require.Equal(t, "https://fhir.example.org/r4/Subscription?status=off", link.Get("url").Text())
				break
			}
			for _, query := range []string{"status:nonsense=off", "_sort=nonsense", "_count=x"} { // known, but used wrongly
				res, _ = call(t, h, "GET", "/Subscription?"+query, "", "Prefer", "handling=lenient")
				require.Equal(t, 400, res.StatusCode, query)
			}
			res, _ = call(t, h, "DELETE", "/Subscription?nonsense=1", "", "Prefer", "handling=lenient")
			require.Equal(t, 400, res.StatusCode, "never where it would widen what is deleted")
			for version, code := range map[string]string{"1": "", "2": "", "3": "not-found", "0": "not-found", "x": "not-found", "01": "not-found"} {
				res, got := call(t, h, "GET", "/Subscription/b/_history/"+version, "")
				if version == "2" {
					require.Equal(t, 200, res.StatusCode)
					continue
				}
				require.Equal(t, 404, res.StatusCode)
				if version == "1" {
					code = "not-supported"
				}
				for issue := range got.Get("issue").Elements() {
					require.Equal(t, code, issue.Get("code").Text(), version)
				}
			}
			require.Contains(t, string(w.CapabilityFragment(r)), `"readHistory":false`)
			require.NoError(t, w.stop())
		})
	}
}

func TestSummaries(t *testing.T) {
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r))
			h := w.Handler(subscription.HandlerConfig{})
			text := set("text", map[string]any{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml">x</div>`})
			res, _ := call(t, h, "PUT", "/Subscription/s", inRelease(r, "empty", set("id", "s"), text, set("end", "2127-01-01T00:00:00Z")))
			require.Equal(t, 201, res.StatusCode)
			synctest.Wait() // its handshake makes a version of its own
			topicElement, channel := "criteria", "channel"
			if r == subscription.R5 {
				topicElement, channel = "topic", "channelType"
			}
			for query, want := range map[string][4]bool{ // text, end, topic, channel
				"":                   {true, true, true, true},
				"?_summary=false":    {true, true, true, true},
				"?_summary=true":     {false, true, true, true},
				"?_summary=data":     {false, true, true, true},
				"?_summary=text":     {true, false, true, true},
				"?_elements=end":     {false, true, true, true},
				"?_elements=contact": {false, false, true, true},
			} {
				res, got := call(t, h, "GET", "/Subscription/s"+query, "")
				require.Equal(t, 200, res.StatusCode)
				require.Equal(t, want, [4]bool{got.Get("text").Exists(), got.Get("end").Exists(), got.Get(topicElement).Exists(), got.Get(channel).Exists()}, query)
				require.Equal(t, query != "" && query != "?_summary=false", strings.Contains(string(got.Raw()), "SUBSETTED"), query)
				_, found := call(t, h, "GET", "/Subscription"+query, "")
				for e := range found.Get("entry").Elements() {
					require.Equal(t, string(got.Raw()), string(e.Get("resource").Raw()))
				}
			}
			_, found := call(t, h, "GET", "/Subscription?_summary=count", "")
			require.Equal(t, "1", string(found.Get("total").Raw()))
			require.Zero(t, found.Get("entry").Len())
		})
	}
}
