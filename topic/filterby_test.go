package topic_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// TestParseFilterBy reads filterBy of R5, FLT-08, and the examples of the
// standard.
// spec: FLT-08
func TestParseFilterBy(t *testing.T) {
	for _, c := range []struct {
		in     string
		want   topic.Filter
		string string
	}{
		{`{"filterParameter":"patient","value":"Patient/123"}`, topic.Filter{Parameter: "patient", Value: "Patient/123"}, "patient=Patient/123"},
		{`{"resourceType":"http://hl7.org/fhir/StructureDefinition/Encounter","filterParameter":"patient","value":"Patient/123"}`,
			topic.Filter{ResourceType: "Encounter", Parameter: "patient", Value: "Patient/123"}, "Encounter.patient=Patient/123"},
		{`{"resourceType":"Encounter","filterParameter":"class","modifier":"not","value":"IMP"}`,
			topic.Filter{ResourceType: "Encounter", Parameter: "class", Modifier: "not", Value: "IMP"}, "Encounter.class:not=IMP"},
		{`{"filterParameter":"date","comparator":"ge","value":"2026-01-01"}`,
			topic.Filter{Parameter: "date", Comparator: "ge", Value: "2026-01-01"}, "date=ge2026-01-01"},
		{`{"filterParameter":"date","comparator":"eq","value":"2026"}`, topic.Filter{Parameter: "date", Comparator: "eq", Value: "2026"}, "date=2026"},
		{`{"filterParameter":"birthdate","value":"le1950"}`, topic.Filter{Parameter: "birthdate", Value: "le1950"}, "birthdate=le1950"},
		{`{"id":"f1","filterParameter":"name","modifier":"exact","value":"a&b=c, d+e%26"}`,
			topic.Filter{Parameter: "name", Modifier: "exact", Value: "a&b=c, d+e%26"}, "name:exact=a%26b=c,%20d%2Be%2526"},
		{`{"filterParameter":"value-string","value":"a\\,b\\|c\\$d\\\\e"}`, topic.Filter{Parameter: "value-string", Value: `a\,b\|c\$d\\e`}, `value-string=a\,b\|c\$d\\e`},
		{`{"filterParameter":"subject:Patient.name","value":"x"}`, topic.Filter{Parameter: "subject:Patient.name", Value: "x"}, "subject:Patient.name=x"},
		{`{"filterParameter":"hub.event","value":"open"}`, topic.Filter{Parameter: "hub.event", Value: "open"}, "hub.event=open"},
		{`{"filterParameter":"_lastUpdated","comparator":"gt","value":"2026-01-01T00:00:00+01:00"}`,
			topic.Filter{Parameter: "_lastUpdated", Comparator: "gt", Value: "2026-01-01T00:00:00+01:00"}, "_lastUpdated=gt2026-01-01T00:00:00%2B01:00"},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := topic.ParseFilterBy(node(t, `{"resourceType":"Subscription","filterBy":[`+c.in+`]}`))
			require.NoError(t, err)
			require.Equal(t, []topic.Filter{c.want}, got)
			require.Equal(t, c.string, got[0].String())
			again, err := topic.ParseFilter(got[0].String())
			require.NoError(t, err)
			require.Equal(t, c.string, again[0].String(), "there and back")
		})
	}
	none, err := topic.ParseFilterBy(node(t, `{"resourceType":"Subscription"}`))
	require.NoError(t, err)
	require.Empty(t, none)
	canonical, err := topic.ParseFilterBy(node(t, `{"filterBy":[{"filterParameter":"http://hl7.org/fhir/SearchParameter/Encounter-class","value":"AMB"},{"filterParameter":"patient","value":"1"}]}`))
	require.NoError(t, err)
	require.Len(t, canonical, 2)
}

// TestParseFilterByRefuses: what is wrong is named by its element, and never quoted.
// spec: FLT-08, TOP-16, ACC-18
func TestParseFilterByRefuses(t *testing.T) {
	for _, c := range []struct{ in, element string }{
		{`{"value":"secret"}`, "Subscription.filterBy[1].filterParameter is missing"},
		{`{"filterParameter":"patient"}`, "Subscription.filterBy[1].value is missing"},
		{`{"filterParameter":"patient","value":""}`, "Subscription.filterBy[1].value "},
		{`{"filterParameter":"patient","value":7}`, "Subscription.filterBy[1].value "},
		{`{"filterParameter":"patient","value":["secret"]}`, "Subscription.filterBy[1].value "},
		{`{"filterParameter":"","value":"secret"}`, "Subscription.filterBy[1].filterParameter "},
		{`{"filterParameter":"status:not","value":"secret"}`, "Subscription.filterBy[1].filterParameter "},
		{`{"filterParameter":"patient.name:exact","value":"secret"}`, "Subscription.filterBy[1].filterParameter "},
		{`{"filterParameter":"a=b&c","value":"secret"}`, "Subscription.filterBy[1].filterParameter "},
		{`{"filterParameter":"http://x|1","value":"secret"}`, "Subscription.filterBy[1].filterParameter "},
		{`{"filterParameter":"date","comparator":">=","value":"2026"}`, "Subscription.filterBy[1].comparator "},
		{`{"filterParameter":"date","comparator":"GE","value":"2026"}`, "Subscription.filterBy[1].comparator "},
		{`{"filterParameter":"name","modifier":":exact","value":"secret"}`, "Subscription.filterBy[1].modifier "},
		{`{"filterParameter":"name","modifier":"=","value":"secret"}`, "Subscription.filterBy[1].modifier "},
		{`{"filterParameter":"subject","modifier":"Patient","value":"secret"}`, "Subscription.filterBy[1].modifier "},
		{`{"filterParameter":"subject","modifier":"type","value":"Patient/secret"}`, "Subscription.filterBy[1].modifier "},
		{`{"filterParameter":"date","comparator":"ge","modifier":"missing","value":"true"}`, "Subscription.filterBy[1] "}, // scr-1
		{`{"resourceType":"http://example.org/Encounter","filterParameter":"patient","value":"secret"}`, "Subscription.filterBy[1].resourceType "},
		{`{"resourceType":"encounter","filterParameter":"patient","value":"secret"}`, "Subscription.filterBy[1].resourceType "},
		{`{"resource":"Encounter","filterParameter":"patient","value":"secret"}`, "Subscription.filterBy[1] "}, // R6's name
		{`{"searchParamName":"patient","filterParameter":"patient","value":"secret"}`, "Subscription.filterBy[1] "},
		{`{"filterParameter":"patient","value":"secret","extension":[{"url":"http://x","valueString":"secret"}]}`, "Subscription.filterBy[1] "},
		{`{"filterParameter":"patient","value":"secret","_value":{"extension":[{"url":"http://x","valueString":"secret"}]}}`, "Subscription.filterBy[1] "},
		{`{"filterParameter":"patient","value":"secret","modifierExtension":[{"url":"http://x","valueString":"secret"}]}`, "Subscription.filterBy[1] "},
		{`"patient=secret"`, "Subscription.filterBy[1] "},
		{`null`, "Subscription.filterBy[1] "},
		{`[]`, "Subscription.filterBy[1] "},
	} {
		t.Run(c.in, func(t *testing.T) {
			_, err := topic.ParseFilterBy(node(t, `{"filterBy":[{"filterParameter":"status","value":"x"},`+c.in+`]}`))
			var refused *topic.ElementError
			require.ErrorAs(t, err, &refused)
			require.ErrorContains(t, err, c.element)
			require.NotContains(t, err.Error(), "secret")
		})
	}
	for _, list := range []string{`{}`, `[]`, `"x"`, `{"filterParameter":"patient","value":"1"}`} {
		_, err := topic.ParseFilterBy(node(t, `{"filterBy":`+list+`}`))
		require.ErrorContains(t, err, "Subscription.filterBy must be an array")
	}
	_, err := topic.ParseFilterBy(node(t, `{"filterBy":[{"value":"x"},{"filterParameter":"x"}]}`))
	require.ErrorContains(t, err, "filterBy[0].filterParameter")
	require.ErrorContains(t, err, "filterBy[1].value", "all problems at once")
}

// TestFilterByComparators: FLT-10 and FLT-11. A comparator stands for a prefix; where
// both are there, or there is nothing to compare, the filter is refused, and never
// searched for as a text such as nefinished.
// spec: FLT-10, FLT-11
func TestFilterByComparators(t *testing.T) {
	about := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}},
		CanFilterBy: []topic.CanFilterBy{
			{FilterParameter: "date", Comparators: []string{"gt", "ge", "ne"}, Modifiers: []string{"missing"}},
			{FilterParameter: "value-quantity", Comparators: []string{"gt", "lt"}},
			{FilterParameter: "code", Comparators: []string{"eq", "ne"}, Modifiers: []string{"not"}},
			{FilterParameter: "patient", Comparators: []string{"eq", "ne"}},
			{FilterParameter: "code-value-quantity", Comparators: []string{"gt"}},
		},
	}
	observation := node(t, `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},
		"subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-03-01","valueQuantity":{"value":80,"system":"http://unitsofmeasure.org","code":"/min"}}`)
	for _, c := range []struct{ parameter, comparator, modifier, value, want string }{
		{"date", "ge", "", "2026-01-01", "+"},
		{"date", "gt", "", "2026-03-01", "-"},
		{"date", "eq", "", "2026-03", "+"},
		{"date", "eq", "", "2026-04", "-"},
		{"date", "eq", "", "2026-04,2026-03", "+"},
		{"date", "ne", "", "2026-04", "+"},
		{"date", "", "", "ge2026", "+"},
		{"date", "", "", "eq2026", "+"},
		{"date", "", "missing", "false", "+"},
		{"value-quantity", "gt", "", "79|http://unitsofmeasure.org|/min", "+"},
		{"value-quantity", "lt", "", "79", "-"},
		{"value-quantity", "eq", "", "80", "+"},
		{"code", "eq", "", "http://loinc.org|8867-4", "+"},
		{"code", "eq", "", "ge1", "-"}, // a code may begin so
		{"code", "", "not", "8867-4", "-"},
		{"patient", "eq", "", "Patient/1", "+"},
		{"patient", "eq", "", "1", "+"},
		{"patient", "eq", "", "2", "-"},
		{"code-value-quantity", "", "", "8867-4$gt79", "+"},

		{"date", "lt", "", "2026", "comparator that the topic does not allow"},
		{"date", "", "", "lt2026", "comparator that the topic does not allow"},
		{"date", "ge", "", "ge2026", "can't be evaluated"},
		{"date", "eq", "", "ge2026", "value that begins with one"},
		{"date", "eq", "", "2026,ge2027", "value that begins with one"},
		{"date", "ge", "", "2026,2027", "several values"},
		{"date", "ge", "missing", "true", "one of them only"},
		{"date", "eq", "missing", "true", "one of them only"},
		{"code", "ne", "", "8867-4", "only dates, numbers and quantities have"},
		{"code", "ge", "", "8867-4", "comparator that the topic does not allow"},
		{"patient", "ne", "", "Patient/1", "can't be evaluated"},
		{"patient", "ne", "", "1", "only dates, numbers and quantities have"},
		{"code:not", "", "", "8867-4", "is not among those"},
		{"code-value-quantity", "", "", "8867-4$lt79", "comparator that the topic does not allow"},
		{"code-value-quantity", "gt", "", "8867-4$79", "only dates, numbers and quantities have"},
	} {
		f := topic.Filter{Parameter: c.parameter, Comparator: c.comparator, Modifier: c.modifier, Value: c.value}
		t.Run(f.String(), func(t *testing.T) {
			compiled, err := about.CompileFilters([]topic.Filter{f}, r4)
			if len(c.want) > 1 {
				require.ErrorContains(t, err, c.want)
				var refused *topic.FilterError
				require.ErrorAs(t, err, &refused)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want == "+", passes(t, compiled, "Observation", observation))
		})
	}
}

// TestThreeWireForms: the backport's strings, filterBy of R5 and criteria of classic
// subscriptions ask the same (FLT-08, CLS-01). Filters of one resource are
// joined by AND, the values of one by OR.
func TestThreeWireForms(t *testing.T) {
	about := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}},
		CanFilterBy: []topic.CanFilterBy{
			{FilterParameter: "patient"}, {FilterParameter: "code", Modifiers: []string{"not"}}, {FilterParameter: "status"},
			{FilterParameter: "date", Comparators: []string{"ge", "lt"}}, {FilterParameter: "value-string"},
		},
	}
	resources := []string{
		`{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"a"}]},"subject":{"reference":"Patient/1"},"effectiveDateTime":"2026-03-01"}`,
		`{"resourceType":"Observation","status":"amended","code":{"coding":[{"code":"b"}]},"subject":{"reference":"Patient/1"},"effectiveDateTime":"2025-03-01"}`,
		`{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"b"}]},"subject":{"reference":"Patient/2"},"effectiveDateTime":"2026-06-01","valueString":"a,b & c"}`,
	}
	for _, c := range []struct{ backport, filterBy, want string }{
		{"patient=Patient/1", `{"filterParameter":"patient","value":"Patient/1"}`, "++-"},
		{"patient=1,2", `{"filterParameter":"patient","value":"1,2"}`, "+++"},
		{"Observation?patient=1&status=final", `{"filterParameter":"patient","value":"1"},{"resourceType":"Observation","filterParameter":"status","value":"final"}`, "+--"},
		{"Observation.code:not=a", `{"resourceType":"Observation","filterParameter":"code","modifier":"not","value":"a"}`, "-++"},
		{"code:not=a,b", `{"filterParameter":"code","modifier":"not","value":"a,b"}`, "---"},
		{"date=ge2026&date=lt2026-04", `{"filterParameter":"date","comparator":"ge","value":"2026"},{"filterParameter":"date","value":"lt2026-04"}`, "+--"},
		{"status=final,amended&code=b", `{"filterParameter":"status","value":"final,amended"},{"filterParameter":"code","comparator":"eq","value":"b"}`, "-++"},
		{`value-string=a\,b%20%26`, `{"filterParameter":"value-string","value":"a\\,b &"}`, "--+"},
	} {
		t.Run(c.backport, func(t *testing.T) {
			filterBy, err := topic.ParseFilterBy(node(t, `{"filterBy":[`+c.filterBy+`]}`))
			require.NoError(t, err)
			backport := filters(t, c.backport)
			require.Len(t, filterBy, len(backport))
			var back []string
			for _, f := range filterBy {
				back = append(back, f.String())
			}
			for name, asked := range map[string][]topic.Filter{"backport": backport, "filterBy": filterBy, "back": filters(t, strings.Join(back, "&"))} {
				compiled, err := about.CompileFilters(asked, r4)
				require.NoError(t, err, name)
				for i, raw := range resources {
					require.Equal(t, c.want[i] == '+', passes(t, compiled, "Observation", node(t, raw)), "%s %d", name, i)
				}
			}
		})
	}
}

func FuzzParseFilterBy(f *testing.F) {
	for _, s := range []string{
		`{"filterParameter":"patient","value":"Patient/1"}`, `{"resourceType":"Encounter","filterParameter":"date","comparator":"ge","value":"2026"}`,
		`{"filterParameter":"code","modifier":"not","value":"a,b"}`, `{"filterParameter":"subject:Patient.name","value":"\u0000"}`, `{}`, `null`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := fhirpath.Parse([]byte(`{"filterBy":[` + s + `]}`))
		if err != nil {
			return
		}
		list, err := topic.ParseFilterBy(doc.Root())
		var refused *topic.ElementError
		require.True(t, err == nil || errors.As(err, &refused))
		for _, filter := range list {
			again, err := topic.ParseFilter(filter.String())
			if err == nil {
				require.Equal(t, filter.String(), again[0].String())
			}
		}
	})
}
