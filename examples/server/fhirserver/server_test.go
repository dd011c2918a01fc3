package fhirserver

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const base = "http://fhir.test/fhir"

// newStore returns a Config.Store with nothing in it.
func newStore(t testing.TB) string {
	if os.Getenv(onPostgres) != "" {
		return "postgres:" + postgrestest.DSN(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "fhir.db")
}

// config is that of a server over a store of its own, with the shipped topics.
func config(t testing.TB, change ...func(*Config)) Config {
	t.Helper()
	shipped, err := topics.Shipped(subscription.R4)
	require.NoError(t, err)
	cfg := Config{Config: host.Config{BaseURL: base, Store: newStore(t), Topics: shipped, AllowPrivate: true}}
	for _, f := range change {
		f(&cfg)
	}
	return cfg
}

// open returns a server with such a config. It is closed when the test ends.
func open(t testing.TB, change ...func(*Config)) *Server {
	t.Helper()
	s, err := Open(t.Context(), config(t, change...))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// response is what a request got.
type response struct {
	status int
	header http.Header
	raw    []byte
	body   fhirpath.Node
}

// send makes a request; headers are names and values in turn.
func send(t testing.TB, s *Server, method, path, body string, headers ...string) response {
	t.Helper()
	r := httptest.NewRequest(method, base+path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	answer := response{status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if len(answer.raw) > 0 {
		doc, err := fhirpath.Parse(answer.raw)
		require.NoError(t, err, "every body is JSON")
		answer.body = doc.Root()
	}
	return answer
}

// created makes a resource and returns its id.
func created(t testing.TB, s *Server, body string, headers ...string) string {
	t.Helper()
	resourceType := string(fhirpath.ResourceTypeOf([]byte(body)))
	r := send(t, s, "POST", "/"+resourceType, body, headers...)
	require.Equal(t, http.StatusCreated, r.status, string(r.raw))
	return r.body.Get("id").Text()
}

// issue returns the code and expression of an OperationOutcome.
func (r response) issue(t testing.TB) (code, expression string) {
	t.Helper()
	require.True(t, r.body.Get("resourceType").Is("OperationOutcome"), string(r.raw))
	for issue := range r.body.Get("issue").Elements() {
		for e := range issue.Get("expression").Elements() {
			expression = e.Text()
		}
		code = issue.Get("code").Text()
	}
	return code, expression
}

// entries returns the entries of a Bundle.
func (r response) entries() (entries []fhirpath.Node) {
	for e := range r.body.Get("entry").Elements() {
		entries = append(entries, e)
	}
	return entries
}

// ids returns the ids of a Bundle's resources.
func (r response) ids() []string {
	ids := []string{}
	for _, e := range r.entries() {
		ids = append(ids, e.Path("resource", "id").Text())
	}
	return ids
}

// link returns the path and query of a Bundle's link, "" if there is none.
func (r response) link(relation string) string {
	for link := range r.body.Get("link").Elements() {
		if link.Get("relation").Is(relation) {
			return strings.TrimPrefix(link.Get("url").Text(), base)
		}
	}
	return ""
}

// changes returns the change log.
func changes(t testing.TB, s *Server) []subscription.Change {
	t.Helper()
	log, err := s.db.Store.ReadChanges(t.Context(), 0, 1000)
	require.NoError(t, err)
	return log
}

// rows counts the versions that are stored of all but the topics.
func rows(t testing.TB, s *Server) (n int) {
	t.Helper()
	require.NoError(t, s.db.QueryRow(`SELECT COUNT(*) FROM server_version WHERE type <> 'Basic'`).Scan(&n))
	return n
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		text   string
	}{
		"no base":       {func(c *Config) { c.BaseURL = "" }, "BaseURL"},
		"relative base": {func(c *Config) { c.BaseURL = "/fhir" }, "BaseURL"},
		"base query":    {func(c *Config) { c.BaseURL = base + "?x=y" }, "BaseURL"},
		"release":       {func(c *Config) { c.Release = 9 }, "Release must be"},
		"no DSN":        {func(c *Config) { c.Store = "postgres:" }, "memory, sqlite:FILE or postgres:DSN"},
		"bad DSN":       {func(c *Config) { c.Store = "postgres:canary" }, "can't be read"},
		"bad URL":       {func(c *Config) { c.Store = "postgres://u:canary@host:canary/db" }, "can't be read"},
		"no server":     {func(c *Config) { c.Store = "postgres:host=/canary user=canary password=canary" }, "no connection"},
		"no file":       {func(c *Config) { c.Store = "sqlite:" }, "memory, sqlite:FILE or postgres:DSN"},
		"other store":   {func(c *Config) { c.Store = "files" }, "memory, sqlite:FILE or postgres:DSN"},
		"size":          {func(c *Config) { c.MaxBytes = -1 }, "MaxBytes"},
		"lease":         {func(c *Config) { c.Lease = -1 }, "Lease"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Config{Config: host.Config{BaseURL: base}}
			c.change(&cfg)
			_, err := Open(t.Context(), cfg)
			require.ErrorContains(t, err, c.text)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestReopen(t *testing.T) {
	store := newStore(t)
	onStore := func(c *Config) { c.Store = store }
	var id string
	var topic []byte
	t.Run("a new store", func(t *testing.T) {
		s := open(t, onStore)
		id = created(t, s, `{"resourceType":"Patient"}`)
		topic = send(t, s, "GET", "/Basic/topic-patient-change", "").raw
	})
	t.Run("the same topics", func(t *testing.T) {
		s := open(t, onStore)
		require.Equal(t, http.StatusOK, send(t, s, "GET", "/Patient/"+id, "").status)
		require.Equal(t, topic, send(t, s, "GET", "/Basic/topic-patient-change", "").raw, "a topic that did not change keeps its version")
	})
	t.Run("a topic less", func(t *testing.T) {
		var withdrawn string
		s := open(t, onStore, func(c *Config) {
			withdrawn = topicID(c.Topics[0], nil)
			c.Topics = c.Topics[1:]
		})
		require.Equal(t, http.StatusGone, send(t, s, "GET", "/Basic/"+withdrawn, "").status)
	})
}

func TestMemory(t *testing.T) {
	s := open(t, func(c *Config) { c.Store = "memory" })
	id := created(t, s, `{"resourceType":"Patient"}`)
	require.Equal(t, http.StatusOK, send(t, s, "GET", "/Patient/"+id, "").status)
	require.Equal(t, http.StatusNoContent, send(t, s, "DELETE", "/Patient/"+id, "").status)
}
