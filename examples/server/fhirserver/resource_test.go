package fhirserver

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestStamp(t *testing.T) {
	const id, meta = `"id":"new"`, `"versionId":"7","lastUpdated":"2026-03-01T08:00:00.500Z"`
	for name, c := range map[string]struct{ in, out string }{
		"bare":          {`{"resourceType":"Patient"}`, `{"resourceType":"Patient",` + id + `,"meta":{` + meta + `}}`},
		"id":            {`{"id":"old","resourceType":"Patient"}`, `{` + id + `,"meta":{` + meta + `},"resourceType":"Patient"}`},
		"meta":          {`{"meta":{"tag":[1.00]},"resourceType":"A"}`, `{"meta":{` + meta + `,"tag":[1.00]},"resourceType":"A",` + id + `}`},
		"empty meta":    {`{"resourceType":"A","meta":{ }}`, `{"resourceType":"A",` + id + `,"meta":{` + meta + ` }}`},
		"stamped":       {`{"resourceType":"A","id":"x","meta":{"lastUpdated":"y","versionId":"z"}}`, `{"resourceType":"A",` + id + `,"meta":{"lastUpdated":"2026-03-01T08:00:00.500Z","versionId":"7"}}`},
		"version only":  {`{"resourceType":"A","id":"x","meta":{"versionId":"z","source":"s"}}`, `{"resourceType":"A",` + id + `,"meta":{"lastUpdated":"2026-03-01T08:00:00.500Z","versionId":"7","source":"s"}}`},
		"white space":   {" {\n \"resourceType\" : \"A\" ,\n \"value\" : 1.500e2 }\n", "{\n \"resourceType\" : \"A\"," + id + `,"meta":{` + meta + "} ,\n \"value\" : 1.500e2 }"},
		"escapes":       {`{"resourceType":"A","a":"\u00eb<\/>","id":"x"}`, `{"resourceType":"A","a":"\u00eb<\/>",` + id + `,"meta":{` + meta + `}}`},
		"nested id":     {`{"resourceType":"A","contained":[{"resourceType":"B","id":"b"}],"id":"x"}`, `{"resourceType":"A","contained":[{"resourceType":"B","id":"b"}],` + id + `,"meta":{` + meta + `}}`},
		"big and small": {`{"resourceType":"A","n":[1e400,0.10,-0.0,123456789012345678901234567890]}`, `{"resourceType":"A",` + id + `,"meta":{` + meta + `},"n":[1e400,0.10,-0.0,123456789012345678901234567890]}`},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := fhirpath.Parse([]byte(c.in))
			require.NoError(t, err)
			out := stamp(doc.Root(), "new", 7, time.Date(2026, 3, 1, 8, 0, 0, 5e8, time.UTC))
			require.Equal(t, c.out, string(out))
			_, err = fhirpath.Parse(out)
			require.NoError(t, err)
		})
	}
}

func TestBytesAreKept(t *testing.T) {
	s := open(t)
	id := created(t, s, `{"resourceType":"Observation","valueQuantity":{"value":1.00,"unit":"\u00b5g"},"text":{"div":"<div>&amp;</div>"}}`)
	r := send(t, s, "GET", "/Observation/"+id, "")
	require.Contains(t, string(r.raw), `,"valueQuantity":{"value":1.00,"unit":"\u00b5g"},"text":{"div":"<div>&amp;</div>"}}`)
	for _, path := range []string{"/Observation", "/Observation/_history", "/_history"} {
		require.Contains(t, string(send(t, s, "GET", path, "").raw), string(r.raw), path)
	}
}

// FuzzStamp holds that a stamped resource is JSON with the id and meta that it was
// given.
func FuzzStamp(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","id":"x","meta":{"versionId":"1","lastUpdated":"y","tag":[{"code":"a"}]}}`))
	f.Add([]byte(` { "meta" : { } , "resourceType" : "Patient" } `))
	f.Fuzz(func(t *testing.T, body []byte) {
		resource, err := parseResource(body, "Patient")
		if err != nil {
			return
		}
		doc, err := fhirpath.Parse(stamp(resource, "id-1", 7, time.UnixMilli(0).UTC()))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		root := doc.Root()
		if !root.Get("id").Is("id-1") || !root.Path("meta", "versionId").Is("7") || !root.Path("meta", "lastUpdated").Is("1970-01-01T00:00:00.000Z") {
			t.Fatalf("%s became %s", body, doc.Raw())
		}
	})
}
