package search

import (
	"context"
	"slices"
	"strings"
)

// has is _has: another resource refers to this one and meets a criterion of its own.
type has struct {
	resourceType string // of the other
	reference    string // the parameter by which it refers
	criterion    string // as part of a query
	prefixes     []string
	resolver     Resolver
}

// readHas is read for _has:[type]:[reference]:[parameter] (FHIR search, "Reverse
// Chaining"); parameter may be another _has, a chain, or have a modifier.
func (c *Criterion) readHas(o Options, resourceType string, depth int) (problem string) {
	c.definition = specials["_has"]
	name := c.name
	if c.Modifier != "" {
		name += ":" + c.Modifier
	}
	parts := strings.SplitN(name, ":", 4)
	if len(parts) < 4 || parts[3] == "" {
		return "the form is _has:[type]:[reference]:[parameter]"
	}
	other, code := parts[1], parts[2]
	if !o.IsResourceType(other) {
		return "it names no resource type of " + o.Release.String()
	}
	d, problem := o.definition(other, code)
	switch {
	case problem != "":
		return problem
	case d.Kind != KindReference:
		return "it does not name a reference"
	case len(d.Targets) > 0 && !slices.Contains(d.Targets, resourceType):
		return "the reference that it names does not lead to this type"
	case o.Host.Resolver == nil:
		return noResolver
	}
	inner, problem := read(o, other, parts[3], c.Value, depth+1)
	if problem != "" {
		return problem
	}
	c.decidedBy(&has{other, code, inner.String(), inner.Prefixes(), o.Host.Resolver}, o)
	c.asks = true
	return ""
}

// holds asks the host for the other resources. A resource without an id has none.
func (h *has) holds(ctx context.Context, v *View) (bool, error) {
	place := v.place()
	if place == "" {
		return false, nil
	}
	return v.finds(ctx, h.resolver, h.resourceType, h.reference+"="+EscapeValue(escape(place))+"&"+h.criterion)
}

// place returns [type]/[id] of the resource, "" if it has no id.
func (v *View) place() string {
	if id := v.resource.Get("id").Text(); id != "" {
		return v.resourceType() + "/" + id
	}
	return ""
}

// escape puts a backslash before what separates values.
func escape(value string) string { return escaper.Replace(value) }

var escaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`)
