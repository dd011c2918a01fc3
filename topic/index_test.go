package topic_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

func appendMatches(t testing.TB, x *topic.Index, dst []int64, resourceType string, resource fhirpath.Node) []int64 {
	t.Helper()
	dst, err := x.AppendMatches(context.Background(), dst, resourceType, resource)
	require.NoError(t, err)
	return dst
}

// indexOf fills an Index with one subscription for each string of filters, from 0 on.
func indexOf(t testing.TB, about *topic.Topic, o topic.Options, all ...string) *topic.Index {
	t.Helper()
	x := new(topic.Index)
	for id, f := range all {
		x.Add(int64(id), compiledFor(t, about, o, f))
	}
	return x
}

func compiledFor(t testing.TB, about *topic.Topic, o topic.Options, f string) *topic.Filters {
	t.Helper()
	var parsed []topic.Filter
	if f != "" {
		parsed = filters(t, f)
	}
	compiled, err := about.CompileFilters(parsed, o)
	require.NoError(t, err)
	return compiled
}

func TestIndexRemove(t *testing.T) {
	x := &topic.Index{}
	x.Remove(1)
	require.Empty(t, appendMatches(t, x, nil, "Encounter", node(t, encounterP1)))
	same := compiledFor(t, filterable, r4, "patient=p1,Patient/p1,p1")
	for id := range int64(5) {
		x.Add(id, same)
	}
	x.Remove(0)
	x.Remove(3)
	x.Remove(3)
	require.Equal(t, []int64{9, 1, 2, 4}, appendMatches(t, x, []int64{9}, "Encounter", node(t, encounterP1)))
	require.Empty(t, appendMatches(t, x, nil, "Patient", node(t, `{"resourceType":"Patient"}`)))
	require.Equal(t, 3, x.Len())
	x.Add(0, same)
	require.Equal(t, []int64{0, 1, 2, 4}, appendMatches(t, x, nil, "Encounter", node(t, encounterP1)))
}

// TestIndexReplaces: Add puts other filters in the place of those that were there.
func TestIndexReplaces(t *testing.T) {
	p1, p2 := compiledFor(t, filterable, r4, "patient=p1"), compiledFor(t, filterable, r4, "patient=p2")
	x := new(topic.Index)
	matches := func(want1, want2 []int64) {
		t.Helper()
		require.Equal(t, want1, appendMatches(t, x, nil, "Encounter", node(t, encounterP1)))
		require.Equal(t, want2, appendMatches(t, x, nil, "Encounter", node(t, encounterP2)))
	}
	x.Add(-7, p1)
	matches([]int64{-7}, nil)
	x.Add(-7, p2)
	matches(nil, []int64{-7})
	x.Add(5, compiledFor(t, filterable, r4, "patient=p2"))
	x.Add(5, p2)
	matches(nil, []int64{-7, 5})
	x.Add(-7, p1) // leaves the one that it was first in
	x.Add(-7, p2) // and comes back
	matches(nil, []int64{-7, 5})
	x.Remove(5)
	x.Remove(-7)
	matches(nil, nil)
	require.Zero(t, x.Len())
}

// TestIndexOfNoFilters: subscriptions without filters are a list.
func TestIndexOfNoFilters(t *testing.T) {
	x := new(topic.Index)
	var want []int64
	for id := range int64(1000) {
		x.Add(id-500, compiledFor(t, filterable, r4, ""))
		want = append(want, id-500)
	}
	require.Equal(t, want, appendMatches(t, x, nil, "Observation", node(t, observationP1)))
	require.Empty(t, appendMatches(t, x, nil, "Patient", node(t, `{"resourceType":"Patient"}`)))
	for id := range int64(999) {
		x.Remove(id - 500)
	}
	require.Equal(t, []int64{499}, appendMatches(t, x, nil, "Observation", node(t, observationP1)))
}

// TestIndexOfSeveralBases: each subscription's references are below the base that its
// filters were compiled with.
func TestIndexOfSeveralBases(t *testing.T) {
	x := new(topic.Index)
	for id, base := range []string{"https://fhir.example.org/r4", "https://other.example.org", "https://fhir.example.org/r4/", ""} {
		x.Add(int64(id), compiledFor(t, filterable, topic.Options{Release: fhirpath.R4, BaseURL: base}, "patient=Patient/p2"))
	}
	require.Equal(t, []int64{0, 2}, appendMatches(t, x, nil, "Encounter", node(t, encounterP2)))
}

// coded is a topic by which each component of an Observation can be asked for.
var coded = &topic.Topic{ResourceTriggers: []topic.ResourceTrigger{{Resource: "Observation"}}, CanFilterBy: []topic.CanFilterBy{
	{FilterParameter: "_id"}, {FilterParameter: "combo-code", Modifiers: []string{"not"}}, {FilterParameter: "combo-value-quantity", Comparators: comparators},
}}

// TestIndexUnknown: if the host or the context leaves an answer open, none is given;
// what can't be evaluated over the resource lets nothing through.
func TestIndexUnknown(t *testing.T) {
	observation := node(t, observationP1)
	t.Run("context", func(t *testing.T) {
		x := indexOf(t, coded, r4, "", "combo-code=b")
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		many := node(t, `{"resourceType":"Observation","component":[`+strings.Repeat(`{"code":{"coding":[{"code":"a"}]}},`, 2000)+`{}]}`)
		found, err := x.AppendMatches(ctx, []int64{3}, "Observation", many)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []int64{3}, found)
	})
	t.Run("host", func(t *testing.T) {
		down := errors.New("down")
		x := new(topic.Index)
		fails := topic.Options{Release: fhirpath.R4, Filters: testedBy(func(context.Context, fhirpath.Node) (bool, error) { return false, down })}
		x.Add(1, compiledFor(t, filterable, r4, ""))
		x.Add(2, compiledFor(t, filterable, fails, "Observation?orgIdentifier=1&patient=p2"))
		require.Equal(t, []int64{3, 1}, appendMatches(t, x, []int64{3}, "Observation", observation), "it is not asked about another patient")
		x.Add(2, compiledFor(t, filterable, fails, "Observation?orgIdentifier=1&patient=p1"))
		found, err := x.AppendMatches(context.Background(), []int64{3}, "Observation", observation)
		require.ErrorIs(t, err, down)
		require.Equal(t, []int64{3}, found)
	})
	t.Run("budget", func(t *testing.T) {
		x := indexOf(t, coded, r4, "_id=o1", "combo-code=b", "combo-code:not=c", "combo-value-quantity=gt5", "_id=o1&combo-code=b", "")
		huge := node(t, `{"resourceType":"Observation","id":"o1","code":{"coding":[{"code":"b"}]},"component":[`+
			strings.Repeat(`{"code":{"coding":[{"code":"b"}]},"valueQuantity":{"value":7}},`, 150_000)+`{}]}`)
		_, err := compiledFor(t, coded, r4, "combo-code=b").Match(context.Background(), "Observation", huge)
		require.ErrorIs(t, err, fhirpath.ErrLimit)
		require.Equal(t, []int64{0, 5}, appendMatches(t, x, nil, "Observation", huge))
	})
}

// testedBy is a FilterEvaluator with one answer.
type testedBy topic.FilterTest

func (f testedBy) CompileFilter(*topic.Topic, topic.Filter, string) (topic.FilterTest, error) {
	return topic.FilterTest(f), nil
}

// TestIndexWhileWriting: those who look for matches find, at every moment, whoever is
// there the whole time, be it with changing filters.
func TestIndexWhileWriting(t *testing.T) {
	x := new(topic.Index)
	asks := func(id int64, round int) *topic.Filters {
		switch (int(id) + round) % 5 {
		case 0:
			return compiledFor(t, filterable, r4, "")
		case 1:
			return compiledFor(t, filterable, r4, "patient=Patient/p1")
		case 2:
			return compiledFor(t, filterable, r4, fmt.Sprintf("patient=p1,p%d", 10+id))
		case 3:
			return compiledFor(t, filterable, r4, "Observation?date=ge2026")
		}
		return compiledFor(t, filterable, r4, fmt.Sprintf("Observation?date=ge%d&code=1-8", 1000+id))
	}
	var want []int64
	for id := range int64(100) {
		x.Add(id, asks(id, 0))
		want = append(want, id)
	}
	resource := node(t, observationP1)
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			var found []int64
			for !done.Load() {
				var err error
				found, err = x.AppendMatches(context.Background(), found[:0], "Observation", resource)
				lasting := slices.DeleteFunc(found, func(id int64) bool { return id >= 100 })
				if err != nil || !slices.Equal(lasting, want) {
					t.Errorf("%v: %v", err, lasting)
					return
				}
			}
		})
	}
	for round := range 30 {
		for id := range int64(100) {
			x.Add(id, asks(id, round))
			x.Add(100+id, asks(id, round+1))
			x.Remove(100 + (id*7)%100)
		}
	}
	done.Store(true)
	readers.Wait()
}

// FuzzIndex: whatever comes, changes and goes in whatever order, the index answers as
// the filters do. Each byte is one step.
func FuzzIndex(f *testing.F) {
	asks := []string{
		"", "patient=p1", "patient=Patient/p1,p2", "Observation?date=ge2026", "Observation?date=gt2025-02&patient=p2", "Encounter?status=finished",
		"Encounter?status:not=planned", "Observation?code=1-8,2-6", "Encounter.class=AMB", "_id=o1,e2", "Observation?date=2025,ge2026-02-01",
		"Encounter?status:not=finished", "Encounter?status:not=planned&status:not=finished", "Encounter?status:not=cancelled&status:not=planned",
	}
	var compiled []*topic.Filters
	for _, s := range asks {
		compiled = append(compiled, compiledFor(f, filterable, r4, s))
	}
	resources := []fhirpath.Node{node(f, encounterP1), node(f, encounterP2), node(f, observationP1), node(f, observationP2)}
	f.Add([]byte("\x00\x11\x22\x33\xf0\xf1"))
	f.Add([]byte("aaaabbbbccccddddeeee"))
	f.Fuzz(func(t *testing.T, steps []byte) {
		x, want := new(topic.Index), map[int64]*topic.Filters{}
		for _, step := range steps {
			id, i := int64(step&15), int(step>>4)
			if i < len(compiled) {
				x.Add(id, compiled[i])
				want[id] = compiled[i]
			} else {
				x.Remove(id)
				delete(want, id)
			}
		}
		require.Equal(t, len(want), x.Len())
		for _, r := range resources {
			resourceType := r.Get("resourceType").Text()
			var ids []int64
			for id, f := range want {
				if passes(t, f, resourceType, r) {
					ids = append(ids, id)
				}
			}
			slices.Sort(ids)
			require.Equal(t, ids, appendMatches(t, x, nil, resourceType, r))
		}
	})
}
