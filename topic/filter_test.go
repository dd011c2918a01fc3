package topic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// TestParseFilter reads the forms of FLT-03 to FLT-06.
// spec: FLT-03, FLT-04, FLT-05, FLT-06, AMB-06
func TestParseFilter(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []topic.Filter
	}{
		{"patient=Patient/123", []topic.Filter{{Parameter: "patient", Value: "Patient/123"}}},
		{"status:not=planned", []topic.Filter{{Parameter: "status", Modifier: "not", Value: "planned"}}},
		{"Encounter.patient=Patient/123", []topic.Filter{{"Encounter", "patient", "", "Patient/123", ""}}},
		{"Encounter.status:not=planned", []topic.Filter{{"Encounter", "status", "not", "planned", ""}}},
		{"Encounter?patient=Patient/123", []topic.Filter{{"Encounter", "patient", "", "Patient/123", ""}}},
		{"Observation?patient=123&trigger=http://terminology.hl7.org/CodeSystem/v2-0003|R01", []topic.Filter{
			{"Observation", "patient", "", "123", ""},
			{"Observation", "trigger", "", "http://terminology.hl7.org/CodeSystem/v2-0003|R01", ""},
		}},
		{"a=1&Patient.b=2&c=3", []topic.Filter{{Parameter: "a", Value: "1"}, {"Patient", "b", "", "2", ""}, {Parameter: "c", Value: "3"}}},
		{"patient.gender=male", []topic.Filter{{Parameter: "patient.gender", Value: "male"}}},
		{"Encounter.patient.gender=male", []topic.Filter{{"Encounter", "patient.gender", "", "male", ""}}},
		{"Unknown.gender=male", []topic.Filter{{Parameter: "Unknown.gender", Value: "male"}}},
		{"ActorDefinition.url=x", []topic.Filter{{"ActorDefinition", "url", "", "x", ""}}},
		{"Resource?_id=1", []topic.Filter{{"Resource", "_id", "", "1", ""}}},
		{"hub.event=open", []topic.Filter{{Parameter: "hub.event", Value: "open"}}},
		{"date=ge2026-01-01", []topic.Filter{{Parameter: "date", Value: "ge2026-01-01"}}},
		{"code=a,b", []topic.Filter{{Parameter: "code", Value: "a,b"}}},
		{"name=a+b%20c%2Bd%26e", []topic.Filter{{Parameter: "name", Value: "a b c+d&e"}}},
		{"url=http://x?a=b", []topic.Filter{{Parameter: "url", Value: "http://x?a=b"}}},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := topic.ParseFilter(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			for _, f := range got {
				again, err := topic.ParseFilter(f.String())
				require.NoError(t, err)
				require.Equal(t, []topic.Filter{f}, again)
			}
		})
	}
}

func TestParseFilterRefuses(t *testing.T) {
	for _, in := range []string{
		"", "patient", "=secret", "patient=", "a=1&", "a=1&&b=2", "&a=1", "Unknown?a=secret", "?a=secret", "encounter?a=secret",
		"Encounter?Patient.a=secret", "Encounter.=secret", "a:=secret", "a:b:c=secret", "a b=secret", "a=%zz", "%=1", "a%00=secret",
	} {
		t.Run(in, func(t *testing.T) {
			_, err := topic.ParseFilter(in)
			require.ErrorIs(t, err, topic.ErrFilterSyntax)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range []string{"patient=Patient/123", "Encounter?a=1&b:not=2,3", "Encounter.patient=x", "patient.gender=a%26b", "date=ge2026"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		filters, err := topic.ParseFilter(s)
		if err != nil {
			require.ErrorIs(t, err, topic.ErrFilterSyntax)
			return
		}
		for _, filter := range filters {
			again, err := topic.ParseFilter(filter.String())
			require.NoError(t, err)
			require.Equal(t, []topic.Filter{filter}, again)
		}
	})
}
