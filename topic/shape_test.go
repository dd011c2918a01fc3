package topic_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// shelf is a host's other resources: by reference, and by Type?query.
type shelf map[string][]string

var errShelf = errors.New("shelf is out of order")

func (s shelf) Resolve(_ context.Context, reference string) (*fhirpath.Doc, error) {
	if s == nil {
		return nil, errShelf
	}
	if len(s[reference]) == 0 {
		return nil, nil
	}
	return fhirpath.Parse([]byte(s[reference][0]))
}

func (s shelf) Search(_ context.Context, resourceType, query string, limit int) (docs []*fhirpath.Doc, err error) {
	found := s[resourceType+"?"+query]
	for _, raw := range found[:min(len(found), limit)] {
		doc, err := fhirpath.Parse([]byte(raw))
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

var hospital = shelf{
	"Patient/p":                         {`{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/q"}}],"generalPractitioner":[{"reference":"Organization/o"}]}`},
	"Patient/q":                         {`{"resourceType":"Patient","id":"q","link":[{"other":{"reference":"Patient/p"}},{"other":{"reference":"Patient/r"}}]}`},
	"Patient/r":                         {`{"resourceType":"Patient","id":"r"}`},
	"Group/g":                           {`{"resourceType":"Group","id":"g"}`},
	"Organization/o":                    {`{"resourceType":"Organization","id":"o"}`},
	"Location/l":                        {`{"resourceType":"Location","id":"l"}`},
	"Observation?encounter=Encounter/e": {`{"resourceType":"Observation","id":"o1"}`, `{"resourceType":"Observation","id":"o2"}`},
}

// TestShapes follows notificationShape as TOP-17 to TOP-19 and SHP-05 have it.
// spec: TOP-17, TOP-19, SHP-05, AMB-27
func TestShapes(t *testing.T) {
	const encounter = `{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/p"},"serviceProvider":{"reference":"Organization/o"},
		"location":[{"location":{"reference":"Location/l"}},{"location":{"reference":"Location/gone"}},{"location":{"reference":"#x"}}],
		"partOf":{"reference":"Encounter/e"}}`
	for name, c := range map[string]struct {
		shape   topic.NotificationShape
		want    []string
		ignored []string
	}{
		"include":                   {topic.NotificationShape{Includes: []string{"Encounter:patient"}}, []string{"Patient/p"}, nil},
		"as a parameter":            {topic.NotificationShape{Includes: []string{"_include=Encounter:subject"}}, []string{"Patient/p"}, nil},
		"of a target":               {topic.NotificationShape{Includes: []string{"Encounter:subject:Group"}}, nil, nil},
		"of one target or another":  {topic.NotificationShape{Includes: []string{"Encounter:subject:Group", "Encounter:subject:Patient"}}, []string{"Patient/p"}, nil},
		"several, each once":        {topic.NotificationShape{Includes: []string{"Encounter:location", "Encounter:subject", "Encounter:patient"}}, []string{"Location/l", "Patient/p"}, nil},
		"iterate":                   {topic.NotificationShape{Includes: []string{"Encounter:patient&iterate=Patient.link"}}, []string{"Patient/p", "Patient/q", "Patient/r"}, nil},
		"iterate as a parameter":    {topic.NotificationShape{Includes: []string{"Encounter:patient", "_include:iterate=Patient:general-practitioner"}}, []string{"Patient/p", "Organization/o"}, nil},
		"not iterated":              {topic.NotificationShape{Includes: []string{"Encounter:patient", "Patient:link"}}, []string{"Patient/p"}, nil},
		"never the focus":           {topic.NotificationShape{Includes: []string{"Encounter:part-of"}}, nil, nil},
		"revinclude":                {topic.NotificationShape{RevIncludes: []string{"Observation:encounter"}}, []string{"Observation/o1", "Observation/o2"}, nil},
		"what is no parameter":      {topic.NotificationShape{Includes: []string{"Encounter:observation", "Encounter:patient"}}, []string{"Patient/p"}, []string{"Encounter:observation"}},
		"no reference":              {topic.NotificationShape{Includes: []string{"Encounter:status", "nonsense"}}, nil, []string{"Encounter:status", "nonsense"}},
		"another type's, no effect": {topic.NotificationShape{Resource: "Patient", Includes: []string{"Patient:link"}}, nil, nil},
		"of an abstract type":       {topic.NotificationShape{Resource: "Resource", Includes: []string{"Encounter:patient"}}, []string{"Patient/p"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.shape.Resource == "" {
				c.shape.Resource = "Encounter"
			}
			o := r4
			o.Host = search.Host{Resolver: hospital}
			shapes, ignored := (&topic.Topic{NotificationShapes: []topic.NotificationShape{c.shape}}).CompileShapes(o)
			require.Equal(t, c.ignored, ignored)
			doc, err := fhirpath.Parse([]byte(encounter))
			require.NoError(t, err)
			found, err := shapes.Related(t.Context(), "Encounter", doc.Root(), 10)
			require.NoError(t, err)
			var got []string
			for _, d := range found {
				got = append(got, d.Root().Get("resourceType").Text()+"/"+d.Root().Get("id").Text())
			}
			require.Equal(t, c.want, got)
			found, err = shapes.Related(t.Context(), "Encounter", doc.Root(), 1)
			require.NoError(t, err)
			require.LessOrEqual(t, len(found), 1)
		})
	}
}

// counting is a shelf that has nothing and counts how often it is asked.
type counting struct{ asked int }

func (c *counting) Resolve(context.Context, string) (*fhirpath.Doc, error) {
	c.asked++
	return nil, nil
}

func (c *counting) Search(context.Context, string, string, int) ([]*fhirpath.Doc, error) {
	return nil, nil
}

// A resource with very many references must not become as many questions to the host,
// if none of them leads anywhere.
func TestShapesAskNoMoreThanTheLimit(t *testing.T) {
	host := new(counting)
	o := r4
	o.Host = search.Host{Resolver: host}
	shapes, _ := (&topic.Topic{NotificationShapes: []topic.NotificationShape{{Resource: "Encounter", Includes: []string{"Encounter:location"}}}}).CompileShapes(o)
	raw := `{"resourceType":"Encounter","id":"e","location":[{"location":{"reference":"Location/l"}}`
	for i := range 1000 {
		raw += `,{"location":{"reference":"Location/l` + strconv.Itoa(i) + `"}}`
	}
	doc, err := fhirpath.Parse([]byte(raw + "]}"))
	require.NoError(t, err)
	_, err = shapes.Related(t.Context(), "Encounter", doc.Root(), 10)
	require.NoError(t, err)
	require.Equal(t, 10, host.asked)
}

// spec: SHP-05, FLT-14
func TestShapesWithoutResolver(t *testing.T) {
	tp := &topic.Topic{NotificationShapes: []topic.NotificationShape{{Resource: "Encounter", Includes: []string{"Encounter:patient"}}}}
	shapes, ignored := tp.CompileShapes(r4)
	require.Equal(t, []string{"Encounter:patient"}, ignored)
	require.True(t, shapes.Empty("Encounter"))
	o := r4
	o.Host = search.Host{Resolver: shelf(nil)}
	shapes, _ = tp.CompileShapes(o)
	require.False(t, shapes.Empty("Encounter"))
	require.True(t, shapes.Empty("Patient"))
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/p"}}`))
	require.NoError(t, err)
	_, err = shapes.Related(t.Context(), "Encounter", doc.Root(), 10)
	require.ErrorIs(t, err, errShelf)
}

// generous is a host that takes no notice of a limit.
type generous struct{ counting }

func (generous) Search(_ context.Context, resourceType, _ string, limit int) (docs []*fhirpath.Doc, err error) {
	for i := range limit + 1 {
		doc, err := fhirpath.Parse([]byte(`{"resourceType":"` + resourceType + `","id":"` + strconv.Itoa(i) + `"}`))
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// A patient may have a million observations: the host is told how many there is room
// for, and one that gives more has made a mistake that asking again does not mend.
func TestShapesBoundRevIncludes(t *testing.T) {
	doc, err := fhirpath.Parse([]byte(`{"resourceType":"Encounter","id":"e","subject":{"reference":"Patient/p"}}`))
	require.NoError(t, err)
	about := &topic.Topic{NotificationShapes: []topic.NotificationShape{{
		Resource: "Encounter", Includes: []string{"Encounter:patient"}, RevIncludes: []string{"Observation:encounter"},
	}}}
	o := r4
	o.Host = search.Host{Resolver: hospital}
	shapes, _ := about.CompileShapes(o)
	for limit, want := range []int{0, 1, 2, 3, 3} { // a patient and two observations
		found, err := shapes.Related(t.Context(), "Encounter", doc.Root(), limit)
		require.NoError(t, err)
		require.Len(t, found, want)
	}
	o.Host = search.Host{Resolver: new(generous)}
	shapes, _ = about.CompileShapes(o)
	_, err = shapes.Related(t.Context(), "Encounter", doc.Root(), 10)
	require.ErrorIs(t, err, fhirpath.ErrLimit)
	found, err := shapes.Related(t.Context(), "Encounter", doc.Root(), 0)
	require.NoError(t, err)
	require.Empty(t, found)
}
