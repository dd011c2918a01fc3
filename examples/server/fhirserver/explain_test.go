package fhirserver

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestExplainOperation(t *testing.T) {
	s := open(t)
	ask := func(path, body string) response { return send(t, s, http.MethodPost, path, body) }
	topicURL := s.cfg.Topics[0].URL
	resourceType := s.cfg.Topics[0].ResourceTriggers[0].Resource
	state := func(name string) string {
		return `{"name":"` + name + `","resource":{"resourceType":"` + resourceType + `","id":"x","status":"finished"}}`
	}
	r := ask("/Subscription/$explain", `{"resourceType":"Parameters","parameter":[{"name":"topic","valueCanonical":"`+topicURL+`"},
		{"name":"interaction","valueCode":"create"},`+state("resource")+`]}`)
	require.Equal(t, http.StatusOK, r.status)
	reason, err := fhirpath.Compile("Parameters.parameter.where(name = 'reason').value", fhirpath.Options{Release: fhirpath.R4, Strict: true})
	require.NoError(t, err)
	texts, err := reason.Strings(t.Context(), nil, r.body, fhirpath.Env{})
	require.NoError(t, err)
	require.Len(t, texts, 1)

	for body, status := range map[string]int{
		`{"resourceType":"Parameters"}`: http.StatusBadRequest,
		`{"resourceType":"Parameters","parameter":[{"name":"topic","valueCanonical":"https://topics.example.org/none"},` + state("resource") + `]}`:                         http.StatusNotFound,
		`{"resourceType":"Parameters","parameter":[{"name":"topic","valueCanonical":"` + topicURL + `"}]}`:                                                                  http.StatusBadRequest,
		`{"resourceType":"Parameters","parameter":[{"name":"topic","valueCanonical":"` + topicURL + `"},{"name":"interaction","valueCode":"x"},` + state("resource") + `]}`: http.StatusBadRequest,
		`{"resourceType":"Parameters","parameter":[{"name":"nonsense"}]}`:                                                                                                   http.StatusBadRequest,
	} {
		require.Equal(t, status, ask("/Subscription/$explain", body).status, body)
	}
	require.Equal(t, http.StatusNotFound, ask("/Subscription/none/$explain", `{"resourceType":"Parameters","parameter":[`+state("resource")+`]}`).status)
	require.Equal(t, http.StatusMethodNotAllowed, send(t, s, http.MethodGet, "/Subscription/$explain", "").status)
}
