package search_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestRefused holds that nothing is ignored: what can't be evaluated, or is not
// known, is an error that names the parameter and not the value (ACC-08, FLT-14,
// CLS-17, R2).
func TestRefused(t *testing.T) {
	for _, query := range []string{
		"nonsense=secret", "Status=secret", "status:nonsense=secret", "status:=secret", "status", "status=", "=secret", "&",
		"status=final&", "status=final&&code=x", "status=a,,b", "status=,",
		"code:in=http://secret.example.org/vs", "code:not-in=secret", "code:below=secret", "code:above=secret",
		"code:exact=secret", "code:contains=secret", "code:text-advanced=secret", "code:iterate=secret",
		"_in=Group/secret", "_list=secret", "_has:Observation:patient:code=secret", "_filter=name+eq+secret",
		"_content=secret", "_text=secret", "_query=secret", "_type=secret",
		"_include=Observation:subject", "_revinclude=secret", "_sort=date", "_count=1", "_summary=true",
		"subject.name=secret", "subject:Patient.name=secret", "subject:Nonsense=p1", "subject:not=Patient/secret",
		"subject=Secret/1", "subject=Patient/secret/x", "subject=/secret", "subject=Patient/", "subject=#secret",
		"subject:Patient=Group/secret", "subject:Patient=http://x/Patient/secret", "subject=Patient/secret|1",
		"subject:missing=maybe", "status:missing=True",
		"date=secret", "date=xx2026", "date=2026-13", "date=2026-02-30", "date=2026-1", "date=26", "date=ge", "date=gege2026",
		"date=2026-01-01T10:00:00+01:00", "date=2026-01-01T25:00", "date=2026-01-01T10", "date:exact=2026", "date=2026-01-01Z",
		"value-quantity=secret", "value-quantity=1|2", "value-quantity=1|a|b|c", "value-quantity=|a|b",
		"value-quantity=1e", "value-quantity=1e+", "value-quantity=--1", "value-quantity=+1", "value-quantity=1e401", "value-quantity=1.", "value-quantity=.5", "value-quantity=0x10", "value-quantity=1e999999999",
		"value-quantity=1/2", "value-quantity=NaN", "value-quantity=1_000", "value-quantity=" + strings.Repeat("9", 1000),
		"code=a|b|secret", "code=|", `code=secret\x`, `code=secret\`, "_id=http://x|secret",
		"identifier:of-type=a|secret", "identifier:of-type=|a|secret",
		"code-value-quantity=secret", "code-value-quantity=a$1$2", "code-value-quantity=$1", "code-value-quantity:missing=true", "code-value-quantity:not=a$1", "code-value-quantity=a$",
		"_source:below=urn:uuid:secret", "_source:exact=secret",
		"status=%zz", "%zz=secret", "status=secret%00", "status=%ff", "status=secret%0d%0aX:1",
		"Patient?status=final", "/Patient?status=secret",
	} {
		t.Run(query, func(t *testing.T) {
			_, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
			var refused *search.Error
			require.True(t, errors.As(err, &refused), "%v", err)
			require.NotContains(t, strings.ToLower(err.Error()), "secret\"")
			require.NotEmpty(t, refused.Problem)
		})
	}
	for _, c := range []struct{ resourceType, query string }{
		{"Location", "near=1|2"},     // special
		{"Nonsense", "_id=1"},        // no such type
		{"observation", "status=x"},  // types are case-sensitive
		{"Resource", "status=final"}, // not common to all
		{"DomainResource", "code=x"}, // not common to all
		{"ActorDefinition", "url=x"}, // R5 only
		{"", "_id=1"},
	} {
		t.Run(c.resourceType+"?"+c.query, func(t *testing.T) {
			_, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, c.resourceType, c.query)
			require.Error(t, err)
		})
	}
	_, err := search.Parse(search.Options{Release: 0}, "Patient", "_id", "1")
	require.Error(t, err, "no release")
}

// TestAccepted are forms at the edge that must not be refused.
func TestAccepted(t *testing.T) {
	for _, query := range []string{
		"", "?status=final", "Observation?status=final", "/Observation?status=final", "Observation?",
		"status=final&status=final", "code=http%3A%2F%2Floinc.org%7C1", "_id=1", "subject:missing=true",
		"date=2026-01-01T10:00:00.123456789012Z", "date=2026-01-01T10:00%2B14:00", "value-quantity=-1.50e-3",
		`value-string=a\,b\$c\|d\\e`, "value-string=what?", "_source=http://x/?a%26b=c",
	} {
		t.Run(query, func(t *testing.T) {
			_, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
			require.NoError(t, err)
		})
	}
	for _, abstract := range []string{"Resource", "DomainResource"} {
		_, err := search.ParseQuery(search.Options{Release: fhirpath.R5}, abstract, "_id=1&_lastUpdated=gt2026&_tag=x&_profile=http://x&_security=x&_source=x&_language=en")
		require.NoError(t, err)
	}
}

// TestInjection is row A9: a value that was escaped as the specification says is
// only ever a value, whatever it holds.
func TestInjection(t *testing.T) {
	hostile := []string{
		`a&status=amended`, `a,b`, `a|b`, `a$b`, `a\b`, `'`, `"`, `a' or '1'='1`, `'; DROP TABLE subscriptions; --`,
		`%26`, `%2526`, `+`, ` a `, `_include=x`, `?_query=x`, `:missing=true`, `a:not=b`, `<a>`, `#x`, `a;b`, "ü", "日本", "\u2028",
		`%current.status = 'final'`, `Observation.status | true`, `{{7*7}}`, `${x}`, `../../etc/passwd`, `=`, `==`, `\\`, `\,`, `,\`,
	}
	var all []string
	for _, a := range hostile {
		for _, b := range hostile[:12] {
			all = append(all, a+b)
		}
	}
	require.Greater(t, len(all), 300)
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	other := node(t, `{"resourceType":"Observation","status":"amended","identifier":[{"value":"something else"}]}`)
	for _, value := range all {
		query := "identifier=" + search.EscapeValue(escape.Replace(value))
		criteria, err := search.ParseQuery(search.Options{Release: fhirpath.R4}, "Observation", query)
		require.NoError(t, err, query)
		require.Len(t, criteria, 1, query)
		same := node(t, `{"resourceType":"Observation","identifier":[{"value":"`+quote.Replace(value)+`"}]}`)
		require.True(t, matches(t, criteria, same), query)
		require.False(t, matches(t, criteria, other), query)

		// The same value behind a reference, and as what the host is asked.
		h, o := newHost(t, fhirpath.R4, `{"resourceType":"Patient","id":"1","identifier":[{"value":"`+quote.Replace(value)+`"}]}`, bp)
		chained, err := search.ParseQuery(o, "Observation", "patient."+query)
		require.NoError(t, err, query)
		require.True(t, matches(t, chained, node(t, bp)), query)
		require.False(t, matches(t, chained, node(t, `{"resourceType":"Observation","subject":{"reference":"Patient/2"}}`)), query)
		back, err := search.ParseQuery(o, "Patient", "_has:Observation:patient:"+query)
		require.NoError(t, err, query)
		require.False(t, matches(t, back, node(t, peter)), query)
		asked, err := search.ParseQuery(o, "Observation", strings.TrimPrefix(h.asked[len(h.asked)-1], "Observation?"))
		require.NoError(t, err)
		require.Equal(t, []string{"Patient/1", escape.Replace(value)}, []string{asked[0].Value, asked[1].Value})

		// And as a text of a filter.
		text := "identifier eq \"" + quote.Replace(escape.Replace(value)) + "\""
		filtered, err := search.Parse(r4, "Observation", "_filter", text)
		require.NoError(t, err, text)
		for resource, want := range map[fhirpath.Node]bool{same: true, other: false} {
			found, err := filtered.Match(context.Background(), resource, base)
			require.NoError(t, err)
			require.Equal(t, want, found, text)
		}
	}
}
