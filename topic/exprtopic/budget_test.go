package exprtopic

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Steps, bytes that are looked through, and the end of the context all stop an
// evaluation for good.
func TestBudget(t *testing.T) {
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Patient","id":"` + strings.Repeat("x", 10_000) + `","name":[{"family":"x"},{"family":"y"}]}`))
	require.NoError(t, err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	patient, _ := fhirpath.R4.Type("Patient")
	names, _ := patient.Element("name")
	id, _ := patient.Element("id")
	for _, c := range []struct {
		name   string
		budget evaluation
		read   func(o *object) error
		want   error
		enough int // steps
	}{
		{"steps", evaluation{bytes: maxRead}, func(o *object) error { _, err := element(o, &field{"name", &names}); return err }, ErrLimit, 3},
		{"long texts", evaluation{bytes: maxRead}, func(o *object) error { _, err := element(o, &field{"id", &id}); return err }, ErrLimit, 40},
		{"iterations", evaluation{bytes: maxRead}, func(o *object) error { _, err := tick(o); return err }, ErrLimit, 1},
		{"equality", evaluation{bytes: maxRead}, func(o *object) error { _, err := equal(o, o); return err }, ErrLimit, 2},
		{"bytes", evaluation{bytes: 1, steps: 1000}, func(o *object) error { _, err := element(o, &field{"name", &names}); return err }, ErrLimit, 0},
		{"context", evaluation{bytes: maxRead, ctx: cancelled}, func(o *object) error { _, err := tick(o); return err }, context.Canceled, 256},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &c.budget
			e.release = fhirpath.R4
			if e.ctx == nil {
				e.ctx = t.Context()
			}
			o := &object{in: e, node: doc.Root(), of: patient}
			if c.enough > 0 && c.want == ErrLimit {
				e.steps = c.enough
				require.NoError(t, c.read(o))
				e.steps = c.enough - 1
			} else if c.enough > 0 {
				e.steps = c.enough
			}
			require.ErrorIs(t, c.read(o), c.want)
			_, err := tick(o)
			require.ErrorIs(t, err, c.want, "once used up, it stays so")
		})
	}
}
