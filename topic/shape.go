package topic

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Shapes are a topic's notificationShapes, compiled: which resources belong beside
// the focus of a notification. They are immutable and safe for concurrent use.
type Shapes struct {
	host   search.Host
	shapes []shape
}

type shape struct {
	resource              string
	includes, revIncludes []include
}

// include is one _include, or with iterate one that is also applied to what was
// included; or one _revinclude.
type include struct {
	source    string // the type that has the parameter
	parameter string
	target    string // "": all
	path      *fhirpath.Expression
	iterate   bool
}

// CompileShapes compiles the topic's notificationShapes. ignored lists the includes
// that can't be followed: published topics name some that are no search parameters,
// and the standard has servers add what they can (TOP-18, TOP-19). Without a Resolver
// all are ignored.
func (t *Topic) CompileShapes(o Options) (s *Shapes, ignored []string) {
	s = &Shapes{host: o.Host}
	if o.Host.Resolver == nil {
		for i := range t.NotificationShapes {
			ignored = append(append(ignored, t.NotificationShapes[i].Includes...), t.NotificationShapes[i].RevIncludes...)
		}
		return s, ignored
	}
	for i := range t.NotificationShapes {
		n := &t.NotificationShapes[i]
		compiled := shape{resource: n.Resource}
		for _, text := range n.Includes {
			for _, part := range strings.Split(text, "&") {
				in, err := compileInclude(part, o)
				if err != nil {
					ignored = append(ignored, text)
					continue
				}
				compiled.includes = append(compiled.includes, in)
			}
		}
		for _, text := range n.RevIncludes {
			in, err := compileInclude(text, o)
			if err != nil || in.iterate {
				ignored = append(ignored, text)
				continue
			}
			compiled.revIncludes = append(compiled.revIncludes, in)
		}
		s.shapes = append(s.shapes, compiled)
	}
	return s, ignored
}

// compileInclude reads Type:parameter or Type:parameter:Target, as the value of a
// search parameter or with its name before it. Official topics write
// iterate=Type.parameter, too.
func compileInclude(text string, o Options) (in include, err error) {
	name, value, named := strings.Cut(text, "=")
	if !named {
		name, value = "_include", text
	}
	switch name {
	case "_include", "_revinclude", "include", "revInclude":
	case "_include:iterate", "_include:recurse", "iterate":
		in.iterate = true
	default:
		return in, fmt.Errorf("topic: %s is no include", name)
	}
	parts := strings.Split(value, ":")
	if len(parts) == 1 {
		parts = strings.SplitN(value, ".", 2)
	}
	if len(parts) < 2 || len(parts) > 3 {
		return in, fmt.Errorf("topic: an include has the form Type:parameter or Type:parameter:Target")
	}
	if in.source, in.parameter = parts[0], parts[1]; len(parts) == 3 {
		in.target = parts[2]
	}
	parameter, ok := search.Options{Release: o.Release, Definitions: o.Definitions}.Lookup(in.source, in.parameter)
	if !ok || parameter.Kind != search.KindReference || parameter.Expression == "" {
		return in, fmt.Errorf("topic: %s has no reference parameter %s", in.source, in.parameter)
	}
	in.path, err = fhirpath.Compile(parameter.Expression, fhirpath.Options{Release: o.Release})
	return in, err
}

// Empty reports whether there is nothing to add for a focus type.
func (s *Shapes) Empty(resourceType string) bool {
	return !slices.ContainsFunc(s.shapes, func(shape shape) bool {
		return standsFor(shape.resource, resourceType) && len(shape.includes)+len(shape.revIncludes) > 0
	})
}

// Related returns the resources that belong beside focus, each once, in the order in
// which they were found, at most limit of them: what was included first is what the
// topic names first. A reference that leads to nothing is left out. The Resolver is asked
// about limit references at most, lest a resource with very many keep the host busy, and
// never for more resources than there is room for. One that gives more than it was asked
// for ends it with an error that is fhirpath.ErrLimit: asking again does not help.
func (s *Shapes) Related(ctx context.Context, resourceType string, focus fhirpath.Node, limit int) ([]*fhirpath.Doc, error) {
	r := related{host: s.host, limit: limit, seen: map[string]bool{"\x00" + address(focus): true}}
	for i := range s.shapes {
		if !standsFor(s.shapes[i].resource, resourceType) {
			continue
		}
		if err := r.follow(ctx, s.shapes[i].includes, focus, true); err != nil {
			return nil, err
		}
		for _, in := range s.shapes[i].revIncludes {
			if err := r.reverse(ctx, in, focus); err != nil {
				return nil, err
			}
		}
		for next := 0; next < len(r.found); next++ {
			if err := r.follow(ctx, s.shapes[i].includes, r.found[next].Root(), false); err != nil {
				return nil, err
			}
		}
	}
	return r.found, nil
}

// related collects what belongs beside a focus.
type related struct {
	host  search.Host
	limit int
	asked int             // references that were resolved
	seen  map[string]bool // references that were followed, with the type wanted, and behind a NUL, resources that are there
	found []*fhirpath.Doc
}

// follow applies includes to a resource: all to the focus, those with iterate to what
// was included.
func (r *related) follow(ctx context.Context, includes []include, from fhirpath.Node, focus bool) error {
	resourceType := from.Get("resourceType").Text()
	for _, in := range includes {
		if in.source != resourceType || !focus && !in.iterate {
			continue
		}
		items, err := in.path.Evaluate(ctx, from, fhirpath.Env{})
		if err != nil {
			return err
		}
		for _, it := range items {
			n, _ := it.Node()
			reference := n.Get("reference").Text()
			if n.Kind() == fhirpath.String { // a canonical or uri
				reference = n.Text()
			}
			followed := in.target + "|" + reference
			if reference == "" || reference[0] == '#' || r.seen[followed] || r.seen["\x00"+reference] || r.asked >= r.limit || len(r.found) >= r.limit {
				continue
			}
			r.seen[followed] = true
			r.asked++
			doc, err := r.host.Resolver.Resolve(ctx, reference)
			if err != nil {
				return err
			}
			r.add(doc, in.target)
		}
	}
	return nil
}

// reverse adds the resources that refer to the focus.
func (r *related) reverse(ctx context.Context, in include, focus fhirpath.Node) error {
	room := r.limit - len(r.found)
	if room <= 0 || address(focus) == "" {
		return nil
	}
	docs, err := r.host.Resolver.Search(ctx, in.source, in.parameter+"="+search.EscapeValue(address(focus)), room)
	switch {
	case err != nil:
		return err
	case len(docs) > room:
		return fmt.Errorf("topic: %w: the Resolver found more resources than it was asked for", fhirpath.ErrLimit)
	}
	for _, doc := range docs {
		r.add(doc, in.source)
	}
	return nil
}

// add keeps a resource that is of the type wanted and not there yet.
func (r *related) add(doc *fhirpath.Doc, wanted string) {
	root := doc.Root()
	here := address(root)
	if here == "" || r.seen["\x00"+here] || len(r.found) >= r.limit || wanted != "" && root.Get("resourceType").Text() != wanted {
		return
	}
	r.seen["\x00"+here] = true
	r.found = append(r.found, doc)
}

// address is Type/id, "" for what is no resource with an id.
func address(resource fhirpath.Node) string {
	resourceType, id := resource.Get("resourceType").Text(), resource.Get("id").Text()
	if resourceType == "" || id == "" {
		return ""
	}
	return resourceType + "/" + id
}
