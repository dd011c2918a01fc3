package fhirserver

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// statuses returns the first word of each entry's response.status.
func (r response) statuses() string {
	var all []string
	for _, e := range r.entries() {
		status, _, _ := strings.Cut(e.Path("response", "status").Text(), " ")
		all = append(all, status)
	}
	return strings.Join(all, " ")
}

func bundleOf(kind string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`
}

func entry(method, url, resource string, more ...string) string {
	e := `{`
	if resource != "" {
		e += `"resource":` + resource + ","
	}
	for _, m := range more {
		if strings.HasPrefix(m, `"fullUrl"`) {
			e += m + ","
		}
	}
	e += `"request":{"method":"` + method + `","url":"` + url + `"`
	for _, m := range more {
		if !strings.HasPrefix(m, `"fullUrl"`) {
			e += "," + m
		}
	}
	return e + "}}"
}

// spec: TRG-13
func TestTransaction(t *testing.T) {
	s := open(t)
	old := created(t, s, `{"resourceType":"Patient","identifier":[{"system":"urn:s","value":"old"}]}`)
	gone := created(t, s, `{"resourceType":"Patient"}`)
	before := len(changes(t, s))
	r := send(t, s, "POST", "/", bundleOf("transaction",
		entry("GET", "Patient/"+old, ""),
		entry("PUT", "Observation/o", `{"resourceType":"Observation","id":"o","value":1.00,"subject":{"reference":"urn:uuid:p"},"performer":[{"reference":"urn:uuid:old"}],"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:p"}]}`),
		entry("POST", "Patient", `{"resourceType":"Patient","link":[{"other":{"reference":"urn:uuid:o"}}]}`, `"fullUrl":"urn:uuid:p"`),
		entry("POST", "Patient", `{"resourceType":"Patient"}`, `"fullUrl":"urn:uuid:old"`, `"ifNoneExist":"identifier=urn:s|old"`),
		entry("DELETE", "Patient/"+gone, ""),
		entry("PUT", "Encounter?identifier=urn:s|e", `{"resourceType":"Encounter","status":"finished","subject":{"reference":"urn:uuid:p"},"identifier":[{"system":"urn:s","value":"e"}]}`, `"fullUrl":"urn:uuid:e"`),
		entry("GET", "Patient?identifier=urn:s|old", ""),
	))
	require.Equal(t, http.StatusOK, r.status, string(r.raw))
	require.True(t, r.body.Get("type").Is("transaction-response"))
	require.Equal(t, "200 201 201 200 204 201 200", r.statuses())

	patient := r.entries()[2].Path("resource", "id").Text()
	require.True(t, r.entries()[2].Path("response", "location").Is("Patient/"+patient+"/_history/1"))
	observation := string(send(t, s, "GET", "/Observation/o", "").raw)
	require.Contains(t, observation, `"subject":{"reference":"Patient/`+patient+`"}`)
	require.Contains(t, observation, `"performer":[{"reference":"Patient/`+old+`"}]`)
	require.Contains(t, observation, `"value":"urn:uuid:p"`, "an identifier is no reference")
	require.Contains(t, observation, `"value":1.00`)
	require.Contains(t, string(send(t, s, "GET", "/Patient/"+patient, "").raw), `"urn:uuid:o"`, "no entry has that fullUrl")
	encounter := r.entries()[5].Path("resource", "subject", "reference")
	require.True(t, encounter.Is("Patient/"+patient))
	require.Equal(t, "1", r.entries()[6].Path("resource", "total").Text())

	var log []string
	for _, c := range changes(t, s)[before:] {
		log = append(log, c.Interaction.String()+" "+c.ResourceType)
	}
	require.Equal(t, []string{"delete Patient", "create Patient", "create Encounter"}, log, "in the order of processing; no topic is about the Observation")
}

// TestTransactionRollback holds that a transaction that fails stores nothing and
// leaves no change in the log.
func TestTransactionRollback(t *testing.T) {
	s := open(t)
	known := created(t, s, `{"resourceType":"Patient"}`)
	created(t, s, `{"resourceType":"Patient"}`)
	stored, logged := rows(t, s), len(changes(t, s))
	good := entry("POST", "Patient", `{"resourceType":"Patient"}`)
	for name, c := range map[string]struct {
		entry      string
		status     int
		expression string
	}{
		"bad resource":       {entry("POST", "Patient", `{"resourceType":"Patient","gender":""}`), 400, "Bundle.entry[1].resource.gender"},
		"other type":         {entry("POST", "Patient", `{"resourceType":"Person"}`), 400, "Bundle.entry[1].resource"},
		"no request":         {`{"resource":{"resourceType":"Patient"}}`, 400, "Bundle.entry[1].request.method"},
		"no resource":        {entry("POST", "Patient", ""), 400, "Bundle.entry[1].request.method"},
		"method":             {entry("HEAD", "Patient/"+known, ""), 400, "Bundle.entry[1].request.method"},
		"foreign url":        {entry("GET", "http://other.test/Patient/1", ""), 400, "Bundle.entry[1].request.url"},
		"unknown type":       {entry("GET", "Colour/1", ""), 404, "Bundle.entry[1].request.url"},
		"missing":            {entry("GET", "Patient/none", ""), 404, "Bundle.entry[1].request.url"},
		"stale":              {entry("PUT", "Patient/"+known, `{"resourceType":"Patient","id":"`+known+`"}`, `"ifMatch":"W/\"7\""`), 412, "Bundle.entry[1].request.url"},
		"twice":              {entry("PUT", "Patient/x", `{"resourceType":"Patient","id":"x"}`) + "," + entry("DELETE", "Patient/x", ""), 400, "Bundle.entry[2].request.url"},
		"fullUrl twice":      {entry("POST", "Patient", `{"resourceType":"Patient"}`, `"fullUrl":"urn:uuid:1"`) + "," + entry("POST", "Patient", `{"resourceType":"Patient"}`, `"fullUrl":"urn:uuid:1"`), 400, "Bundle.entry[2].request.url"},
		"conditional ref":    {entry("POST", "Observation", `{"resourceType":"Observation","subject":{"reference":"Patient?identifier=1"}}`), 400, "Bundle.entry[1].resource.subject.reference"},
		"Subscription":       {entry("POST", "Subscription", `{"resourceType":"Subscription"}`), 400, "Bundle.entry[1].request.url"},
		"topic":              {entry("PUT", "Basic/topic-x", `{"resourceType":"Basic","id":"topic-x"}`), 403, "Bundle.entry[1].resource.id"},
		"unknown parameter":  {entry("GET", "Patient?colour=red", ""), 400, "Bundle.entry[1].request.url"},
		"ambiguous":          {entry("DELETE", "Patient?_id:missing=false", ""), 412, "Bundle.entry[1].request.url"},
		"search by POST":     {entry("POST", "Patient/_search", `{"resourceType":"Parameters"}`), 400, "Bundle.entry[1].request.url"},
		"unsupported header": {entry("GET", "Patient/"+known, "", `"ifModifiedSince":"2026-01-01T00:00:00Z"`), 400, "Bundle.entry[1].request.ifModifiedSince"},
	} {
		t.Run(name, func(t *testing.T) {
			r := send(t, s, "POST", "/", bundleOf("transaction", good, c.entry))
			require.Equal(t, c.status, r.status, string(r.raw))
			_, expression := r.issue(t)
			require.Equal(t, c.expression, expression)
		})
		require.Equal(t, stored, rows(t, s), name)
		require.Len(t, changes(t, s), logged, name)
	}
	for name, body := range map[string]string{
		"no type":    `{"resourceType":"Bundle"}`,
		"collection": bundleOf("collection"),
		"no Bundle":  `{"resourceType":"Patient"}`,
		"no array":   `{"resourceType":"Bundle","type":"batch","entry":{"request":1}}`,
	} {
		require.Equal(t, 400, send(t, s, "POST", "/", body).status, name)
	}
}

func TestBatch(t *testing.T) {
	s := open(t)
	id := created(t, s, `{"resourceType":"Patient"}`)
	patch := base64.StdEncoding.EncodeToString([]byte(`[{"op":"add","path":"/active","value":true}]`))
	r := send(t, s, "POST", "", bundleOf("batch",
		entry("POST", "Patient", `{"resourceType":"Patient"}`),
		entry("POST", "Patient", `{"resourceType":"Patient","gender":""}`),
		entry("PATCH", "Patient/"+id, `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"`+patch+`"}`),
		entry("PATCH", "Patient/"+id, `{"resourceType":"Parameters","x":1}`),
		entry("GET", base+"/Patient/"+id, ""),
		entry("DELETE", "Patient/"+id, "", `"ifMatch":"W/\"1\""`),
		entry("GET", "metadata", ""),
		entry("GET", "Subscription?status=active", ""),
		entry("POST", "Subscription", `{"resourceType":"Subscription"}`),
		entry("GET", "Subscription/none", ""),
		entry("DELETE", "Patient/"+id, ""),
	))
	require.Equal(t, http.StatusOK, r.status, string(r.raw))
	require.True(t, r.body.Get("type").Is("batch-response"))
	statuses := strings.Fields(r.statuses())
	require.Contains(t, []string{"400", "422"}, statuses[8], "the engine refuses an empty Subscription")
	statuses[8] = "4xx"
	require.Equal(t, "201 400 200 400 200 412 200 200 4xx 404 204", strings.Join(statuses, " "))
	for i, e := range r.entries() {
		outcome := e.Path("response", "outcome", "resourceType").Is("OperationOutcome")
		require.Equal(t, strings.HasPrefix(e.Path("response", "status").Text(), "4"), outcome, i)
	}
	require.True(t, r.entries()[2].Path("resource", "active").Exists())
	require.True(t, r.entries()[7].Path("resource", "type").Is("searchset"))

	minimal := send(t, s, "POST", "", bundleOf("batch", entry("POST", "Patient", `{"resourceType":"Patient"}`)), "Prefer", "return=minimal")
	require.False(t, minimal.entries()[0].Get("resource").Exists())
	require.Empty(t, send(t, s, "POST", "", `{"resourceType":"Bundle","type":"batch"}`).entries())
}
