package celtopic

import (
	"testing"

	"github.com/google/cel-go/common/types"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// What has been looked through counts, whichever way it was; the answers that come
// after are not used.
func TestReadingIsBounded(t *testing.T) {
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Patient","active":true,"name":[{"family":"x"}]}`))
	require.NoError(t, err)
	patient, _ := fhirpath.R4.Type("Patient")
	active, _ := patient.Element("active")
	for name, read := range map[string]func(o *object){
		"an element":             func(o *object) { _, _ = o.element(active) },
		"an element's existence": func(o *object) { o.hasElement(active) },
		"a member":               func(o *object) { _, _ = o.member("active") },
		"a member's existence":   func(o *object) { o.has("active") },
		"equality":               func(o *object) { o.Equal(o) },
	} {
		t.Run(name, func(t *testing.T) {
			e := &evaluation{release: fhirpath.R4, left: maxRead}
			o := &object{in: e, node: doc.Root(), of: patient}
			read(o)
			require.Less(t, e.left, maxRead)

			e.left = 1
			read(o)
			require.Negative(t, e.left)
			_, err := o.element(active)
			require.ErrorIs(t, err, ErrLimit)
			require.False(t, o.hasElement(active))
			require.Equal(t, types.False, o.Equal(o))
		})
	}
}
