package fhirproxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type step struct {
	method, path, body string
	headers            []string
}

func put(id string, state any) step {
	return step{method: "PUT", path: "/Patient/" + id, body: patient(id, state)}
}
func post(state any) step { return step{method: "POST", path: "/Patient", body: patient("", state)} }

// there is a resource that was written before there was a proxy.
func there(id string, state int) step { return step{method: "", path: id, body: fmt.Sprint(state)} }

func bundle(kind string, entries ...string) step {
	return step{method: "POST", path: "", body: `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`}
}

func entry(method, url string, state any) string {
	id, _ := strings.CutPrefix(url, "Patient/")
	resource := ""
	switch method {
	case "PATCH":
		resource = fmt.Sprintf(`,"resource":[{"op":"replace","path":"/multipleBirthInteger","value":%v}]`, state)
	case "POST", "PUT":
		resource = `,"resource":` + patient(id, state)
	}
	return fmt.Sprintf(`{"request":{"method":%q,"url":%q}%s}`, method, url, resource)
}

var behaviours = map[string]struct {
	upstream *fake
	steps    []step
	want     []string
}{
	"create":                                {&fake{}, []step{post(1)}, []string{"create Patient/new1 1 by POST"}},
	"create, 200":                           {&fake{makes200: true}, []step{post(1)}, []string{"create Patient/new1 1 by POST"}},
	"create, compressed":                    {&fake{compressed: true}, []step{{"POST", "/Patient", patient("", 1), []string{"Accept-Encoding", "gzip"}}}, []string{"create Patient/new1 1 by POST"}},
	"create, minimal":                       {&fake{minimal: true}, []step{{"POST", "/Patient", patient("", 1), []string{"Prefer", "return=minimal"}}}, []string{"create Patient/new1 1 by POST"}},
	"create, OperationOutcome":              {&fake{outcomes: true}, []step{post(1)}, []string{"create Patient/new1 1 by POST"}},
	"create, Location relative, no ETag":    {&fake{relative: true, bare: true}, []step{post(1)}, []string{"create Patient/new1 1 by POST"}},
	"create, Location with version":         {&fake{versioned: true, bare: true}, []step{post(1)}, []string{"create Patient/new1 1 by POST"}},
	"create, no vread":                      {&fake{noHistory: true, minimal: true}, []step{{"POST", "/Patient", patient("", 1), []string{"Prefer", "return=minimal"}}}, []string{"create Patient/new1 1 by POST"}},
	"conditional create that finds one":     {&fake{}, []step{post(1), {"POST", "/Patient", patient("", 2), []string{"If-None-Exist", "state=1"}}}, []string{"create Patient/new1 1 by POST"}},
	"conditional create that finds none":    {&fake{}, []step{post(1), {"POST", "/Patient", patient("", 2), []string{"If-None-Exist", "state=7"}}}, []string{"create Patient/new1 1 by POST", "create Patient/new2 2 by POST"}},
	"update":                                {&fake{}, []step{put("p", 1), put("p", 2)}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT"}},
	"update that creates, 200":              {&fake{updates200: true}, []step{put("p", 1), put("p", 2)}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT"}},
	"update, minimal":                       {&fake{minimal: true}, []step{put("p", 1), {"PUT", "/Patient/p", patient("p", 2), []string{"Prefer", "return=minimal"}}}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT"}},
	"update, no body, no ETag":              {&fake{bare: true}, []step{put("p", 1), put("p", 2)}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT"}},
	"update that changes nothing":           {&fake{keepsSame: true}, []step{put("p", 1), put("p", 1)}, []string{"create Patient/p 1 by PUT"}},
	"update that changes nothing, minimal":  {&fake{keepsSame: true, minimal: true}, []step{put("p", 1), {"PUT", "/Patient/p", patient("p", 1), []string{"Prefer", "return=minimal"}}}, []string{"create Patient/p 1 by PUT"}},
	"conditional update":                    {&fake{}, []step{put("p", 1), {"PUT", "/Patient?state=1", patient("p", 2), nil}}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT"}},
	"conditional update that creates":       {&fake{}, []step{{"PUT", "/Patient?state=1", patient("", 2), nil}}, []string{"create Patient/new1 2 by PUT"}},
	"patch":                                 {&fake{}, []step{put("p", 1), {"PATCH", "/Patient/p", `[{"op":"replace","path":"/multipleBirthInteger","value":2}]`, nil}}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PATCH"}},
	"conditional patch":                     {&fake{}, []step{put("p", 1), {"PATCH", "/Patient?state=1", `[{"op":"replace","path":"/multipleBirthInteger","value":2}]`, nil}}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PATCH"}},
	"patch of nothing":                      {&fake{}, []step{{"PATCH", "/Patient/p", `[]`, nil}}, nil},
	"delete":                                {&fake{}, []step{put("p", 1), {"DELETE", "/Patient/p", "", nil}}, []string{"create Patient/p 1 by PUT", "delete Patient/p 1 by DELETE"}},
	"delete, again 200":                     {&fake{deletesTwice: true}, []step{put("p", 1), {"DELETE", "/Patient/p", "", nil}, {"DELETE", "/Patient/p", "", nil}}, []string{"create Patient/p 1 by PUT", "delete Patient/p 1 by DELETE"}},
	"delete, 404 afterwards":                {&fake{gone404: true}, []step{put("p", 1), {"DELETE", "/Patient/p", "", nil}, {"DELETE", "/Patient/p", "", nil}}, []string{"create Patient/p 1 by PUT", "delete Patient/p 1 by DELETE"}},
	"created again":                         {&fake{}, []step{put("p", 1), {"DELETE", "/Patient/p", "", nil}, put("p", 1)}, []string{"create Patient/p 1 by PUT", "delete Patient/p 1 by DELETE", "create Patient/p 1 by PUT"}},
	"conditional delete":                    {&fake{}, []step{put("p", 1), {"DELETE", "/Patient?state=1", "", nil}}, []string{"create Patient/p 1 by PUT", "delete Patient/p 1 by DELETE"}},
	"conditional delete of nothing":         {&fake{}, []step{put("p", 1), {"DELETE", "/Patient?state=2", "", nil}}, []string{"create Patient/p 1 by PUT"}},
	"conditional delete of some of several": {&fake{}, []step{put("a", 1), put("b", 1), put("c", 1), {"DELETE", "/Patient?state=1", "", nil}}, []string{"create Patient/a 1 by PUT", "create Patient/b 1 by PUT", "create Patient/c 1 by PUT", "delete Patient/b 1 by DELETE", "delete Patient/c 1 by DELETE"}},
	"batch": {&fake{}, []step{put("p", 1), bundle("batch", entry("GET", "Patient/p", 0), entry("PUT", "Patient/p", 2), entry("PUT", "Patient/p", 3), entry("POST", "Patient", 4), entry("POST", "Patient", "bad"), entry("DELETE", "Patient/p", 0), entry("DELETE", "Patient/q", 0))},
		[]string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT", "update Patient/p 3 by PUT", "create Patient/new4 4 by POST", "delete Patient/p 3 by DELETE"}},
	"batch, no bodies":                                   {&fake{bare: true}, []step{put("p", 1), bundle("batch", entry("PUT", "Patient/p", 2), entry("POST", "Patient", 4))}, []string{"create Patient/p 1 by PUT", "update Patient/p 2 by PUT", "create Patient/new3 4 by POST"}},
	"transaction":                                        {&fake{}, []step{bundle("transaction", entry("POST", "Patient", 1), entry("PUT", "Patient/p", 2))}, []string{"create Patient/new1 1 by POST", "create Patient/p 2 by PUT"}},
	"transaction that fails":                             {&fake{}, []step{bundle("transaction", entry("POST", "Patient", 1), entry("POST", "Patient", "bad"))}, nil},
	"transaction that commits in part":                   {&fake{partial: true}, []step{bundle("transaction", entry("POST", "Patient", 1), entry("POST", "Patient", "bad"))}, []string{"create Patient/new1 1 by POST"}},
	"create that finds what was there before":            {&fake{}, []step{there("p", 1), {"POST", "/Patient", patient("", 2), []string{"If-None-Exist", "state=1"}}}, nil},
	"update that leaves what was there before":           {&fake{keepsSame: true}, []step{there("p", 1), put("p", 1)}, nil},
	"update, minimal, that leaves what was there before": {&fake{keepsSame: true, minimal: true}, []step{there("p", 1), {"PUT", "/Patient/p", patient("p", 1), []string{"Prefer", "return=minimal"}}}, nil},
	"update of what was there before":                    {&fake{}, []step{there("p", 1), put("p", 2)}, []string{"update Patient/p 2 by PUT"}},
	"delete of what was there before":                    {&fake{}, []step{there("p", 1), {"DELETE", "/Patient/p", "", nil}}, []string{"delete Patient/p 1 by DELETE"}},
	"create, answered in XML":                            {&fake{xml: true}, []step{{"POST", "/Patient", patient("", 1), []string{"Accept", "application/fhir+xml"}}}, []string{"create Patient/new1 1 by POST"}},
	"a type that no topic wants":                         {&fake{}, []step{{"POST", "/Device", `{"resourceType":"Device"}`, nil}}, nil},
}

// TestBehaviours has every kind of write answered as real upstreams were seen to.
func TestBehaviours(t *testing.T) {
	for name, c := range behaviours {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := before(t, c.upstream.start(t))
			for _, one := range c.steps {
				if one.method == "" {
					c.upstream.direct("PUT", one.path, int(one.body[0]-'0'))
					continue
				}
				r := s.send(one.method, one.path, one.body, one.headers...)
				require.Less(t, r.status, 500)
			}
			require.Empty(t, s.log.String())
			require.ElementsMatch(t, c.want, s.recorded())
			if !strings.Contains(name, "some of several") { // which is looked at again
				require.Zero(t, s.open(), "what is known is not in the journal any more")
			}
			if strings.HasPrefix(name, "batch") || !strings.Contains(name, "several") {
				require.Equal(t, c.want, s.recorded(), "in order")
			}
		})
	}
	t.Logf("upstream behaviours=%d", len(behaviours))
}

// TestPassesThrough: what the proxy has no business with is as without it.
func TestPassesThrough(t *testing.T) {
	f := &fake{compressed: true}
	s := before(t, f.start(t))
	r := s.send("POST", "/Device", `{"resourceType":"Device"}`, "Accept-Encoding", "gzip", "Authorization", "Bearer x", "X-Own", "1", "X-Forwarded-For", "192.0.2.1")
	require.Equal(t, http.StatusCreated, r.status)
	require.Equal(t, "gzip", r.header.Get("Content-Encoding"))
	require.Equal(t, "yes", r.header.Get("X-Upstream"))
	require.Regexp(t, `^http://127.0.0.1:\d+/fhir/Device/new1$`, r.header.Get("Location"))
	require.True(t, strings.HasPrefix(r.header.Get("Location"), s.proxy.cfg.BaseURL))
	require.Equal(t, "Bearer x", f.seen.Get("Authorization"))
	require.Equal(t, "1", f.seen.Get("X-Own"))
	require.Equal(t, "192.0.2.1, 127.0.0.1", f.seen.Get("X-Forwarded-For"))
	require.Zero(t, f.reads, "a type that no topic wants costs no request")

	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("X-Query", r.URL.RawQuery)
		w.Header().Set("X-Path", r.URL.EscapedPath())
		w.WriteHeader(http.StatusTeapot)
		return true
	}
	r = s.send("OPTIONS", "/Patient/a%2Fb?x=1;2&y", "")
	require.Equal(t, http.StatusTeapot, r.status)
	require.Equal(t, "x=1;2&y", r.header.Get("X-Query"))
	require.Equal(t, "/base/Patient/a%2Fb", r.header.Get("X-Path"))
	require.Equal(t, http.StatusTeapot, s.send("POST", "/Patient/$everything", "{}").status)
	require.Equal(t, http.StatusTeapot, s.send("OPTIONS", "/Subscription", "").status, "the upstream says what browsers may")
	require.Equal(t, http.StatusNotFound, s.send("GET", "x/Patient/1", "").status)
	require.Equal(t, http.StatusUnsupportedMediaType, s.send("POST", "", "<Bundle/>", "Content-Type", "application/fhir+xml").status)
	for _, url := range []string{"Subscription/1", "/Subscription", "./Subscription", "x/../Subscription", "Subscription%2F1", s.proxy.cfg.BaseURL + "/Subscription", s.proxy.cfg.Upstream + "/Subscription?url=x"} {
		r = s.send("POST", "", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"`+url+`"}}]}`)
		require.Equal(t, http.StatusUnprocessableEntity, r.status, url)
	}
}
