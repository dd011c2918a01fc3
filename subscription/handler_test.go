package subscription_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// call sends a request to a handler; the body is parsed, and every failure must be an
// OperationOutcome.
func call(t *testing.T, h http.Handler, method, path, body string, header ...string) (*http.Response, fhirpath.Node) {
	t.Helper()
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	raw, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	if len(raw) == 0 {
		return w.Result(), fhirpath.Node{}
	}
	doc, err := fhirpath.Parse(raw)
	require.NoError(t, err, string(raw))
	if w.Code >= 400 {
		require.Equal(t, "OperationOutcome", doc.Root().Get("resourceType").Text())
	}
	return w.Result(), doc.Root()
}

// spec: ACC-20, CAP-01, OP-01, OP-05, SP-01, SP-02
func TestRESTLifeOfASubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := w.Handler(subscription.HandlerConfig{})
		body := subscriptionJSON(anyPatient)

		res, created := call(t, h, "POST", "/Subscription", body, "Content-Type", "application/fhir+json")
		id := created.Get("id").Text()
		require.Equal(t, 201, res.StatusCode)
		require.Equal(t, base+"/Subscription/"+id+"/_history/1", res.Header.Get("Location"))
		require.Equal(t, `W/"1"`, res.Header.Get("ETag"))
		require.Equal(t, "requested", created.Get("status").Text())
		synctest.Wait()

		res, got := call(t, h, "GET", "/Subscription/"+id, "")
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "active", got.Get("status").Text())
		require.Equal(t, `W/"2"`, res.Header.Get("ETag"))

		res, _ = call(t, h, "HEAD", "/Subscription/"+id, "")
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, `W/"2"`, res.Header.Get("ETag"))

		for query, total := range map[string]string{
			"":                "1",
			"?status=active":  "1",
			"?status=off":     "0",
			"?type=rest-hook": "1",
			"?url=https://subscriber.example.org/hook":               "1",
			"?url=https://subscriber.example.org/other":              "0",
			"?status=active&url=https://subscriber.example.org/hook": "1",
			"?criteria=" + anyPatient:                                "1",
			"?topic=" + anyPatient:                                   "1",
			"?topic=https://other":                                   "0",
			"?payload-type=full-resource":                            "1",
			"?payload-type=empty":                                    "0",
			"?filter-criteria=x":                                     "0",
			"?custom-channel=x":                                      "0",
			"?_id=" + id:                                             "1",
			"?_count=0":                                              "1",
		} {
			res, bundle := call(t, h, "GET", "/Subscription"+query, "")
			require.Equal(t, 200, res.StatusCode, query)
			require.Equal(t, total, string(bundle.Get("total").Raw()), query)
			require.Equal(t, "searchset", bundle.Get("type").Text())
		}
		_, bundle := call(t, h, "POST", "/Subscription/_search", "status=active", "Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, "1", string(bundle.Get("total").Raw()))
		res, _ = call(t, h, "GET", "/Subscription?phase-of-moon=full", "")
		require.Equal(t, 400, res.StatusCode)

		res, status := call(t, h, "GET", "/Subscription/"+id+"/$status", "")
		require.Equal(t, 200, res.StatusCode)
		require.Equal(t, "searchset", status.Get("type").Text())
		require.Equal(t, 1, status.Get("entry").Len())
		_, status = call(t, h, "POST", "/Subscription/$status", `{"resourceType":"Parameters","parameter":[{"name":"id","valueId":"`+id+`"},{"name":"id","valueId":"unknown"}]}`)
		require.Equal(t, 1, status.Get("entry").Len())
		_, status = call(t, h, "GET", "/Subscription/$status?status=off", "")
		require.Zero(t, status.Get("entry").Len())

		w.write("p", 1)
		w.write("p", 2)
		time.Sleep(time.Second)
		_, events := call(t, h, "GET", "/Subscription/"+id+"/$events?eventsSinceNumber=2&content=id-only", "")
		require.Contains(t, string(events.Raw()), `"valueCode":"query-event"`)
		require.Contains(t, string(events.Raw()), `{"name":"event-number","valueString":"2"}`)
		require.NotContains(t, string(events.Raw()), `{"name":"event-number","valueString":"1"}`)
		require.NotContains(t, string(events.Raw()), `gender`)
		for _, bad := range []string{"eventsSinceNumber=-1", "eventsSinceNumber=x", "eventsSinceNumber=1e3", "eventsUntilNumber=99999999999999999999", "eventsSinceNumber=2&eventsUntilNumber=1", "eventsUntilNumber=0", "eventsSinceNumber=-0", "eventsSinceNumber=1&eventsSinceNumber=2", "id=x", "content=all", "other=1"} {
			res, _ = call(t, h, "GET", "/Subscription/"+id+"/$events?"+bad, "")
			require.Equal(t, 400, res.StatusCode, bad)
		}

		stored := string(got.Raw())
		res, _ = call(t, h, "PUT", "/Subscription/"+id, stored, "If-Match", `W/"1"`)
		require.Equal(t, 412, res.StatusCode)
		res, _ = call(t, h, "PUT", "/Subscription/"+id, stored, "If-Match", "nonsense")
		require.Equal(t, 400, res.StatusCode)
		res, _ = call(t, h, "PUT", "/Subscription/"+id, stored, "If-Match", `W/"2"`)
		require.Equal(t, 200, res.StatusCode)
		res, _ = call(t, h, "PUT", "/Subscription/other", stored)
		require.Equal(t, 400, res.StatusCode, "id in the body and in the URL differ")

		res, _ = call(t, h, "POST", "/Subscription", body, "If-None-Exist", "url=https://subscriber.example.org/hook")
		require.Equal(t, 200, res.StatusCode)
		res, _ = call(t, h, "POST", "/Subscription", body, "Prefer", "return=minimal")
		require.Equal(t, 201, res.StatusCode)
		require.Empty(t, res.Header.Get("Content-Type"))
		res, _ = call(t, h, "POST", "/Subscription", body, "If-None-Exist", "url=https://subscriber.example.org/hook")
		require.Equal(t, 412, res.StatusCode)

		res, _ = call(t, h, "DELETE", "/Subscription/"+id, "")
		require.Equal(t, 204, res.StatusCode)
		res, _ = call(t, h, "GET", "/Subscription/"+id, "")
		require.Equal(t, 404, res.StatusCode)
		res, _ = call(t, h, "GET", "/Subscription/"+id+"/$status", "")
		require.Equal(t, 404, res.StatusCode)
		res, _ = call(t, h, "DELETE", "/Subscription", "")
		require.Equal(t, 400, res.StatusCode, "a conditional delete without a condition")
		res, _ = call(t, h, "DELETE", "/Subscription?url=https://subscriber.example.org/hook", "")
		require.Equal(t, 204, res.StatusCode)
		_, bundle = call(t, h, "GET", "/Subscription", "")
		require.Equal(t, "0", string(bundle.Get("total").Raw()))
	})
}

// spec: TOP-21, ACC-20
func TestRESTRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := w.Handler(subscription.HandlerConfig{})
		for _, tc := range []struct {
			method, path, body string
			header             []string
			status             int
		}{
			{"POST", "/Subscription", "<Subscription/>", []string{"Content-Type", "application/fhir+xml"}, 415},
			{"GET", "/Subscription", "", []string{"Accept", "application/fhir+xml"}, 406},
			{"GET", "/Subscription?_format=xml", "", nil, 406},
			{"POST", "/Subscription", strings.Repeat(" ", 11<<20), nil, 413},
			{"POST", "/Subscription", "", nil, 400},
			{"PATCH", "/Subscription/x", "[]", nil, 415},
			{"PATCH", "/Subscription/x", "<diff/>", []string{"Content-Type", "application/fhir+json"}, 415},
			{"PATCH", "/Subscription/x", "[]", []string{"Content-Type", "application/json-patch+json"}, 404},
			{"PATCH", "/Subscription?status=off", "[]", []string{"Content-Type", "application/json-patch+json"}, 404},
			{"PATCH", "/Subscription", "[]", []string{"Content-Type", "application/json-patch+json"}, 400},
			{"PUT", "/Subscription", subscriptionJSON(anyPatient), nil, 400},
			{"PUT", "/Subscription?status=off", subscriptionJSON(anyPatient), []string{"If-Match", `W/"1"`}, 412},
			{"DELETE", "/Subscription?status=off", "", []string{"If-Match", `W/"1"`}, 400},
			{"POST", "/Subscription/x", "{}", nil, 405},
			{"POST", "/Subscription/x/_history", "", nil, 405},
			{"DELETE", "/Subscription/x/_history/1", "", nil, 405},
			{"GET", "/Subscription/_history", "", nil, 404},
			{"DELETE", "/Subscription/x/$events", "", nil, 405},
			{"GET", "/Subscription/$events", "", nil, 404},
			{"GET", "/Subscription/$resend", "", nil, 404},
			{"GET", "/Subscription/x/$resend", "", nil, 404},
			{"GET", "/Subscription/$topic-list", "", nil, 404},
			{"GET", "/SubscriptionTopic", "", nil, 404}, // R4 has Basic
			{"PUT", "/Basic/x", "{}", nil, 405},
			{"GET", "/Subscription?_summary=some", "", nil, 400},
			{"GET", "/Subscription?_elements=topic", "", nil, 400}, // of R5
			{"GET", "/Subscription?_elements=status&_summary=true", "", nil, 400},
			{"GET", "/Subscription?_sort=contact", "", nil, 400},
			{"GET", "/Subscription/x?_at=2026", "", nil, 400},
			{"GET", "/Subscription/x?_summary=count", "", nil, 400},
			{"GET", "/Subscription/x/$dance", "", nil, 404},
			{"GET", "/Subscription/$dance", "", nil, 404},
			{"GET", "/Subscription/x/_history/1", "", nil, 404},
			{"PUT", "/Subscription/" + strings.Repeat("x", 65), subscriptionJSON(anyPatient), nil, 400},
			{"GET", "/Subscription/$status?status=on", "", nil, 400},
			{"GET", "/Patient/1", "", nil, 404},
			{"DELETE", "/Subscription?_format=json", "", nil, 400}, // nobody means all of them
			{"DELETE", "/Subscription?_count=1&_pretty=true", "", nil, 400},
			{"DELETE", "/Subscription?topic=", "", nil, 400},
			{"POST", "/Subscription", "{}", []string{"If-None-Exist", "_count=1"}, 400},
			{"PUT", "/Subscription/x", subscriptionJSON(anyPatient, set("id", "x")), []string{"If-None-Match", "*"}, 400},
			{"PUT", "/Subscription/x", subscriptionJSON(anyPatient, set("id", "x")), []string{"If-Match", `W/"0"`}, 412},
			{"PUT", "/Subscription/..", subscriptionJSON(anyPatient, set("id", "..")), nil, 400},
			{"POST", "/Subscription", subscriptionJSON(anyPatient), []string{"Content-Type", "application/fhir+json; fhirVersion=5.0"}, 415},
			{"POST", "/Subscription", subscriptionJSON(anyPatient), []string{"Content-Type", "application/json-patch+json"}, 415},
			{"POST", "/Subscription", subscriptionJSON(anyPatient), []string{"Content-Encoding", "gzip"}, 415},
			{"GET", "/Subscription", "", []string{"Accept", "application/fhir+json; fhirVersion=5.0"}, 406},
			{"GET", "/Subscription", "", []string{"Accept", "application/fhir+json;q=0"}, 406},
			{"GET", "/Subscription", "", []string{"Accept", "text/html, application/fhir+json;q=0.8"}, 200},
			{"GET", "/Subscription?_format=application/fhir+json", "", nil, 200},
			{"GET", "/Subscription?_format=notjson", "", nil, 406},
			{"POST", "/Subscription/$status", `{"resourceType":"Parameters","parameter":[{"name":"id"}]}`, nil, 400},
			{"POST", "/Subscription/$status", `{"resourceType":"Parameters","parameter":[{"name":"id","valueReference":{"reference":"x"}}]}`, nil, 400},
			{"POST", "/Subscription/$status", `{"resourceType":"Parameters","parameter":[{"name":"content","valueCode":"empty"}]}`, nil, 400},
		} {
			res, _ := call(t, h, tc.method, tc.path, tc.body, tc.header...)
			require.Equal(t, tc.status, res.StatusCode, "%s %s", tc.method, tc.path)
			require.Equal(t, tc.status == 405, res.Header.Get("Allow") != "")
		}
	})
}

func TestConditionalCreatesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := w.Handler(subscription.HandlerConfig{})
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				r := httptest.NewRequest("POST", base+"/Subscription", strings.NewReader(subscriptionJSON(anyPatient)))
				r.Header.Set("If-None-Exist", "url=https://subscriber.example.org/hook")
				h.ServeHTTP(httptest.NewRecorder(), r)
			})
		}
		wg.Wait()
		found, err := w.Search(t.Context(), "", nil)
		require.NoError(t, err)
		require.Equal(t, 1, found.Total)
	})
}

func TestPagesOfASearch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h := w.Handler(subscription.HandlerConfig{Tenant: func(r *http.Request) string { return r.Header.Get("X-Tenant") }})
		for range 7 {
			call(t, h, "POST", "/Subscription", subscriptionJSON(anyPatient), "X-Tenant", "a")
		}
		call(t, h, "POST", "/Subscription", subscriptionJSON(anyPatient), "X-Tenant", "b")
		seen := map[string]bool{}
		path := "/Subscription?_count=3"
		for pages := 0; path != ""; pages++ {
			_, bundle := call(t, h, "GET", path, "", "X-Tenant", "a")
			require.Equal(t, "7", string(bundle.Get("total").Raw()))
			for e := range bundle.Get("entry").Elements() {
				seen[e.Get("fullUrl").Text()] = true
			}
			path = ""
			for link := range bundle.Get("link").Elements() {
				if link.Get("relation").Is("next") {
					path = strings.TrimPrefix(link.Get("url").Text(), base)
				}
			}
			require.Less(t, pages, 4)
		}
		require.Len(t, seen, 7)
	})
}

// spec: CAP-02, CAP-04, DISC-02, EXT-07, OP-20
func TestCapabilities(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, finishedTopic))
	doc, err := fhirpath.Parse(e.CapabilityFragment(subscription.R4))
	require.NoError(t, err)
	require.Contains(t, string(doc.Raw()), `{"url":"`+backport+`capabilitystatement-subscriptiontopic-canonical","valueCanonical":"`+finished+`"}`)
	require.Contains(t, string(doc.Raw()), `"supportedProfile":["`+backport+`backport-subscription"]`)
	require.Contains(t, string(doc.Raw()), `"name":"url"`)
	require.Contains(t, string(doc.Raw()), `{"name":"resend","definition":"http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-resend"}`)
	require.NotContains(t, string(doc.Raw()), "get-ws-binding-token", "no channel to connect to")
	require.NotContains(t, string(doc.Raw()), "capabilitystatement-websocket")
	require.Nil(t, e.CapabilityFragment(subscription.R5))
}

// spec: CAP-11, EXT-13, OP-02
func TestCapabilitiesOfConnections(t *testing.T) { // CAP-11
	synctest.Test(t, func(t *testing.T) {
		const extension = `"rest":[{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket","valueUri":"wss://fhir.example.org/r4/ws"}],"mode":"server"`
		topicsOnly := string(newWorld(t, withPlug).CapabilityFragment(subscription.R4))
		require.Contains(t, topicsOnly, `"name":"get-ws-binding-token"`)
		require.NotContains(t, topicsOnly, "capabilitystatement-websocket", "nobody can bind by id")
		w, _ := newClassicWorld(t, withPlug)
		require.Contains(t, string(w.CapabilityFragment(subscription.R4)), extension)
	})
}

func TestUnknownElementIsNamed(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, finishedTopic))
	for member, told := range map[string]string{
		"colour":            "There is the element colour that",
		"_colour":           "There is an element that",
		"Ana Rivera, 1970":  "There is an element that",
		"Bearer0123456789":  "There is an element that",
		"filterBy":          "There is the element filterBy that",
		"channel\": \"oops": "There is an element that",
	} {
		_, err := e.Create(t.Context(), "", json.RawMessage(subscriptionJSON(finished, set(member, "x"))))
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, "Subscription", refusal.Issues[0].Element)
		require.Contains(t, refusal.Issues[0].Problem, told, "a name that could hold anything is not repeated")
	}
}

// spec: ACC-08, FLT-02
func TestMisspeltExtensionsAreNoFilters(t *testing.T) {
	e := idle(t, memory.New(), parseTopic(t, finishedTopic))
	url := map[string]any{"url": backport + "backport-filter-criteria", "valueString": "Encounter?patient=Patient/1"}
	for name, tc := range map[string]struct {
		member  string
		value   any
		element string
	}{
		"misspelt":              {"_criteria", map[string]any{"extensio": []any{url}}, "Subscription.criteria"},
		"beside":                {"_criteria", map[string]any{"url": url["url"], "valueString": url["valueString"]}, "Subscription.criteria"},
		"an extension no url":   {"_criteria", map[string]any{"extension": []any{map[string]any{"valueString": "Encounter?patient=Patient/1"}}}, "Subscription.criteria.extension"},
		"an extension blank":    {"_criteria", map[string]any{"extension": []any{map[string]any{"url": " ", "valueString": "x"}}}, "Subscription.criteria.extension"},
		"meta is a string":      {"meta", "x", "Subscription.meta"},
		"meta is an array":      {"meta", []any{}, "Subscription.meta"},
		"header is null":        {"channel", map[string]any{"type": "rest-hook", "endpoint": "https://app.example.org/", "header": nil}, "Subscription.channel.header"},
		"url's type is another": {"_criteria", map[string]any{"extension": []any{map[string]any{"url": 1}}}, "Subscription.criteria.extension"},
	} {
		_, err := e.Create(t.Context(), "", json.RawMessage(subscriptionJSON(finished, set(tc.member, tc.value))))
		var refusal *subscription.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, tc.element, refusal.Issues[0].Element, name)
	}
}
