package search_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestHostFails: an error of the host is no answer, unless the others decide.
func TestHostFails(t *testing.T) {
	h, o := newHost(t, fhirpath.R4, peter)
	h.err = errHost
	resource := node(t, bp)
	for query, want := range map[string]string{
		"patient.name=peter": "?", "status=final&patient.name=peter": "?", "patient.name=peter&status=final": "?",
		"patient.name=peter&status=amended": "-", "patient.name:not=x": "x",
		"code:in=http://vs": "?", "code:not-in=http://vs": "?", "code:below=http://loinc.org|8": "?",
		"code:below=http://loinc.org|8480-6": "+", "patient:in=Group/g": "?", "patient:not-in=Group/g": "?",
		"_has:AuditEvent:entity:agent=Practitioner/joe": "?", "_list=1": "?", "_in=Group/g": "?", "_in:not=Group/g": "?",
		"specimen.type=blood": "+", "_filter=status+eq+final+or+subject.name+eq+x": "+", "_filter=subject.name+eq+x+or+status+eq+final": "+",
		"_filter=subject.name+eq+x+and+status+eq+amended": "-", "_filter=not+(subject.name+eq+x)": "?", "_filter=subject.name+eq+x+and+status+eq+final": "?",
	} {
		t.Run(query, func(t *testing.T) {
			criteria, err := search.ParseQuery(o, "Observation", query)
			if want == "x" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.True(t, criteria.NeedsHost())
			found, err := criteria.Match(context.Background(), resource, base)
			if want == "?" {
				require.ErrorIs(t, err, errHost)
				require.False(t, found)
				return
			}
			require.NoError(t, err)
			require.Equal(t, want == "+", found)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h.err = nil
	criteria, err := search.ParseQuery(o, "Observation", "patient.name=peter")
	require.NoError(t, err)
	_, err = criteria.Match(ctx, resource, base)
	require.ErrorIs(t, err, context.Canceled)
}

// TestLookupsAreBounded: a resource with very many references does not make the
// host work for ever.
func TestLookupsAreBounded(t *testing.T) {
	h, o := newHost(t, fhirpath.R4)
	var performers []string
	for i := range 3000 {
		performers = append(performers, `{"reference":"Practitioner/p`+strings.Repeat("x", i%50)+strings.Repeat("y", i/50)+`"}`)
	}
	resource := node(t, `{"resourceType":"Observation","performer":[`+strings.Join(performers, ",")+`]}`)
	criteria, err := search.ParseQuery(o, "Observation", "performer:Practitioner.name=peter")
	require.NoError(t, err)
	_, err = criteria.Match(context.Background(), resource, base)
	require.ErrorIs(t, err, fhirpath.ErrLimit)
	require.LessOrEqual(t, len(h.asked), 1000)
}

// TestCirclesAreBounded: nor with references that lead to the same again and again.
func TestCirclesAreBounded(t *testing.T) {
	links := strings.TrimSuffix(strings.Repeat(`{"other":{"reference":"Patient/1"}},`, 100), ",")
	patient := `{"resourceType":"Patient","id":"1","link":[` + links + `]}`
	_, o := newHost(t, fhirpath.R4, patient)
	criteria, err := search.ParseQuery(o, "Patient", "link:Patient"+strings.Repeat(".link:Patient", 8)+".gender=male")
	require.NoError(t, err)
	_, err = criteria.Match(context.Background(), node(t, patient), base)
	require.ErrorIs(t, err, fhirpath.ErrLimit)
}
