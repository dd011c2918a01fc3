package fhirserver

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// spec: TRG-11, TRG-13, BND-12, BND-13
func TestCreateReadUpdateDelete(t *testing.T) {
	s := open(t)
	made := send(t, s, "POST", "/Patient", `{"resourceType":"Patient","id":"mine","active":true}`)
	require.Equal(t, http.StatusCreated, made.status)
	id := made.body.Get("id").Text()
	require.NotEqual(t, "mine", id, "a create's id is the server's choice")
	require.Equal(t, `W/"1"`, made.header.Get("ETag"))
	require.Equal(t, base+"/Patient/"+id+"/_history/1", made.header.Get("Location"))
	require.Equal(t, "application/fhir+json; charset=utf-8", made.header.Get("Content-Type"))
	require.NotEmpty(t, made.header.Get("Last-Modified"))

	read := send(t, s, "GET", "/Patient/"+id, "")
	require.Equal(t, http.StatusOK, read.status)
	require.Equal(t, made.raw, read.raw)
	require.Equal(t, http.StatusNotModified, send(t, s, "GET", "/Patient/"+id, "", "If-None-Match", `W/"1"`).status)

	updated := send(t, s, "PUT", "/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`","active":false}`, "If-Match", `W/"1"`)
	require.Equal(t, http.StatusOK, updated.status, string(updated.raw))
	require.True(t, updated.body.Path("meta", "versionId").Is("2"))
	require.Empty(t, updated.header.Get("Location"))

	stale := send(t, s, "PUT", "/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`, "If-Match", `W/"1"`)
	require.Equal(t, http.StatusPreconditionFailed, stale.status)

	require.Equal(t, http.StatusPreconditionFailed, send(t, s, "DELETE", "/Patient/"+id, "", "If-Match", `W/"1"`).status)
	require.Equal(t, http.StatusNoContent, send(t, s, "DELETE", "/Patient/"+id, "").status)
	require.Equal(t, http.StatusGone, send(t, s, "GET", "/Patient/"+id, "").status)
	require.Equal(t, http.StatusNoContent, send(t, s, "DELETE", "/Patient/"+id, "").status, "again: nothing to do")

	for version, status := range map[string]int{"1": 200, "2": 200, "3": 410, "4": 404, "x": 404} {
		require.Equal(t, status, send(t, s, "GET", "/Patient/"+id+"/_history/"+version, "").status, version)
	}
	back := send(t, s, "PUT", "/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`)
	require.Equal(t, http.StatusCreated, back.status)
	require.True(t, back.body.Path("meta", "versionId").Is("4"))

	var log []string
	for _, c := range changes(t, s) {
		log = append(log, c.Interaction.String()+" "+c.Method+" "+c.ResultStatus+" "+strings.ReplaceAll(c.URL, id, "ID"))
		require.Equal(t, []string{"https://carillon-fhir.github.io/topics/patient-change|1.0.0"}, c.Topics)
	}
	require.Equal(t, []string{
		"create POST 201 Patient", "update PUT 200 Patient/ID", "delete DELETE 204 Patient/ID", "create PUT 201 Patient/ID",
	}, log, "one change for each write that succeeded (TRG-11, TRG-13)")
}

// spec: TRG-13
func TestUpdateAsCreate(t *testing.T) {
	s := open(t)
	r := send(t, s, "PUT", "/Patient/a.b-1", `{"resourceType":"Patient","id":"a.b-1"}`)
	require.Equal(t, http.StatusCreated, r.status, string(r.raw))
	require.Equal(t, base+"/Patient/a.b-1/_history/1", r.header.Get("Location"))
	log := changes(t, s)
	require.Len(t, log, 1)
	require.Equal(t, "create PUT 201", log[0].Interaction.String()+" "+log[0].Method+" "+log[0].ResultStatus)
	require.Equal(t, http.StatusPreconditionFailed,
		send(t, s, "PUT", "/Patient/other", `{"resourceType":"Patient","id":"other"}`, "If-Match", `W/"1"`).status)
}

func TestPrefer(t *testing.T) {
	s := open(t)
	for prefer, want := range map[string]string{
		"":                                       "Patient",
		"return=representation":                  "Patient",
		"return=minimal":                         "",
		"return=OperationOutcome":                "OperationOutcome",
		"respond-async, return=minimal; foo=bar": "",
	} {
		r := send(t, s, "POST", "/Patient", `{"resourceType":"Patient"}`, "Prefer", prefer)
		require.Equal(t, http.StatusCreated, r.status)
		require.NotEmpty(t, r.header.Get("Location"))
		require.Equal(t, want, r.body.Get("resourceType").Text(), prefer)
	}
	r := send(t, s, "DELETE", "/Patient/none", "", "Prefer", "return=OperationOutcome")
	require.Equal(t, http.StatusOK, r.status)
}

// TestRefusals holds that every refusal is an OperationOutcome that names the
// element, and stores nothing.
func TestRefusals(t *testing.T) {
	s := open(t, func(c *Config) { c.MaxBytes = 100_000 })
	known := created(t, s, `{"resourceType":"Patient"}`)
	stored, logged := rows(t, s), len(changes(t, s))
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code, expression         string
	}{
		{"no JSON", "POST", "/Patient", `<Patient/>`, nil, 400, "structure", ""},
		{"empty", "POST", "/Patient", ``, nil, 400, "structure", ""},
		{"no object", "POST", "/Patient", `[]`, nil, 400, "structure", ""},
		{"duplicate name", "POST", "/Patient", `{"resourceType":"Patient","resourceType":"Patient"}`, nil, 400, "structure", ""},
		{"too deep", "POST", "/Patient", `{"resourceType":"Patient","a":` + strings.Repeat(`{"a":`, 300) + `1` + strings.Repeat(`}`, 301), nil, 400, "structure", ""},
		{"too large", "POST", "/Patient", `{"resourceType":"Patient","a":"` + strings.Repeat("x", 100_000) + `"}`, nil, 413, "too-long", ""},
		{"no type", "POST", "/Patient", `{"active":true}`, nil, 400, "required", "resourceType"},
		{"other type", "POST", "/Patient", `{"resourceType":"Person"}`, nil, 400, "invalid", "resourceType"},
		{"bad id", "POST", "/Patient", `{"resourceType":"Patient","id":"a_b"}`, nil, 400, "value", "Patient.id"},
		{"id no string", "POST", "/Patient", `{"resourceType":"Patient","id":1}`, nil, 400, "value", "Patient.id"},
		{"meta no object", "POST", "/Patient", `{"resourceType":"Patient","meta":[{}]}`, nil, 400, "structure", "Patient.meta"},
		{"empty array", "POST", "/Patient", `{"resourceType":"Patient","name":[{"given":[]}]}`, nil, 400, "structure", "Patient.name[0].given"},
		{"empty object", "POST", "/Patient", `{"resourceType":"Patient","maritalStatus":{}}`, nil, 400, "structure", "Patient.maritalStatus"},
		{"empty string", "POST", "/Patient", `{"resourceType":"Patient","gender":""}`, nil, 400, "structure", "Patient.gender"},
		{"null", "POST", "/Patient", `{"resourceType":"Patient","gender":null}`, nil, 400, "structure", "Patient.gender"},
		{"no id in update", "PUT", "/Patient/x", `{"resourceType":"Patient"}`, nil, 400, "required", "Patient.id"},
		{"other id in update", "PUT", "/Patient/x", `{"resourceType":"Patient","id":"y"}`, nil, 400, "invalid", "Patient.id"},
		{"bad id in URL", "PUT", "/Patient/a_b", `{"resourceType":"Patient","id":"a_b"}`, nil, 400, "value", "Patient.id"},
		{"long id in URL", "GET", "/Patient/" + strings.Repeat("a", 65), ``, nil, 400, "value", "Patient.id"},
		{"unknown type", "POST", "/SubscriptionTopic", `{}`, nil, 404, "not-found", ""},
		{"Parameters", "POST", "/Parameters", `{}`, nil, 404, "not-found", ""},
		{"unknown resource", "GET", "/Patient/none", ``, nil, 404, "not-found", ""},
		{"unknown operation", "GET", "/Patient/$everything", ``, nil, 404, "not-supported", ""},
		{"unknown path", "GET", "/Patient/x/y/z/a", ``, nil, 404, "not-found", ""},
		{"method of instance", "POST", "/Patient/" + known, `{}`, nil, 405, "not-supported", ""},
		{"method of base", "GET", "/", ``, nil, 405, "not-supported", ""},
		{"method of metadata", "POST", "/metadata", ``, nil, 405, "not-supported", ""},
		{"If-Match", "PUT", "/Patient/" + known, `{"resourceType":"Patient","id":"` + known + `"}`, []string{"If-Match", "1"}, 400, "invalid", ""},
		{"foreign If-Match", "PUT", "/Patient/" + known, `{"resourceType":"Patient","id":"` + known + `"}`, []string{"If-Match", `"abc"`}, 412, "conflict", ""},
		{"If-Match of a create", "POST", "/Patient", `{"resourceType":"Patient"}`, []string{"If-Match", `W/"1"`}, 400, "not-supported", ""},
		{"If-None-Match of an update", "PUT", "/Patient/x", `{"resourceType":"Patient","id":"x"}`, []string{"If-None-Match", "*"}, 400, "not-supported", ""},
		{"If-None-Exist of an update", "PUT", "/Patient/x", `{"resourceType":"Patient","id":"x"}`, []string{"If-None-Exist", "active=true"}, 400, "not-supported", ""},
		{"If-Unmodified-Since", "DELETE", "/Patient/" + known, ``, []string{"If-Unmodified-Since", "Sat, 21 Nov 2026 00:00:00 GMT"}, 400, "not-supported", ""},
		{"compressed", "POST", "/Patient", `x`, []string{"Content-Encoding", "gzip"}, 415, "not-supported", ""},
		{"parameter of read", "GET", "/Patient/" + known + "?_summary=true", ``, nil, 400, "not-supported", ""},
		{"XML asked", "GET", "/Patient/" + known, ``, []string{"Accept", "application/fhir+xml"}, 406, "not-supported", ""},
		{"XML asked by _format", "GET", "/Patient?_format=xml", ``, nil, 406, "not-supported", ""},
		{"R5 asked", "GET", "/Patient", ``, []string{"Accept", "application/fhir+json; fhirVersion=5.0"}, 406, "not-supported", ""},
		{"XML sent", "POST", "/Patient", `<Patient/>`, []string{"Content-Type", "application/fhir+xml"}, 415, "not-supported", ""},
		{"Latin-1 sent", "POST", "/Patient", `{}`, []string{"Content-Type", "application/fhir+json; charset=iso-8859-1"}, 415, "not-supported", ""},
		{"form sent", "POST", "/Patient", `a=b`, []string{"Content-Type", formContent}, 415, "not-supported", ""},
		{"FHIRPath Patch", "PATCH", "/Patient/" + known, `{"resourceType":"Parameters"}`, nil, 415, "not-supported", ""},
		{"topic overwritten", "PUT", "/Basic/topic-patient-change", `{"resourceType":"Basic","id":"topic-patient-change"}`, nil, 403, "forbidden", "Basic.id"},
		{"topic deleted", "DELETE", "/Basic/topic-patient-change", ``, nil, 403, "forbidden", "Basic.id"},
		{"topic id taken", "PUT", "/Basic/topic-mine", `{"resourceType":"Basic","id":"topic-mine"}`, nil, 403, "forbidden", "Basic.id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := send(t, s, c.method, c.path, c.body, c.headers...)
			require.Equal(t, c.status, r.status, string(r.raw))
			code, expression := r.issue(t)
			require.Equal(t, c.code, code)
			require.Equal(t, c.expression, expression)
			require.Equal(t, stored, rows(t, s))
			require.Len(t, changes(t, s), logged)
		})
	}
}

func TestNegotiation(t *testing.T) {
	s := open(t)
	for _, accept := range []string{
		"", "*/*", "application/json", "application/fhir+json", "application/fhir+json; fhirVersion=4.0",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/fhir+xml, application/*;q=0.5",
	} {
		require.Equal(t, http.StatusOK, send(t, s, "GET", "/Patient", "", "Accept", accept).status, accept)
	}
	for _, format := range []string{"json", "application/json", "application/fhir%2Bjson", "application/fhir+json"} {
		require.Equal(t, http.StatusOK, send(t, s, "GET", "/Patient?_format="+format, "").status, format)
	}
	for _, kind := range []string{"", "application/json", "application/fhir+json;charset=UTF-8", "application/fhir+json; fhirVersion=4.0"} {
		require.Equal(t, http.StatusCreated, send(t, s, "POST", "/Patient", `{"resourceType":"Patient"}`, "Content-Type", kind).status, kind)
	}
}

func TestConditional(t *testing.T) {
	s := open(t)
	patient := func(identifier, more string) string {
		return `{"resourceType":"Patient"` + more + `,"identifier":[{"system":"urn:s","value":"` + identifier + `"}]}`
	}
	first := send(t, s, "POST", "/Patient", patient("1", ""), "If-None-Exist", "identifier=urn:s|1")
	require.Equal(t, http.StatusCreated, first.status)
	id := first.body.Get("id").Text()
	again := send(t, s, "POST", "/Patient", patient("1", ""), "If-None-Exist", "identifier=urn:s|1")
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, first.raw, again.raw)

	updated := send(t, s, "PUT", "/Patient?identifier=urn:s|1", patient("1", `,"active":true`))
	require.Equal(t, http.StatusOK, updated.status, string(updated.raw))
	require.True(t, updated.body.Get("id").Is(id))
	made := send(t, s, "PUT", "/Patient?identifier=urn:s|2", patient("2", ""))
	require.Equal(t, http.StatusCreated, made.status)
	named := send(t, s, "PUT", "/Patient?identifier=urn:s|3", patient("3", `,"id":"three"`))
	require.Equal(t, http.StatusCreated, named.status)
	require.True(t, named.body.Get("id").Is("three"))

	for name, c := range map[string]struct {
		method, query, body string
		status              int
	}{
		"other id than the match": {"PUT", "?identifier=urn:s|3", patient("3", `,"id":"four"`), 400},
		"id of another":           {"PUT", "?identifier=urn:s|9", patient("9", `,"id":"three"`), 409},
		"several":                 {"PUT", "?identifier=urn:s|", patient("1", ""), 412},
		"no criteria":             {"PUT", "", patient("1", ""), 412},
		"unknown parameter":       {"PUT", "?colour=red", patient("1", ""), 400},
		"delete several":          {"DELETE", "?identifier=urn:s|", "", 412},
		"delete without criteria": {"DELETE", "", "", 412},
		"patch none":              {"PATCH", "?identifier=urn:s|9", "[]", 404},
	} {
		t.Run(name, func(t *testing.T) {
			kind := fhirContent
			if c.method == "PATCH" {
				kind = patchContent
			}
			r := send(t, s, c.method, "/Patient"+c.query, c.body, "Content-Type", kind)
			require.Equal(t, c.status, r.status, string(r.raw))
		})
	}
	require.Equal(t, http.StatusNoContent, send(t, s, "DELETE", "/Patient?identifier=urn:s|2", "").status)
	require.Equal(t, http.StatusNoContent, send(t, s, "DELETE", "/Patient?identifier=urn:s|2", "").status, "nothing matches any more")
	require.Equal(t, []string{"three", id}, sorted(send(t, s, "GET", "/Patient", "").ids(), id))
}

// sorted puts last at the end.
func sorted(ids []string, last string) []string {
	if len(ids) == 2 && ids[0] == last {
		ids[0], ids[1] = ids[1], ids[0]
	}
	return ids
}
