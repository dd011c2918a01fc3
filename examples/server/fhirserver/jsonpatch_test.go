package fhirserver

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestApplyPatch follows the examples of RFC 6902, appendix A, and the edges of
// editing bytes.
func TestApplyPatch(t *testing.T) {
	for _, c := range []struct{ name, in, patch, out string }{
		{"A.1 add a member", `{"foo":"bar"}`, `{"op":"add","path":"/baz","value":"qux"}`, `{"foo":"bar","baz":"qux"}`},
		{"A.2 add an element", `{"foo":["bar","baz"]}`, `{"op":"add","path":"/foo/1","value":"qux"}`, `{"foo":["bar","qux","baz"]}`},
		{"A.3 remove a member", `{"baz":"qux","foo":"bar"}`, `{"op":"remove","path":"/baz"}`, `{"foo":"bar"}`},
		{"A.4 remove an element", `{"foo":["bar","qux","baz"]}`, `{"op":"remove","path":"/foo/1"}`, `{"foo":["bar","baz"]}`},
		{"A.5 replace", `{"baz":"qux","foo":"bar"}`, `{"op":"replace","path":"/baz","value":"boo"}`, `{"baz":"boo","foo":"bar"}`},
		{"A.6 move a value", `{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `{"op":"move","from":"/foo/waldo","path":"/qux/thud"}`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`},
		{"A.7 move an element", `{"foo":["all","grass","cows","eat"]}`, `{"op":"move","from":"/foo/1","path":"/foo/3"}`, `{"foo":["all","cows","eat","grass"]}`},
		{"A.8 test", `{"baz":"qux","foo":["a",2,"c"]}`, `{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}`, `{"baz":"qux","foo":["a",2,"c"]}`},
		{"A.10 nested", `{"foo":"bar"}`, `{"op":"add","path":"/child","value":{"grandchild":{}}}`, `{"foo":"bar","child":{"grandchild":{}}}`},
		{"A.11 unrecognized member", `{"foo":"bar"}`, `{"op":"add","path":"/baz","value":"qux","xyz":123}`, `{"foo":"bar","baz":"qux"}`},
		{"A.14 escapes", `{"/":9,"~1":10}`, `{"op":"test","path":"/~01","value":10}`, `{"/":9,"~1":10}`},
		{"A.16 append", `{"foo":["bar"]}`, `{"op":"add","path":"/foo/-","value":["abc","def"]}`, `{"foo":["bar",["abc","def"]]}`},
		{"add over", `{"a":1.00}`, `{"op":"add","path":"/a","value":2.0}`, `{"a":2.0}`},
		{"add to empty", `{"a":{},"b":[]}`, `{"op":"add","path":"/a/x","value":1},{"op":"add","path":"/b/0","value":1}`, `{"a":{"x":1},"b":[1]}`},
		{"add to the end", `{"b":[1]}`, `{"op":"add","path":"/b/1","value":2}`, `{"b":[1,2]}`},
		{"name to escape", `{}`, `{"op":"add","path":"/a\"<","value":1}`, `{"a\"<":1}`},
		{"whole", `{"a":1}`, `{"op":"replace","path":"","value":{"b":2}}`, `{"b":2}`},
		{"whole by add", `{"a":1}`, `{"op":"add","path":"","value":{"b":2}}`, `{"b":2}`},
		{"remove the only", `{"a":[ 1 ],"b":{ "c" : 1 }}`, `{"op":"remove","path":"/a/0"},{"op":"remove","path":"/b/c"}`, `{"a":[ ],"b":{ }}`},
		{"remove the first", `{"a":[ 1 , 2 ]}`, `{"op":"remove","path":"/a/0"}`, `{"a":[ 2 ]}`},
		{"remove the last", `{"a":[ 1 , 2 ]}`, `{"op":"remove","path":"/a/1"}`, `{"a":[ 1 ]}`},
		{"copy", `{"a":{"b":0.10}}`, `{"op":"copy","from":"/a","path":"/c"}`, `{"a":{"b":0.10},"c":{"b":0.10}}`},
		{"copy into itself", `{"a":{"b":1}}`, `{"op":"copy","from":"/a","path":"/a/c"}`, `{"a":{"b":1,"c":{"b":1}}}`},
		{"move to where it is", `{"a":1}`, `{"op":"move","from":"/a","path":"/a"}`, `{"a":1}`},
		{"test by value", `{"a":[1.0,{"x":1,"y":[]}]}`, `{"op":"test","path":"/a","value":[10e-1,{"y":[],"x":1.000}]}`, `{"a":[1.0,{"x":1,"y":[]}]}`},
		{"nothing", `{"a":1}`, ``, `{"a":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := applyPatch([]byte(c.in), []byte("["+c.patch+"]"), 1000)
			require.NoError(t, err)
			strip := strings.NewReplacer("[  ", "[", "[ ", "[", " ]", "]", "{ ", "{", " }", "}").Replace
			require.Equal(t, strip(c.out), strip(string(out)))
			_, err = fhirpath.Parse(out)
			require.NoError(t, err)
		})
	}
}

func TestApplyPatchRefuses(t *testing.T) {
	for _, c := range []struct {
		name, in, patch string
		status          int
	}{
		{"A.9 test fails", `{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, 422},
		{"A.12 no parent", `{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, 422},
		{"A.15 string and number", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, 422},
		{"no array", `{}`, `{"op":"remove","path":"/a"}`, 400},
		{"no JSON", `{}`, `[`, 400},
		{"no op", `{}`, `[{"path":"/a"}]`, 400},
		{"unknown op", `{}`, `[{"op":"merge","path":"/a"}]`, 400},
		{"no path", `{"a":1}`, `[{"op":"remove"}]`, 400},
		{"path without slash", `{"a":1}`, `[{"op":"remove","path":"a"}]`, 400},
		{"no value", `{"a":1}`, `[{"op":"add","path":"/a"}]`, 400},
		{"no from", `{"a":1}`, `[{"op":"copy","path":"/a"}]`, 400},
		{"remove what is not there", `{"a":1}`, `[{"op":"remove","path":"/b"}]`, 422},
		{"replace what is not there", `{"a":1}`, `[{"op":"replace","path":"/b","value":1}]`, 422},
		{"remove everything", `{"a":1}`, `[{"op":"remove","path":""}]`, 422},
		{"beyond the end", `{"a":[1]}`, `[{"op":"add","path":"/a/2","value":1}]`, 422},
		{"index with zero", `{"a":[1,2]}`, `[{"op":"remove","path":"/a/01"}]`, 422},
		{"index behind the last", `{"a":[1]}`, `[{"op":"remove","path":"/a/-"}]`, 422},
		{"into itself", `{"a":{"b":1}}`, `[{"op":"move","from":"/a","path":"/a/c"}]`, 422},
		{"numbers differ", `{"a":1.0}`, `[{"op":"test","path":"/a","value":1.01}]`, 422},
		{"grows", `{"a":"` + strings.Repeat("x", 400) + `"}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"copy","from":"/a","path":"/c"}]`, 413},
		{"too costly", `{"b":1,"a":"` + strings.Repeat("x", 1<<20) + `"}`, `[` + strings.Repeat(`{"op":"test","path":"/b","value":1},`, 256) + `{"op":"remove","path":"/b"}]`, 422},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := applyPatch([]byte(c.in), []byte(c.patch), max(1000, len(c.in)))
			var p *problem
			require.True(t, errors.As(err, &p), err)
			require.Equal(t, c.status, p.status, p)
		})
	}
}

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

// FuzzApplyPatch holds that no patch panics or makes anything but JSON.
func FuzzApplyPatch(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":2}]}`), []byte(`[{"op":"remove","path":"/a/0"},{"op":"add","path":"/c","value":1}]`))
	f.Add([]byte(`{"a":1,"b":2}`), []byte(`[{"op":"move","from":"/a","path":"/b"},{"op":"copy","from":"/b","path":"/b/-"}]`))
	f.Add([]byte(` { "a" : [ 1 , 2 ] } `), []byte(`[{"op":"test","path":"/a","value":[1,2]},{"op":"replace","path":"","value":{}}]`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		if _, err := fhirpath.Parse(document); err != nil {
			return
		}
		out, err := applyPatch(document, patch, 1<<16)
		if err != nil {
			return
		}
		if _, err := fhirpath.Parse(out); err != nil {
			t.Fatalf("%s by %s: %v", document, patch, err)
		}
	})
}
