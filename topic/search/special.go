package search

import (
	"context"
	"slices"
)

// specials are the parameters of all resources that are no elements of them. They
// have no definition in R4, and none with an expression later.
var specials = func() map[string]*definition {
	all := map[string]*definition{}
	for _, code := range []string{"_filter", "_has", "_in", "_list", "_type"} {
		all[code] = &definition{Parameter: Parameter{
			ResourceType: "Resource", Code: code, Kind: KindSpecial,
			URL: "http://hl7.org/fhir/SearchParameter/Resource-" + code[1:],
		}}
	}
	return all
}()

func (c *Criterion) readSpecial(o Options, resourceType string, depth int) (problem string) {
	switch c.name {
	case "_has":
		return "the form is _has:[type]:[reference]:[parameter]"
	case "_in":
		return c.readIn(o, nil)
	case "_list":
		return c.readList(o)
	}
	if c.Modifier != "" {
		return unknownModifier
	}
	if c.name == "_type" {
		return c.readType(o)
	}
	filter, asks, problem := parseFilter(o, resourceType, c.Value, depth)
	c.decidedBy(filter, o)
	c.asks = asks
	return problem
}

// ofTypes is _type: the resource's own.
type ofTypes []string

func (c *Criterion) readType(o Options) (problem string) {
	types := split(c.Value, ',')
	for _, t := range types {
		if !o.IsResourceType(t) {
			return "the value names no resource type of " + o.Release.String()
		}
	}
	c.decidedBy(ofTypes(types), o)
	return ""
}

func (types ofTypes) holds(_ context.Context, v *View) (bool, error) {
	return slices.Contains(types, v.resource.Get("resourceType").Text()), nil
}
