package jsonpatch

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestApply follows the examples of RFC 6902, appendix A, and the edges of
// editing bytes.
func TestApply(t *testing.T) {
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
			out, err := Apply([]byte(c.in), []byte("["+c.patch+"]"), 1000)
			require.NoError(t, err)
			strip := strings.NewReplacer("[  ", "[", "[ ", "[", " ]", "]", "{ ", "{", " }", "}").Replace
			require.Equal(t, strip(c.out), strip(string(out)))
			_, err = fhirpath.Parse(out)
			require.NoError(t, err)
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct {
		name, in, patch string
		kind            Kind
	}{
		{"A.9 test fails", `{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, Conflict},
		{"A.12 no parent", `{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, Conflict},
		{"A.15 string and number", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, Conflict},
		{"no array", `{}`, `{"op":"remove","path":"/a"}`, Invalid},
		{"no JSON", `{}`, `[`, Invalid},
		{"no op", `{}`, `[{"path":"/a"}]`, Invalid},
		{"unknown op", `{}`, `[{"op":"merge","path":"/a"}]`, Invalid},
		{"no path", `{"a":1}`, `[{"op":"remove"}]`, Invalid},
		{"path without slash", `{"a":1}`, `[{"op":"remove","path":"a"}]`, Invalid},
		{"no value", `{"a":1}`, `[{"op":"add","path":"/a"}]`, Invalid},
		{"no from", `{"a":1}`, `[{"op":"copy","path":"/a"}]`, Invalid},
		{"remove what is not there", `{"a":1}`, `[{"op":"remove","path":"/b"}]`, Conflict},
		{"replace what is not there", `{"a":1}`, `[{"op":"replace","path":"/b","value":1}]`, Conflict},
		{"remove everything", `{"a":1}`, `[{"op":"remove","path":""}]`, Conflict},
		{"beyond the end", `{"a":[1]}`, `[{"op":"add","path":"/a/2","value":1}]`, Conflict},
		{"index with zero", `{"a":[1,2]}`, `[{"op":"remove","path":"/a/01"}]`, Conflict},
		{"index behind the last", `{"a":[1]}`, `[{"op":"remove","path":"/a/-"}]`, Conflict},
		{"into itself", `{"a":{"b":1}}`, `[{"op":"move","from":"/a","path":"/a/c"}]`, Conflict},
		{"numbers differ", `{"a":1.0}`, `[{"op":"test","path":"/a","value":1.01}]`, Conflict},
		{"grows", `{"a":"` + strings.Repeat("x", 400) + `"}`, `[{"op":"copy","from":"/a","path":"/b"},{"op":"copy","from":"/a","path":"/c"}]`, TooLarge},
		{"too costly", `{"b":1,"a":"` + strings.Repeat("x", 1<<20) + `"}`, `[` + strings.Repeat(`{"op":"test","path":"/b","value":1},`, 256) + `{"op":"remove","path":"/b"}]`, TooCostly},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Apply([]byte(c.in), []byte(c.patch), max(1000, len(c.in)))
			var p *Error
			require.ErrorAs(t, err, &p)
			require.Equal(t, c.kind, p.Kind, p)
		})
	}
}

// FuzzApply holds that no patch panics or makes anything but JSON.
func FuzzApply(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":2}]}`), []byte(`[{"op":"remove","path":"/a/0"},{"op":"add","path":"/c","value":1}]`))
	f.Add([]byte(`{"a":1,"b":2}`), []byte(`[{"op":"move","from":"/a","path":"/b"},{"op":"copy","from":"/b","path":"/b/-"}]`))
	f.Add([]byte(` { "a" : [ 1 , 2 ] } `), []byte(`[{"op":"test","path":"/a","value":[1,2]},{"op":"replace","path":"","value":{}}]`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		if _, err := fhirpath.Parse(document); err != nil {
			return
		}
		out, err := Apply(document, patch, 1<<16)
		if err != nil {
			return
		}
		if _, err := fhirpath.Parse(out); err != nil {
			t.Fatalf("%s by %s: %v", document, patch, err)
		}
	})
}
