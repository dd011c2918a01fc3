package topic_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/topic"
)

// native is a topic with every element that Topic has.
const native = `{"resourceType":"SubscriptionTopic","id":"t","url":"http://topics.example.org/all","version":"1.0.0",
"name":"All","title":"All elements","status":"active","date":"2026-01-15","description":"Every <element> & more",
"derivedFrom":["http://topics.example.org/base"],"experimental":false,
"extension":[{"url":"http://example.org/unknown","valueString":"left alone"}],
"resourceTrigger":[{"description":"d","resource":"http://hl7.org/fhir/StructureDefinition/Encounter",
  "supportedInteraction":["create","update","delete"],
  "queryCriteria":{"previous":"status:not=finished","resultForCreate":"test-passes","current":"status=finished&class=AMB",
    "resultForDelete":"test-fails","requireBoth":true},
  "fhirPathCriteria":"%current.status = 'finished'"},
 {"resource":"Resource"}],
"eventTrigger":[{"description":"e","event":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"R01"}]},
  "resource":"Observation"}],
"canFilterBy":[{"description":"f","resource":"Encounter","filterParameter":"date",
  "filterDefinition":"http://hl7.org/fhir/SearchParameter/clinical-date","comparator":["gt","lt"]},
 {"filterParameter":"subject","modifier":["identifier"]}],
"notificationShape":[{"resource":"Encounter","include":["Encounter:patient"],"revInclude":["Provenance:target"],
	"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-related-query","extension":[
		{"url":"queryType","valueCoding":{"system":"http://example.org/query-types","code":"prescribed"}},
		{"url":"query","valueString":"Encounter/[id]/$prescribed-medications"}]}]}]}`

func parse(t testing.TB, raw string) *topic.Topic {
	t.Helper()
	parsed, err := topic.Parse([]byte(raw))
	require.NoError(t, err)
	return parsed
}

// spec: TOP-01, TOP-04, TOP-06, TOP-08, TOP-09, TOP-11, TOP-12, TOP-17
func TestParse(t *testing.T) {
	require.Equal(t, &topic.Topic{
		URL: "http://topics.example.org/all", Version: "1.0.0", Name: "All", Title: "All elements", Status: "active",
		Date: "2026-01-15", Description: "Every <element> & more", DerivedFrom: []string{"http://topics.example.org/base"},
		ResourceTriggers: []topic.ResourceTrigger{{
			Description: "d", Resource: "Encounter", // TOP-04
			Interactions: []topic.Interaction{topic.Create, topic.Update, topic.Delete},
			Query: &topic.QueryCriteria{
				Previous: "status:not=finished", Current: "status=finished&class=AMB",
				ResultForCreate: topic.TestPasses, ResultForDelete: topic.TestFails, RequireBoth: true,
			},
			FHIRPath: "%current.status = 'finished'",
		}, {Resource: "Resource"}},
		EventTriggers: []topic.EventTrigger{{
			Description: "e", Resource: "Observation",
			Event: []topic.Coding{{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "R01"}},
		}},
		CanFilterBy: []topic.CanFilterBy{
			{Description: "f", Resource: "Encounter", FilterParameter: "date",
				FilterDefinition: "http://hl7.org/fhir/SearchParameter/clinical-date", Comparators: []string{"gt", "lt"}},
			{FilterParameter: "subject", Modifiers: []string{"identifier"}},
		},
		NotificationShapes: []topic.NotificationShape{{
			Resource: "Encounter", Includes: []string{"Encounter:patient"}, RevIncludes: []string{"Provenance:target"},
			RelatedQueries: []topic.RelatedQuery{{
				Type: topic.Coding{System: "http://example.org/query-types", Code: "prescribed"}, Query: "Encounter/[id]/$prescribed-medications",
			}},
		}},
	}, parse(t, native))
}

// TestParseR4BModifiers sorts comparators out of canFilterBy.modifier (TOP-13).
// spec: TOP-13
func TestParseR4BModifiers(t *testing.T) {
	got := parse(t, strings.Replace(native, `"modifier":["identifier"]`, `"modifier":["=","in","ge","of-type","ne"]`, 1))
	require.Equal(t, []string{"eq", "ge", "ne"}, got.CanFilterBy[1].Comparators)
	require.Equal(t, []string{"in", "of-type"}, got.CanFilterBy[1].Modifiers)
}

// TestParseForms reads the same topic from the forms of the three releases.
func TestParseForms(t *testing.T) {
	dir := filepath.Join(shared.Dir(t), "spec", "reference-examples")
	read := func(name string) *topic.Topic {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		return parse(t, string(raw))
	}
	r4, r4b, r5 := read("r4/topic-basic.json"), read("r4b/topic.json"), read("r5/topic.json")
	require.Equal(t, "https://topics.example.com/SubscriptionTopic/encounter-finished|1.0.0", r4.Canonical())
	require.Equal(t, r4b.ResourceTriggers, r4.ResourceTriggers)
	require.Equal(t, r4b.Status, r4.Status)
	require.Equal(t, []string{"eq", "gt", "lt", "ge", "le"}, r4b.CanFilterBy[2].Comparators)
	require.Equal(t, r5.CanFilterBy[2], r4b.CanFilterBy[2])
	require.Equal(t, "status=completed", r5.ResourceTriggers[0].Query.Current)
}

// TestAppendResource holds Parse∘AppendResource = identity in each release.
func TestAppendResource(t *testing.T) {
	want := parse(t, native)
	require.Equal(t, string(want.AppendBasic(nil, "all")), string(want.AppendResource(nil, fhirpath.R4, "all")))
	for _, r := range []fhirpath.Release{fhirpath.R4B, fhirpath.R5} {
		raw := want.AppendResource([]byte("before"), r, "all")
		require.Regexp(t, `^before{"resourceType":"SubscriptionTopic","id":"all",`, string(raw))
		again := parse(t, strings.TrimPrefix(string(raw), "before"))
		if r == fhirpath.R4B {
			require.NotContains(t, string(raw), `"name"`)
			require.NotContains(t, string(raw), `"comparator"`)
			again.Name = want.Name
		}
		require.Equal(t, want, again, r)
		require.NotContains(t, string(want.AppendResource(nil, r, "")), `"id"`)
	}
}

// TestBasic holds Parse∘AppendBasic = identity (DISC-06, DISC-07).
// spec: DISC-06, DISC-07, DISC-08, EXT-11
func TestBasic(t *testing.T) {
	want := parse(t, native)
	basic := want.AppendBasic([]byte("before"), "all")
	require.Equal(t, "before", string(basic[:6]))
	require.Contains(t, string(basic), `"id":"all"`)
	require.Contains(t, string(basic), `"modifierExtension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.status"`)
	require.Contains(t, string(basic), "&class=AMB")
	require.Equal(t, want, parse(t, string(basic[6:])))
	require.NotContains(t, string(want.AppendBasic(nil, "")), `"id"`)

	t.Run("any release in the url, status as plain extension", func(t *testing.T) { // DISC-08
		other := strings.ReplaceAll(string(basic[6:]), "http://hl7.org/fhir/5.0/", "http://hl7.org/fhir/4.3/")
		require.Equal(t, want, parse(t, other))
		from := strings.Index(other, `"modifierExtension":[`)
		to := from + strings.Index(other[from:], `],`) + len(`],`)
		plain := strings.Replace(other[:from]+other[to:], `"extension":[`,
			`"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.status","valueCode":"active"},`, 1)
		require.Equal(t, want, parse(t, plain))
	})
	t.Run("errors name the extension", func(t *testing.T) {
		bad := strings.Replace(string(basic[6:]), `"valueCode":"create"`, `"valueCode":"creation"`, 1)
		bad = strings.Replace(bad, `"valueBoolean":true`, `"valueString":"true"`, 1)
		_, err := topic.Parse([]byte(bad))
		require.ErrorContains(t, err, "Basic.extension[7].extension[2] must be create, update or delete")
		require.ErrorContains(t, err, "Basic.extension[7].extension[5].extension[4].value must be true or false")
		for from, to := range map[string]string{
			`"code":"SubscriptionTopic"`:         `"code":"Other"`,
			"extension-SubscriptionTopic.url":    "other",
			"extension-SubscriptionTopic.status": "unknown-modifier",
			`"modifierExtension":[`:              `"implicitRules":"http://x","modifierExtension":[`,
		} {
			_, err := topic.Parse([]byte(strings.Replace(string(basic[6:]), from, to, 1)))
			require.Error(t, err, from)
		}
	})
}

// spec: TOP-01, TOP-04, TOP-06
func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, from, to, element string }{
		{"no url", `"url":"http://topics.example.org/all",`, ``, "SubscriptionTopic.url"},
		{"relative url", `"http://topics.example.org/all"`, `"all"`, "SubscriptionTopic.url"},
		{"url with version", `"http://topics.example.org/all"`, `"http://topics.example.org/all|1"`, "SubscriptionTopic.url"},
		{"url is no string", `"http://topics.example.org/all"`, `17`, "SubscriptionTopic.url"},
		{"url is a list", `"http://topics.example.org/all"`, `["http://topics.example.org/all"]`, "SubscriptionTopic.url"},
		{"no status", `"status":"active",`, ``, "SubscriptionTopic.status"},
		{"unknown status", `"status":"active"`, `"status":"Active"`, "SubscriptionTopic.status"},
		{"empty title", `"All elements"`, `""`, "SubscriptionTopic.title"},
		{"triggers are no list", `"resourceTrigger":[{`, `"resourceTrigger":{"x":[{`, ""},
		{"empty list", `"derivedFrom":["http://topics.example.org/base"]`, `"derivedFrom":[]`, "SubscriptionTopic.derivedFrom"},
		{"no resource", `"resource":"http://hl7.org/fhir/StructureDefinition/Encounter",`, ``, "SubscriptionTopic.resourceTrigger[0].resource"},
		{"resource elsewhere", `http://hl7.org/fhir/StructureDefinition/Encounter`, `http://example.org/Encounter`, "SubscriptionTopic.resourceTrigger[0].resource"},
		{"unknown interaction", `["create","update","delete"]`, `["create","read"]`, "SubscriptionTopic.resourceTrigger[0].supportedInteraction[1]"},
		{"interaction is no list", `["create","update","delete"]`, `"create"`, "SubscriptionTopic.resourceTrigger[0].supportedInteraction"},
		{"unknown behaviour", `"test-passes"`, `"passes"`, "SubscriptionTopic.resourceTrigger[0].queryCriteria.resultForCreate"},
		{"requireBoth is a string", `"requireBoth":true`, `"requireBoth":"true"`, "SubscriptionTopic.resourceTrigger[0].queryCriteria.requireBoth"},
		{"misspelt criteria", `"queryCriteria"`, `"querycriteria"`, "SubscriptionTopic.resourceTrigger[0]"},
		{"criteria are a list", `"queryCriteria":{`, `"queryCriteria":[],"_x":{`, "SubscriptionTopic.resourceTrigger[0].queryCriteria"},
		{"no event", `"event":{"coding"`, `"_event":{"coding"`, "SubscriptionTopic.eventTrigger[0].event"},
		{"event is a code", `"event":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0003","code":"R01"}]}`, `"event":"R01"`, "SubscriptionTopic.eventTrigger[0].event"},
		{"no filter parameter", `"filterParameter":"subject",`, ``, "SubscriptionTopic.canFilterBy[1].filterParameter"},
		{"unknown comparator", `["gt","lt"]`, `["gt","=>"]`, "SubscriptionTopic.canFilterBy[0].comparator[1]"},
		{"unknown modifier", `["identifier"]`, `["nonsense"]`, "SubscriptionTopic.canFilterBy[1].modifier[0]"},
		{"shape without resource", `{"resource":"Encounter","include"`, `{"include"`, "SubscriptionTopic.notificationShape[0].resource"},
		{"modifier extension", `"resource":"Resource"`, `"resource":"Resource","modifierExtension":[{"url":"http://x"}]`, "SubscriptionTopic.resourceTrigger[1].modifierExtension"},
		{"modifier extension on top", `"experimental":false`, `"modifierExtension":[{"url":"http://x"}]`, "SubscriptionTopic.modifierExtension"},
		{"implicit rules", `"experimental":false`, `"implicitRules":"http://x"`, "SubscriptionTopic.implicitRules"},
		{"element of R6", `"experimental":false`, `"trigger":[]`, "SubscriptionTopic"},
		{"other resource", `"SubscriptionTopic"`, `"Patient"`, "resourceType"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := strings.Replace(native, c.from, c.to, 1)
			require.NotEqual(t, native, raw)
			_, err := topic.Parse([]byte(raw))
			require.Error(t, err)
			if c.element != "" {
				require.ErrorContains(t, err, "topic: "+c.element+" ")
				var element *topic.ElementError
				require.ErrorAs(t, err, &element)
			}
		})
	}
	for _, raw := range []string{``, `{`, `null`, `[]`, `"SubscriptionTopic"`, `{}`, `{"resourceType":["SubscriptionTopic"]}`} {
		_, err := topic.Parse([]byte(raw))
		require.Error(t, err, raw)
	}
}

// TestParseIsStrict: what FHIR JSON never has is refused wherever it stands, even where the topic
// would not be read differently.
func TestParseIsStrict(t *testing.T) {
	whole := `{"resourceType":"SubscriptionTopic","url":"http://example.org/t","status":"active",` +
		`"resourceTrigger":[{"resource":"Patient","supportedInteraction":["create"]}]`
	parse(t, whole+`}`)
	for more, element := range map[string]string{
		`"canFilterBy":[]`:                                  "SubscriptionTopic.canFilterBy",
		`"canFilterBy":[{}]`:                                "SubscriptionTopic.canFilterBy[0]",
		`"notificationShape":null`:                          "SubscriptionTopic.notificationShape",
		`"title":""`:                                        "SubscriptionTopic.title",
		`"title":1`:                                         "SubscriptionTopic.title",
		`"_title":{}`:                                       "SubscriptionTopic.title",
		`"_title":{"extension":[]}`:                         "SubscriptionTopic.title.extension",
		`"experimental":"true"`:                             "SubscriptionTopic.experimental",
		`"date":"2026-13-01"`:                               "SubscriptionTopic.date",
		`"approvalDate":"yesterday"`:                        "SubscriptionTopic.approvalDate",
		`"id":"no id"`:                                      "SubscriptionTopic.id",
		`"identifier":{"value":"1"}`:                        "SubscriptionTopic.identifier",
		`"identifier":[{"use":1}]`:                          "SubscriptionTopic.identifier[0].use",
		`"meta":{"lastUpdated":"2026-01-01"}`:               "SubscriptionTopic.meta.lastUpdated",
		`"contact":[{"phone":"1"}]`:                         "SubscriptionTopic.contact[0].phone",
		`"extension":[{"url":"http://x.org"}]`:              "SubscriptionTopic.extension[0]",
		`"jurisdiction":[null]`:                             "SubscriptionTopic.jurisdiction[0]",
		`"derivedFrom":["http://x.org/t",null]`:             "SubscriptionTopic.derivedFrom[1]",
		`"effectivePeriod":{"start":"2026","start":"2026"}`: "duplicate",
	} {
		_, err := topic.Parse([]byte(whole + "," + more + "}"))
		require.ErrorContains(t, err, element, more)
	}
}

// TestParseReportsAll finds every mistake in one go (row I5).
func TestParseReportsAll(t *testing.T) {
	_, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","status":"x","resourceTrigger":[{},{"resource":"encounter"}]}`))
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	var elements []string
	for _, err := range joined.Unwrap() {
		var element *topic.ElementError
		require.True(t, errors.As(err, &element))
		elements = append(elements, element.Element)
	}
	require.Equal(t, []string{
		"SubscriptionTopic.url", "SubscriptionTopic.status",
		"SubscriptionTopic.resourceTrigger[0].resource", "SubscriptionTopic.resourceTrigger[1].resource",
	}, elements)
}

// FuzzParse holds that parsing never panics and that what it accepts survives the
// way through a Basic.
func FuzzParse(f *testing.F) {
	f.Add([]byte(native))
	f.Add([]byte(`{"resourceType":"Basic","code":{"coding":[{"system":"http://hl7.org/fhir/fhir-types","code":"SubscriptionTopic"}]},` +
		`"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.url","valueUri":"http://a/b"},` +
		`{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.status","valueCode":"draft"}]}`))
	f.Add([]byte(`{"resourceType":"SubscriptionTopic","url":"urn:x:y","status":"retired","eventTrigger":[{"event":{"coding":[{}]},"resource":"A"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		parsed, err := topic.Parse(raw)
		if err != nil {
			return
		}
		again, err := topic.Parse(parsed.AppendBasic(nil, "x"))
		require.NoError(t, err)
		require.Equal(t, parsed, again)
	})
}
