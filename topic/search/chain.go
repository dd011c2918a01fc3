package search

import (
	"context"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// chain is reference.rest: a resource that the reference leads to meets the rest.
// Several types may be what it leads to, each with a rest of its own.
type chain struct {
	head     *definition
	rest     map[string]evaluator
	resolver fhirpath.Resolver
}

// cutLink splits a name at the first dot of its chain. The dots in the last part
// of _has are not the name's own.
func cutLink(name string) (head, rest string, ok bool) {
	if strings.HasPrefix(name, "_has:") {
		return name, "", false
	}
	return strings.Cut(name, ".")
}

// readChain is read for chains (FHIR search, "Chaining"). Without a type behind the
// colon the rest may be that of every type that the reference can lead to and that
// has such a parameter.
func (c *Criterion) readChain(o Options, resourceType, head, rest string, depth int) (problem string) {
	code, only, _ := strings.Cut(head, ":")
	if code == "_in" || code == "_list" {
		return "it has no chain"
	}
	if c.definition, problem = o.definition(resourceType, code); problem != "" {
		return problem
	}
	if o.Host.Resolver == nil {
		return noResolver
	}
	c.needsHost(o)
	if last, modifier := splitName(rest); last == "_in" {
		c.Modifier = modifier
		return c.readIn(o, c.definition)
	}
	types, problem := c.definition.leadsTo(o, only)
	if problem != "" {
		return problem
	}
	link := &chain{head: c.definition, rest: map[string]evaluator{}, resolver: o.Host.Resolver}
	for _, t := range types {
		part, reason := read(o, t, rest, c.Value, depth+1)
		if reason == "" {
			link.rest[t] = part
			continue
		}
		if problem = reason; reason != o.unknownParameter() {
			return reason // such as a value that the parameter can't have
		}
	}
	if len(link.rest) == 0 {
		return problem
	}
	c.decidedBy(link, o)
	return ""
}

// leadsTo lists the types of resources that the reference may lead to, or checks
// the one that is named.
func (d *definition) leadsTo(o Options, only string) (types []string, problem string) {
	switch {
	case d.Kind != KindReference:
		return nil, "only references have chains"
	case only == "" && len(d.Targets) == 0:
		return nil, "the type that the reference leads to must be named"
	case only == "":
		return d.Targets, ""
	case !o.IsResourceType(only):
		return nil, "what stands behind the colon is no resource type of " + o.Release.String()
	case len(d.Targets) > 0 && !slices.Contains(d.Targets, only):
		return nil, "the reference does not lead to resources of that type"
	}
	return []string{only}, ""
}

// holds asks for one resource after the other. An error counts only if none of the
// others answers.
func (c *chain) holds(ctx context.Context, v *View) (bool, error) {
	elements, failed := v.elements(ctx, c.head)
	for _, e := range elements {
		target, err := c.target(ctx, e, v)
		if err == nil && target != nil {
			if rest := c.rest[target.resourceType()]; rest != nil {
				var ok bool
				if ok, err = rest.holds(ctx, target); ok {
					return true, nil
				}
			}
		}
		if failed == nil {
			failed = err
		}
	}
	return false, failed
}

// target returns the resource that an element leads to, nil if there is none or
// its type is not asked about.
func (c *chain) target(ctx context.Context, e element, v *View) (*View, error) {
	if n, ok := e.object(); ok && n.Get("resourceType").Exists() {
		return v.beside(n), nil
	}
	text := localise(referenceText(e), v.base)
	if id, ok := strings.CutPrefix(text, "#"); ok {
		return v.contained(id), nil
	}
	if text == "" {
		return nil, nil
	}
	place, _ := splitReference(text)
	if resourceType, _, ok := strings.Cut(place, "/"); ok && !isAbsolute(place) && c.rest[resourceType] == nil {
		return nil, nil
	}
	return v.resolve(ctx, c.resolver, text)
}
