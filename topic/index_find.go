package topic

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// finding is what one AppendMatches works with.
type finding struct {
	view  search.View
	base  string
	keys  []uint64
	found []*audience
}

var searches = sync.Pool{New: func() any { return new(finding) }}

func (s *finding) release() {
	s.view.Reset(fhirpath.Node{}, "")
	s.base = ""
	clear(s.found)
	s.found = s.found[:0]
	searches.Put(s)
}

// find looks for audiences by the resource's type and those that stand for it.
func (s *finding) find(ctx context.Context, types map[string]*typeIndex, resourceType string) error {
	for _, focus := range [...]string{resourceType, "DomainResource", "Resource"} {
		t := types[focus]
		if t == nil || !standsFor(focus, resourceType) {
			continue
		}
		if err := s.findIn(ctx, t, focus); err != nil {
			return err
		}
	}
	return nil
}

// findIn adds the audiences of t, which is that of focus, that the resource's keys and
// bounds lead to.
func (s *finding) findIn(ctx context.Context, t *typeIndex, focus string) (err error) {
	s.findListed(ctx, &t.rest, focus)
	if parameters := t.parameters.Load(); parameters != nil {
		for _, p := range *parameters {
			if s.keys, err = s.view.AppendKeys(ctx, s.keys[:0], p.like); err != nil && !isFinal(err) {
				return err
			}
			slices.Sort(s.keys)
			for _, key := range slices.Compact(s.keys) {
				p.tables[key%search.Forms].with(key, s.add)
			}
		}
	}
	if scales := t.scales.Load(); scales != nil {
		for _, c := range *scales {
			bounds, ok, err := s.view.Bounds(ctx, c.like)
			if err != nil && !isFinal(err) {
				return err
			}
			if ok {
				s.overlapping(c, bounds)
			}
		}
	}
	return nil
}

func (s *finding) add(p posting) bool {
	s.found = append(s.found, p.audience)
	return true
}

// candidates are the audiences that were found, each once.
func (s *finding) candidates() []*audience {
	slices.SortFunc(s.found, func(a, b *audience) int { return cmp.Compare(a.number, b.number) })
	s.found = slices.Compact(s.found)
	return s.found
}
