package page_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/playground/page"
)

func get(t *testing.T, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	page.Handler().ServeHTTP(w, r)
	return w
}

// Every file is served with the policy, and again only when it has changed.
func TestPage(t *testing.T) {
	w := get(t, "/")
	require.Equal(t, 200, w.Code)
	require.Contains(t, w.Body.String(), "<title>Carillon playground</title>")
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		require.Contains(t, policy, part)
	}
	require.NotContains(t, policy, "unsafe")
	require.NotContains(t, policy, "*")
	require.Equal(t, http.StatusNotModified, get(t, "/main.js", "If-None-Match", w.Header().Get("ETag")).Code)
	require.Equal(t, 404, get(t, "/page.go").Code)
}

var (
	imported  = regexp.MustCompile(`from "([^"]+)"`)
	mentioned = regexp.MustCompile(`(?:src|href)="([^"#][^"]*)"`)
	absolute  = regexp.MustCompile(`https?://[^\s"'<>)]+`)
)

// Every module that is imported is there, and no file names another host, but as an example
// or a name.
func TestNothingFromElsewhere(t *testing.T) {
	seen := 0
	err := fs.WalkDir(os.DirFS("app"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		w := get(t, "/"+strings.TrimSuffix(path, "index.html"))
		require.Equal(t, 200, w.Code, path)
		text := w.Body.String()
		lines := strings.Count(text, "\n")
		require.Less(t, lines, 250, path)
		for _, m := range append(imported.FindAllStringSubmatch(text, -1), mentioned.FindAllStringSubmatch(text, -1)...) {
			require.Equal(t, 200, get(t, "/"+strings.TrimPrefix(m[1], "./")).Code, "%s has %s", path, m[1])
		}
		for _, url := range absolute.FindAllString(text, -1) {
			require.Regexp(t, `^http://www\.w3\.org/2000/svg|^https://fhir\.example\.org|^https://…|^http://loinc\.org|^http://THIS-MACHINE`, url, path)
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, seen, 20)
}
