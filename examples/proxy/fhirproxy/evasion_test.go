package fhirproxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEvasions: a write that the upstream may understand, and the proxy does not, is not
// sent: it would be acknowledged and never recorded, or be a Subscription of the upstream's.
func TestEvasions(t *testing.T) {
	reached := ""
	f := &fake{before: func(w http.ResponseWriter, r *http.Request) bool {
		reached = r.Method + " " + r.URL.EscapedPath()
		w.WriteHeader(http.StatusCreated)
		return true
	}}
	s := before(t, f.start(t))
	for _, request := range []string{
		"POST /Patient;x=1", "PUT /Patient%2Fp", "PUT /Patient//p", "PUT /Patient;x/p", "DELETE /Patient/p;x", "PATCH /Patient%5Cp", "DELETE /Patient", "DELETE /Patient?", "GET /Subscription;x=1",
	} {
		method, path, _ := strings.Cut(request, " ")
		require.GreaterOrEqual(t, s.send(method, path, patient("p", 1)).status, 400, request)
		require.Empty(t, reached, request)
	}
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		require.Equal(t, http.StatusBadRequest, s.send("POST", "/Patient/p", "[]", header, "PATCH").status, header)
		require.Empty(t, reached, header)
	}
	for name, body := range map[string]string{
		"a byte order mark": "\ufeff" + `{"resourceType":"Bundle","type":"batch","entry":[` + entry("POST", "Patient", 1) + `]}`,
		"a name twice":      `{"resourceType":"Bundle","type":"batch","entry":[],"entry":[` + entry("POST", "Patient", 1) + `]}`,
		"no JSON":           `{'resourceType':'Bundle','type':'batch'}`,
	} {
		require.Equal(t, http.StatusBadRequest, s.send("POST", "", body).status, name)
		require.Empty(t, reached, name)
	}
	for _, url := range []string{"http://internal:8080/fhir/Patient", "http://internal/base/Subscription", "//internal/Patient", " Patient", "Patient;x=1", "Patient%", `Patient\\p`} {
		body := fmt.Sprintf(`{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"POST","url":"%s"},"resource":%s}]}`, url, patient("", 1))
		require.Equal(t, http.StatusUnprocessableEntity, s.send("POST", "", body).status, url)
		require.Empty(t, reached, url)
	}
	f.before = nil
	require.Equal(t, http.StatusOK, s.send("POST", "", `{"resourceType":"Bundle","type":"batch","entry":[`+strings.Replace(entry("POST", "Patient", 1), `"POST"`, `"post"`, 1)+`]}`).status)
	require.Zero(t, s.open())
}

// TestCriteriaUnknown: what a patch or delete by criteria would meet has to be known
// before; else the acknowledgement does not tell it.
func TestCriteriaUnknown(t *testing.T) {
	f := &fake{}
	s := before(t, f.start(t))
	s.send("PUT", "/Patient/p", patient("p", 1))
	written := 0
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		written++
		return false
	}
	require.Equal(t, http.StatusForbidden, s.send("PATCH", "/Patient?state=1", `[{"op":"replace","path":"/multipleBirthInteger","value":2}]`).status)
	require.Equal(t, http.StatusForbidden, s.send("DELETE", "/Patient?state=1", "").status)
	require.Zero(t, written)
	require.Equal(t, []string{"create Patient/p 1 by PUT"}, s.recorded())
	require.Zero(t, s.open())
}

// TestCriteriaOnPages: a delete by criteria meets what is on pages of any size.
func TestCriteriaOnPages(t *testing.T) {
	f := &fake{}
	f.pages = f.start(t)
	s := before(t, f.pages)
	const n = 210 // more than a hundred pages of two
	for i := range n {
		f.direct("PUT", fmt.Sprint("p", i), 1)
	}
	require.Equal(t, http.StatusOK, s.send("DELETE", "/Patient?state=1", "").status)
	require.Len(t, s.recorded(), n-1, "one stays")
}

// TestSlowClient: a client whose body does not come holds up nobody else.
func TestSlowClient(t *testing.T) {
	s := before(t, (&fake{}).start(t))
	body, pen := io.Pipe()
	slow, err := http.NewRequest("PUT", s.web.URL+"/fhir/Patient/p", body)
	require.NoError(t, err)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	done := make(chan error, 1)
	go func() {
		response, err := client.Do(slow)
		if err == nil {
			err = response.Body.Close()
		}
		done <- err
	}()
	_, err = io.WriteString(pen, patient("p", 1)[:10]) // it has begun
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, s.send("PUT", "/Patient/p", patient("p", 2)).status)
	_, err = io.WriteString(pen, patient("p", 1)[10:])
	require.NoError(t, err)
	require.NoError(t, pen.Close())
	require.NoError(t, <-done)
	require.Equal(t, []string{"create Patient/p 2 by PUT", "update Patient/p 1 by PUT"}, s.recorded())
}
