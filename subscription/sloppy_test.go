package subscription_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// put sets the member at a path of names and indexes to raw JSON.
func put(t *testing.T, of any, path []string, raw string) any {
	t.Helper()
	if len(path) == 0 {
		require.True(t, json.Valid([]byte(raw)), raw)
		return json.RawMessage(raw)
	}
	switch of := of.(type) {
	case []any:
		i, err := strconv.Atoi(path[0])
		require.NoError(t, err)
		of[i] = put(t, of[i], path[1:], raw)
		return of
	case map[string]any:
		of[path[0]] = put(t, of[path[0]], path[1:], raw)
		return of
	default:
		return map[string]any{path[0]: put(t, nil, path[1:], raw)}
	}
}

// edited returns a resource with the member at a path, such as channel.header.0, set to raw.
func edited(t *testing.T, resource, path, raw string) json.RawMessage {
	t.Helper()
	var all any
	require.NoError(t, json.Unmarshal([]byte(resource), &all))
	out, err := json.Marshal(put(t, all, strings.Split(path, "."), raw))
	require.NoError(t, err)
	return out
}

// sloppy says, for a member set to a value, which element must be named.
type sloppy struct{ path, raw, element string }

// wrongValues are no values of a type, whatever element has it.
var wrongValues = map[string][]string{
	"string":      {`1`, `true`, `null`, `""`, `" "`, `{}`, `[]`, `["x"]`},
	"code":        {`1`, `null`, `""`, `" x"`, `"a  b"`, `{}`, `[]`, `["x"]`},
	"uri":         {`1`, `null`, `""`, `"a b"`, `{}`, `[]`},
	"unsignedInt": {`"1"`, `1.5`, `-1`, `1e400`, `4294967296`, `null`, `true`, `{}`, `[]`},
	"positiveInt": {`"1"`, `0`, `1.0`, `null`, `{}`},
	"instant": {`1`, `null`, `""`, `"2127-01-01"`, `"2127-01-01T00:00:00"`, `"2127-13-01T00:00:00Z"`, `"2127-01-01T24:00:00Z"`,
		`"2127-02-30T00:00:00Z"`, `"2127-01-01t00:00:00z"`, `"2127-01-01 00:00:00Z"`, `"tomorrow"`},
	"list":   {`null`, `[]`, `"x"`, `{}`, `[null]`, `[{}]`},
	"object": {`null`, `{}`, `[]`, `"x"`, `1`},
	"half":   {`null`, `{}`, `[]`, `"x"`, `{"extension":[]}`, `{"extension":{}}`, `{"extension":[{}]}`, `{"id":""}`, `{"ext":[]}`},
}

// sloppies are for elements of those types, and some of their own.
func sloppies(elements map[string]string, own []sloppy) (list []sloppy) {
	for _, path := range slices.Sorted(maps.Keys(elements)) {
		names := strings.Split(path, ".")
		for _, raw := range wrongValues[elements[path]] {
			last := len(names) - 1
			element := strings.Join(append(slices.Clone(names[:last]), strings.TrimPrefix(names[last], "_")), ".")
			if i := strings.Index(element, ".extension."); i > 0 {
				element = element[:i] + ".extension"
			}
			list = append(list, sloppy{path, raw, "Subscription." + element})
		}
	}
	return append(list, own...)
}

var sloppyEverywhere = []sloppy{
	{"meta.lastUpdated", `"2026-01-01"`, "Subscription.meta.lastUpdated"},
	{"meta.profile", `"http://example.org"`, "Subscription.meta.profile"},
	{"meta.author", `{"reference":"Practitioner/1"}`, "Subscription.meta.author"},
	{"meta.tag", `[{"systen":"x"}]`, "Subscription.meta.tag[0].systen"},
	{"text", `{"status":"generated","div":1}`, "Subscription.text.div"},
	{"contained", `[{"resourceType":"Nonsense"}]`, "Subscription.contained[0]"},
	{"contained", `[{"resourceType":"Patient","gender":1}]`, "Subscription.contained[0].gender"},
	{"extension", `[{"url":"http://example.org"}]`, "Subscription.extension[0]"},
	{"extension", `[{"url":"http://example.org","valueString":"a","valueCode":"a"}]`, "Subscription.extension[0].value"},
	{"extension", `[{"url":"http://example.org","valueString":"a","extension":[{"url":"b","valueCode":"c"}]}]`, "Subscription.extension[0]"},
	{"extension", `[{"url":"http://example.org","valueDate":"yesterday"}]`, "Subscription.extension[0].value"},
	{"extension", `[{"url":"http://example.org","valueUnknown":"x"}]`, "Subscription.extension[0].valueUnknown"},
	{"extension", `[{"url":"http://example.org","valueBoolean":"true"}]`, "Subscription.extension[0].value"},
	{"contact", `[{"system":"phone","rank":"1"}]`, "Subscription.contact[0].rank"},
	{"contact", `[{"period":{"start":"1.1.2026"}}]`, "Subscription.contact[0].period.start"},
	{"contact", `[{"phone":"1"}]`, "Subscription.contact[0].phone"},
	{"language", `"  "`, "Subscription.language"},
	{"Status", `"off"`, "Subscription"},
	{"_contact", `[{}]`, "Subscription"},
	{"fhir_comments", `["x"]`, "Subscription"},
	{"resourceType", `"Subscriptions"`, "Subscription"},
	{"resourceType", `1`, "Subscription"},
	{"implicitRules", `"http://example.org"`, "Subscription"},
	{"modifierExtension", `[{"url":"http://example.org","valueBoolean":true}]`, "Subscription.modifierExtension"},
	{"status", `"Requested"`, "Subscription.status"},
}

var sloppyR4 = sloppies(map[string]string{
	"status": "code", "reason": "string", "criteria": "string", "end": "instant", "meta": "object", "text": "object", "contact": "list",
	"contained": "list", "extension": "list", "channel": "object", "channel.type": "code", "channel.endpoint": "uri", "channel.payload": "code",
	"channel.header": "list", "channel.extension": "list", "_status": "half", "_reason": "half", "_criteria": "half", "_end": "half",
	"channel._type": "half", "channel._endpoint": "half", "channel._payload": "half",
	"channel.extension.0.valueUnsignedInt": "unsignedInt", "channel.extension.1.valuePositiveInt": "positiveInt",
}, append([]sloppy{
	{"channel.header", `["X-A: b",""]`, "Subscription.channel.header"},
	{"channel.header", `["X-A: b",1]`, "Subscription.channel.header"},
	{"channel._header", `[{}]`, "Subscription.channel.header"},
	{"channel.headers", `["X-A: b"]`, "Subscription.channel"},
	{"_channel", `{}`, "Subscription"},
	{"channel.id", `1`, "Subscription.channel.id"},
	{"tag", `[{"code":1}]`, "Subscription.tag"},
	{"topic", `"http://example.org/t"`, "Subscription"},
	{"filterBy", `[]`, "Subscription"},
	{"_criteria", `{"extension":[{"url":"http://example.org","valueString":"x"}]}`, "Subscription.criteria"},
	{"channel._payload", `{"extension":[{"url":"` + backport + `backport-payload-content","valueString":"empty"}]}`, "Subscription.channel.payload"},
}, sloppyEverywhere...))

var sloppyR5 = sloppies(map[string]string{
	"status": "code", "reason": "string", "name": "string", "topic": "uri", "end": "instant", "meta": "object", "text": "object", "contact": "list",
	"contained": "list", "extension": "list", "channelType": "object", "channelType.code": "code", "channelType.system": "uri", "endpoint": "uri",
	"contentType": "code", "content": "code", "filterBy": "list", "parameter": "list", "identifier": "list", "managingEntity": "object",
	"heartbeatPeriod": "unsignedInt", "timeout": "unsignedInt", "maxCount": "positiveInt", "_status": "half", "_topic": "half", "_content": "half",
}, append([]sloppy{
	{"filterBy", `[{"resourceType":"Patient","filterParameter":"gender","value":1}]`, "Subscription.filterBy[0].value"},
	{"filterBy", `[{"resourceType":"","filterParameter":"gender","value":"female"}]`, "Subscription.filterBy[0].resourceType"},
	{"filterBy", `[{"resourceType":"Patient","filterParameter":"gender","value":"female","comparator":""}]`, "Subscription.filterBy[0].comparator"},
	{"filterBy", `[{"resourceType":"Patient","filterParameter":"gender","value":"female","operator":"eq"}]`, "Subscription.filterBy[0]"},
	{"filterBy", `[null,{"resourceType":"Patient","filterParameter":"gender","value":"female"}]`, "Subscription.filterBy[0]"},
	{"_filterBy", `[]`, "Subscription"},
	{"parameter", `[{"name":"X-A"}]`, "Subscription.parameter"},
	{"parameter", `[{"name":"X-A","value":1}]`, "Subscription.parameter"},
	{"parameter", `[{"name":"X-A","value":"b","nam":"c"}]`, "Subscription.parameter"},
	{"channelType", `{"code":"rest-hook","display":1}`, "Subscription.channelType.display"},
	{"channelType", `{"coding":[{"code":"rest-hook"}]}`, "Subscription.channelType"},
	{"managingEntity", `{"reference":1}`, "Subscription.managingEntity.reference"},
	{"identifier", `[{"system":"a b"}]`, "Subscription.identifier[0].system"},
	{"criteria", `"Patient?"`, "Subscription"},
	{"channel", `{"type":"rest-hook"}`, "Subscription"},
}, sloppyEverywhere...))

// Everything that FHIR JSON forbids is refused, with an issue for the element; what differs from
// it by that one value only was accepted.
func TestSloppySubscriptionsAreRefused(t *testing.T) {
	number := func(name, value, n string) map[string]any {
		return map[string]any{"url": backport + name, value: json.RawMessage(n)}
	}
	for _, r := range releases {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, of(r))
			list, whole := sloppyR5, ""
			if r == subscription.R5 {
				whole = inRelease(r, "id-only")
			} else {
				list, whole = sloppyR4, inRelease(r, "id-only", setChannel("extension", []any{
					number("backport-timeout", "valueUnsignedInt", "10"), number("backport-max-count", "valuePositiveInt", "3"),
				}))
			}
			_, err := w.Check(t.Context(), "", r, json.RawMessage(whole))
			require.NoError(t, err)
			for _, s := range list {
				_, err := w.Check(t.Context(), "", r, edited(t, whole, s.path, s.raw))
				var refusal *subscription.Refusal
				require.ErrorAs(t, err, &refusal, "%v %s: %s", r, s.path, s.raw)
				require.Contains(t, []int{400, 422}, refusal.Status)
				require.True(t, slices.ContainsFunc(refusal.Issues, func(i subscription.ElementError) bool {
					rest, ok := strings.CutPrefix(i.Element, s.element)
					return ok && (rest == "" || strings.ContainsAny(rest[:1], ".[("))
				}), "%v %s: %s names %v, not %s", r, s.path, s.raw, refusal.Issues, s.element)
			}
			for _, twice := range []string{`"status":"off"`, `"st\u0061tus":"off"`, `"resourceType":"Subscription"`} {
				_, err := w.Check(t.Context(), "", r, json.RawMessage(`{`+twice+`,`+whole[1:]))
				require.Error(t, err)
			}
			t.Logf("I1 %v sloppy=%d refused=%d", r, len(list)+3, len(list)+3)
			require.GreaterOrEqual(t, len(list), 100)
			require.NoError(t, w.stop())
		})
	}
}

var inThePast = regexp.MustCompile(`"end"\s*:\s*"[^"]*"`)

// Nothing that others have published, and that is right, is refused for its form.
func TestPublishedSubscriptionsAreNotSloppy(t *testing.T) {
	accepted, refused := 0, 0
	for _, r := range releases {
		name := strings.ToLower(r.String())
		patterns := []string{"reference-examples/" + name + "/subscription-*.json", "core-" + name + "/examples/subscription-*.json", "fhir-candle/tests/" + name + "/[sS]ubscription-*.json"}
		if r != subscription.R5 {
			patterns = append(patterns, "backport-json/*/Subscription-*.json", "inferno/samples/Subscription_*.json", "inferno/fixtures/subscription_resource_example.json",
				"reference-examples/classic/subscription-r4-*.json")
		}
		w := &world{t: t, store: newSharedStore(1).Store, peer: new(peer)}
		w.prepare(of(r), func(c *subscription.Config) {
			c.Topics = []*topic.Topic{}
			if r != subscription.R5 {
				c.Classic = []string{"Resource"}
			}
		})
		for _, pattern := range patterns {
			files, err := filepath.Glob(filepath.Join(shared.Dir(t), "spec", pattern))
			require.NoError(t, err)
			for _, file := range files {
				raw, err := os.ReadFile(file)
				require.NoError(t, err)
				if !strings.Contains(string(raw), `"resourceType"`) || !strings.Contains(strings.ReplaceAll(string(raw), " ", ""), `"resourceType":"Subscription"`) {
					continue
				}
				raw = inThePast.ReplaceAll(raw, []byte(`"end":"2127-01-01T00:00:00Z"`))
				_, err = w.Check(t.Context(), "", r, raw)
				var refusal *subscription.Refusal
				if err == nil {
					accepted++
					continue
				}
				require.ErrorAs(t, err, &refusal, file)
				refused++
				for _, issue := range refusal.Issues { // neither topics nor further channels are there
					require.Equal(t, "not-supported", issue.Code, "%v %s %v", r, file, issue)
					if !strings.Contains(file, "v0.1.0") {
						require.Contains(t, []string{"Subscription.criteria", "Subscription.topic", "Subscription.channel.type", "Subscription.channelType"}, issue.Element, "%v %s %v", r, file, issue)
					}
				}
			}
		}
	}
	t.Logf("published Subscriptions accepted=%d refused=%d", accepted, refused)
}
