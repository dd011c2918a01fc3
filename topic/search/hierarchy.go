package search

import (
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// hierarchy is :below and :above on references, where resources of the type are
// parts of one another: a Location in a Location, an Encounter in an Encounter
// (FHIR search, "Searching Hierarchies"). A resource is below and above itself.
type hierarchy struct {
	place    string // [type]/[id], or an address
	above    bool
	partOf   map[string]*definition // by type: the parameter that leads to the whole
	resolver fhirpath.Resolver
}

// hierarchyParser also reads :below on canonicals, which compares versions.
func (c *Criterion) hierarchyParser(o Options) (parseFunc, string) {
	d, above := c.definition, c.Modifier == "above"
	if d.isAlways(canonicalType | uriType) {
		if above {
			return nil, "a version of a canonical has none above it"
		}
		return parseVersionsBelow, ""
	}
	partOf := map[string]*definition{}
	for _, t := range d.Targets {
		if p := o.known().partOf(t); p != nil {
			partOf[t] = p
		}
	}
	if len(partOf) == 0 {
		return nil, "the resources that it leads to are no hierarchy"
	}
	if o.Host.Resolver == nil {
		return nil, noResolver
	}
	c.needsHost(o)
	return func(s string) (test, string) {
		t, problem := parseReference(s, "", d, o.Release)
		if problem != "" {
			return nil, problem
		}
		r, ok := t.(reference)
		switch {
		case !ok:
			return nil, "the value can have no version"
		case r.bare != nil && len(partOf) > 1:
			return nil, "the value must name the type: [type]/[id]"
		case r.bare != nil:
			for resourceType := range partOf {
				r.place = resourceType + "/" + r.place
			}
		case partOf[typeOfPlace(r.place)] == nil:
			return nil, "resources of that type are no hierarchy here"
		}
		return hierarchy{r.place, above, partOf, o.Host.Resolver}, ""
	}, ""
}

// partOf returns the parameter by which a resource of the type refers to the one of
// the same type that it is a part of, nil if there is none.
func (ds *Definitions) partOf(resourceType string) *definition {
	for _, code := range [...]string{"partof", "part-of"} {
		d := ds.lookup(resourceType, code)
		if d != nil && d.Kind == KindReference && strings.HasSuffix(d.Expression, ".partOf") && slices.Contains(d.Targets, resourceType) {
			if _, _, err := d.expressions(); err == nil {
				return d
			}
		}
	}
	return nil
}

func (h hierarchy) match(e element, v *View) bool {
	place, _, ok := placeOf(e)
	if !ok {
		return false
	}
	part, whole := string(localise(place, v.base)), localise(h.place, v.base)
	if h.above {
		part, whole = whole, part
	}
	return h.isPart(part, whole, v)
}

// isPart climbs from part until it meets whole. Each resource is visited once, so
// that a circle ends.
func (h hierarchy) isPart(part, whole string, v *View) bool {
	visited := []string{part}
	for i := 0; i < len(visited); i++ {
		if visited[i] == whole {
			return true
		}
		up := h.partOf[typeOfPlace(visited[i])]
		if up == nil {
			continue
		}
		resource, err := v.resolve(v.ctx, h.resolver, visited[i])
		if err != nil {
			v.fail(err)
			return false
		}
		if resource == nil {
			continue
		}
		parents, err := resource.elements(v.ctx, up)
		if err != nil {
			v.fail(err)
			return false
		}
		for _, parent := range parents {
			place, _, ok := placeOf(parent)
			if next := string(localise(place, v.base)); ok && !slices.Contains(visited, next) {
				visited = append(visited, next)
			}
		}
	}
	return false
}

// versionsBelow is :below on a canonical: any version of it, or those that a
// partial version stands for, such as 1.0 and 1.1 for 1.
type versionsBelow struct{ place, version string }

func parseVersionsBelow(s string) (test, string) {
	value, problem := unescape(s)
	if problem != "" {
		return nil, problem
	}
	t := versionsBelow{}
	t.place, t.version, _ = strings.Cut(value, "|")
	if !isAbsolute(t.place) {
		return nil, "the value must be [url] or [url]|[version]"
	}
	return t, ""
}

func (t versionsBelow) match(e element, _ *View) bool {
	url, version, _ := strings.Cut(string(e.text()), "|")
	rest, ok := strings.CutPrefix(version, t.version)
	return ok && url == t.place && (rest == "" || t.version == "" || rest[0] == '.')
}
