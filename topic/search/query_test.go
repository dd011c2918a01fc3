package search_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// FuzzParseQuery holds that parsing never panics, that parse∘print is the
// identity, and that a match has one of the keys (row I7), with a host and without.
func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{
		"code=http://loinc.org|8480-6&status:not=final,amended", "subject:Patient=p1", "date=ge2026-01-01T10:00:00%2B01:00",
		"value-quantity=le5.40e-3|http://unitsofmeasure.org|g", `value-string:exact=a\,b`, "component-code-value-quantity=a$gt1",
		"_source:below=http://x/y", "subject:missing=true", "identifier:of-type=a|b|c", "patient=Patient/1/_history/2", "x", "&", "=",
		"subject:Patient.organization.name:exact=Acme", "_has:AuditEvent:entity:_has:Provenance:target:agent=x", "patient._in:not=Group/1,List/2",
		"code:in=http://vs|1", "code:below=http://loinc.org|1", "encounter:above=Encounter/1", "_list=1", "_type=Patient,Observation",
		`_filter=status eq final and (subject[name co "a]"].gender eq male or not (code in http://vs)) or _has:AuditEvent:entity:agent pr true`,
		"subject._has:Observation:patient:code:text=x", "_profile:below=http://p|1", "derived-from:below=http://x", "performer:text=a",
	} {
		f.Add(s)
	}
	_, withHost := newHost(f, fhirpath.R4, peter, lab, acme, visit, stay, audit, bp)
	resource := node(f, observation)
	f.Fuzz(func(t *testing.T, s string) {
		for _, o := range []search.Options{r4, withHost} {
			criteria, err := search.ParseQuery(o, "Observation", s)
			if err != nil {
				var refused *search.Error
				require.ErrorAs(t, err, &refused)
				continue
			}
			printed := criteria.String()
			again, err := search.ParseQuery(o, "Observation", printed)
			require.NoError(t, err, printed)
			require.Equal(t, printed, again.String())
			require.Len(t, again, len(criteria))
			require.Equal(t, criteria.NeedsHost(), again.NeedsHost())
			for i, c := range criteria {
				require.Equal(t, c.Modifier, again[i].Modifier)
				require.Equal(t, c.Value, again[i].Value)
				if _, err := c.Match(context.Background(), resource, base); err != nil {
					require.True(t, c.NeedsHost(), "only a host may fail")
				}
			}
			withKey(t, criteria, resource)
		}
	})
}
