package topic_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// grouped is a topic with filters that have no keys.
var grouped = &topic.Topic{
	ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}},
	CanFilterBy: []topic.CanFilterBy{
		{FilterParameter: "patient", Modifiers: []string{"in", "not-in"}}, {FilterParameter: "patient._in"}, {FilterParameter: "patient.gender"},
		{FilterParameter: "patient.birthdate", Comparators: []string{"ge"}}, {FilterParameter: "code", Modifiers: []string{"not", "in"}},
		{FilterParameter: "status", Modifiers: []string{"not", "missing"}},
	},
}

// countedClinic counts what it is asked for.
type countedClinic struct {
	clinic
	resolved *int
}

func (c countedClinic) Resolve(ctx context.Context, reference string) (*fhirpath.Doc, error) {
	*c.resolved++
	return c.clinic.Resolve(ctx, reference)
}

func countedBy(resolved *int, err error) topic.Options {
	o := withHost(clinic{err})
	o.Host.Resolver = countedClinic{clinic{err}, resolved}
	return o
}

const ofMember, ofOther = `{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"c7"}]},"subject":{"reference":"Patient/p1"}}`,
	`{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"c7"}]},"subject":{"reference":"Patient/p2"}}`

// TestIndexOfOneGroup: what many have in common is asked once, first for the whole and
// then for nobody, if nobody can match.
func TestIndexOfOneGroup(t *testing.T) {
	for _, common := range []string{"patient._in=Group/g", "patient:in=Group/g", "patient.gender=female", "patient:Patient.gender=female"} {
		t.Run(common, func(t *testing.T) {
			resolved := 0
			o, x := countedBy(&resolved, nil), new(topic.Index)
			const n = 200
			for id := range int64(n) {
				x.Add(id, compiledFor(t, grouped, o, fmt.Sprintf("%s&code:not=c%d", common, id)))
			}
			var want []int64
			for id := range int64(n) {
				if id != 7 {
					want = append(want, id)
				}
			}
			require.Equal(t, want, appendMatches(t, x, nil, "Observation", node(t, ofMember)))
			require.Equal(t, 1, resolved)
			require.Empty(t, appendMatches(t, x, nil, "Observation", node(t, ofOther)))
			require.Equal(t, 2, resolved)
			for id := range int64(n) {
				x.Remove(id)
			}
			require.Empty(t, appendMatches(t, x, nil, "Observation", node(t, ofMember)))
			require.Equal(t, 2, resolved)
		})
	}
}

// TestIndexAsksHostLast: a filter that stands beside decides alone if it can, and a host
// that does not answer leaves only those in doubt who need it.
func TestIndexAsksHostLast(t *testing.T) {
	resolved := 0
	down := errors.New("down")
	o, x := countedBy(&resolved, down), new(topic.Index)
	x.Add(1, compiledFor(t, grouped, o, "patient._in=Group/g&code:not=c7"))
	x.Add(2, compiledFor(t, grouped, o, "patient._in=Group/h&status:not=final"))
	x.Add(3, compiledFor(t, grouped, o, "patient._in=Group/i&code=c8"))
	x.Add(4, compiledFor(t, grouped, o, "status:missing=false"))
	require.Equal(t, []int64{4}, appendMatches(t, x, nil, "Observation", node(t, ofMember)))
	require.Zero(t, resolved)
	x.Add(5, compiledFor(t, grouped, o, "patient._in=Group/g&status:not=final"))
	require.Equal(t, []int64{4}, appendMatches(t, x, nil, "Observation", node(t, ofMember)), "an unknown answer that does not matter")
	x.Add(6, compiledFor(t, grouped, o, "patient._in=Group/g&status=final"))
	_, err := x.AppendMatches(context.Background(), nil, "Observation", node(t, ofMember))
	require.ErrorIs(t, err, down)
}

// BenchmarkIndexOfOneGroup is about subscriptions that have a filter without keys in
// common, and beside it one of their own.
func BenchmarkIndexOfOneGroup(b *testing.B) {
	for _, n := range []int{1e3, 1e5} {
		x, o := new(topic.Index), withHost(clinic{})
		for i := range n {
			x.Add(int64(i), compiledFor(b, grouped, o, fmt.Sprintf("patient._in=Group/g&code:not=c%d", i)))
		}
		for _, c := range []struct{ name, resource string }{{"member", ofMember}, {"other", ofOther}} {
			b.Run(fmt.Sprintf("%s/%.0e", c.name, float64(n)), func(b *testing.B) {
				resource, ctx := node(b, c.resource), context.Background()
				var found []int64
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if found, err = x.AppendMatches(ctx, found[:0], "Observation", resource); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
