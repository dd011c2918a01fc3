package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

func TestChoice(t *testing.T) {
	for _, test := range []struct{ name, base, typ string }{
		{"valueQuantity", "value", "Quantity"},
		{"effectiveDateTime", "effective", "dateTime"},
		{"deceasedBoolean", "deceased", "boolean"},
		{"valueSet", "valueSet", ""},
		{"medicationReference", "medication", "Reference"},
		{"referenceRange", "referenceRange", ""},
		{"value", "value", ""},
	} {
		base, typ := choice(test.name)
		require.Equal(t, []string{test.base, test.typ}, []string{base, typ})
	}
}

// The expressions only depend on the seed and the resources, and those of real
// resources are FHIRPath.
func TestGenerator(t *testing.T) {
	corpus, err := readCorpus()
	require.NoError(t, err)
	for _, hostile := range []bool{false, true} {
		a, b, other := newGenerator(7, corpus), newGenerator(7, corpus), newGenerator(8, corpus)
		same := 0
		for range 1000 {
			q := a.next(hostile)
			require.Equal(t, q, b.next(hostile))
			if q.expression == other.next(hostile).expression {
				same++
			}
			if !hostile {
				_, err := fhirpath.Compile(q.expression, fhirpath.Options{Release: fhirpath.R4})
				require.NoError(t, err)
			}
		}
		require.Less(t, same, 100)
	}
}

func TestReport(t *testing.T) {
	on := &resource{tree: map[string]any{"resourceType": "Patient"}}
	r := newReport(false)
	r.add(question{"path", "name.given", on}, outcome{}, outcome{})
	for _, expression := range []string{"name.given.x", "name.x", "name.family.x"} {
		r.add(question{"path", expression, on}, outcome{}, outcome{err: "no"})
	}
	var out bytes.Buffer
	r.print(&out)
	require.Equal(t, "3 × path: theirs is an error\n    name.x   (over a Patient)\n    ours   []\n    theirs error: no\n"+
		"4 expressions, 1 agree, 0 explained, 3 differ\n", out.String())
}

func TestMarkedDecimals(t *testing.T) {
	doc := []byte(`{"resourceType":"X","a":[1,1.50],"b":{"c":1e3}}`)
	r := &resource{}
	require.NoError(t, decodeTree(doc, &r.tree))
	got, err := r.forPeer()
	require.NoError(t, err)
	require.Equal(t, `{"a":[1,{"$decimal":"1.50"}],"b":{"c":{"$decimal":"1e3"}},"resourceType":"X"}`, got)
}
