package topic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// TestFilterLabels: TOP-15 and TOP-16. A label is the code of a search parameter, its
// canonical, or a name of the topic's own that filterDefinition explains.
// spec: TOP-12, TOP-15, TOP-16
func TestFilterLabels(t *testing.T) {
	about := &topic.Topic{
		ResourceTriggers: []topic.ResourceTrigger{{Resource: "Encounter"}},
		CanFilterBy: []topic.CanFilterBy{
			{FilterParameter: "who", FilterDefinition: "http://hl7.org/fhir/SearchParameter/clinical-patient"},
			{FilterParameter: "setting", FilterDefinition: "http://hl7.org/fhir/SearchParameter/Encounter-class|4.0.1", Modifiers: []string{"not"}},
			{FilterParameter: "http://hl7.org/fhir/SearchParameter/Encounter-status"},
			{FilterParameter: "when", FilterDefinition: "http://hl7.org/fhir/SearchParameter/clinical-date", Comparators: []string{"ge"}},
			{FilterParameter: "mystery", FilterDefinition: "http://example.org/SearchParameter/nobody-knows"},
			{FilterParameter: "length", FilterDefinition: "http://example.org/SearchParameter/nobody-knows"},
		},
	}
	for filter, want := range map[topic.Filter]bool{
		{Parameter: "who", Value: "Patient/p1"}:                                                        true,
		{Parameter: "who", Value: "Patient/p2"}:                                                        false,
		{Parameter: "patient", Value: "p1"}:                                                            true,
		{Parameter: "http://hl7.org/fhir/SearchParameter/clinical-patient", Value: "p2"}:               false,
		{Parameter: "setting", Value: "AMB"}:                                                           true,
		{Parameter: "setting", Modifier: "not", Value: "AMB"}:                                          false,
		{Parameter: "class", Value: "IMP"}:                                                             false,
		{Parameter: "http://hl7.org/fhir/SearchParameter/Encounter-class", Value: "AMB"}:               true,
		{Parameter: "status", Value: "finished"}:                                                       true,
		{Parameter: "http://hl7.org/fhir/SearchParameter/Encounter-status", Value: "planned"}:          false,
		{Parameter: "length", Comparator: "eq", Value: "5"}:                                            false, // there is none
		{ResourceType: "Encounter", Parameter: "when", Comparator: "ge", Value: "2026-01-01"}:          false,
		{ResourceType: "Encounter", Parameter: "who", Value: "https://fhir.example.org/r4/Patient/p1"}: true,
	} {
		t.Run(filter.String(), func(t *testing.T) {
			compiled, err := about.CompileFilters([]topic.Filter{filter}, r4)
			require.NoError(t, err)
			require.Equal(t, want, passes(t, compiled, "Encounter", node(t, encounterP1)))
		})
	}
	for filter, problem := range map[topic.Filter]string{
		{Parameter: "mystery", Value: "x"}:                                                   "is no search parameter",
		{Parameter: "setting", Modifier: "text", Value: "x"}:                                 "modifier",
		{Parameter: "when", Value: "lt2026"}:                                                 "comparator",
		{Parameter: "type", Value: "x"}:                                                      "not among those",
		{Parameter: "http://hl7.org/fhir/SearchParameter/Encounter-type", Value: "x"}:        "not among those",
		{Parameter: "http://hl7.org/fhir/SearchParameter/Encounter-class|4.0.1", Value: "x"}: "not among those",
	} {
		t.Run(filter.String(), func(t *testing.T) {
			_, err := about.CompileFilters([]topic.Filter{filter}, r4)
			require.ErrorContains(t, err, problem)
		})
	}
}
