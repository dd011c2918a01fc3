package fhirserver

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPatch(t *testing.T) {
	s := open(t)
	id := created(t, s, `{"resourceType":"Observation","status":"preliminary","valueQuantity":{"value":1.10}}`)
	patch := func(body string, headers ...string) response {
		return send(t, s, "PATCH", "/Observation/"+id, body, append(headers, "Content-Type", patchContent)...)
	}
	r := patch(`[{"op":"replace","path":"/status","value":"final"}]`, "If-Match", `W/"1"`)
	require.Equal(t, http.StatusOK, r.status, string(r.raw))
	require.Contains(t, string(r.raw), `"status":"final","valueQuantity":{"value":1.10}`)
	require.True(t, r.body.Path("meta", "versionId").Is("2"))
	history := send(t, s, "GET", "/Observation/"+id+"/_history", "").entries()
	require.True(t, history[0].Path("request", "method").Is("PATCH"))

	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"id":            {`[{"op":"replace","path":"/id","value":"x"}]`, 400},
		"type":          {`[{"op":"replace","path":"/resourceType","value":"Patient"}]`, 400},
		"empties":       {`[{"op":"remove","path":"/valueQuantity/value"}]`, 400},
		"test":          {`[{"op":"test","path":"/status","value":"preliminary"}]`, 422},
		"not versioned": {`[]`, 412},
	} {
		headers := []string{}
		if name == "not versioned" {
			headers = []string{"If-Match", `W/"1"`}
		}
		r := patch(c.body, headers...)
		require.Equal(t, c.status, r.status, name)
		r.issue(t)
	}
	require.Equal(t, http.StatusNotFound, send(t, s, "PATCH", "/Observation/none", "[]", "Content-Type", patchContent).status)
	send(t, s, "DELETE", "/Observation/"+id, "")
	require.Equal(t, http.StatusGone, patch("[]").status)
	require.Equal(t, http.StatusUnsupportedMediaType, send(t, s, "POST", "/Observation", "[]", "Content-Type", patchContent).status)
}
