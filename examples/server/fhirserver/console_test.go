package fhirserver

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// The operators' console stands beside the FHIR base, where there are no tenants that
// must not see each other.
func TestConsole(t *testing.T) {
	get := func(s *Server, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	for base, console := range map[string]string{
		"http://fhir.example.org/fhir":   "/console",
		"http://fhir.example.org/a/fhir": "/a/console",
		"http://fhir.example.org":        "/console",
	} {
		s := open(t, func(c *Config) { c.BaseURL = base })
		w := get(s, console+"/topics")
		require.Equal(t, http.StatusOK, w.Code, base)
		require.Contains(t, w.Body.String(), "Patient change")
		require.Equal(t, http.StatusMovedPermanently, get(s, console).Code)
		require.Equal(t, http.StatusOK, get(s, console+"/").Code)
		require.NotEqual(t, http.StatusOK, get(s, console+"x/topics").Code)
	}
	s := open(t, func(c *Config) { c.TenantHeader = "X-Tenant" })
	require.Equal(t, http.StatusNotFound, get(s, "/console/").Code)
}
