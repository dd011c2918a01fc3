package search

import (
	"context"
	"errors"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// ErrMembers: whether something is a member of a Group can't be told, as the Group
// says what its members have in common and does not list them.
var ErrMembers = errors.New("search: the group does not list its members")

// membership is :in on references: what an element refers to is an active member
// of a Group, List or CareTeam.
type membership struct {
	list     string // reference
	resolver fhirpath.Resolver
}

// parseMembership reads the value of _in, and of :in and :not-in on references.
func parseMembership(s string, o Options) (test, string) {
	value, problem := unescape(s)
	if problem != "" {
		return nil, problem
	}
	place, version := splitReference(value)
	switch typeOfPlace(place) {
	case "Group", "List", "CareTeam":
		if version == "" && place == value {
			return membership{value, o.Host.Resolver}, ""
		}
	}
	return nil, "the value must be Group/[id], List/[id] or CareTeam/[id]"
}

// readIn is read for _in (FHIR R5 search), of the resource itself or, if of is not
// nil, of what that reference of it leads to: patient._in=Group/1.
func (c *Criterion) readIn(o Options, of *definition) (problem string) {
	if c.Modifier != "" && c.Modifier != "not" {
		return unknownModifier
	}
	if o.Host.Resolver == nil {
		return noResolver
	}
	in := inList{of: of, negated: c.Modifier == "not"}
	for _, alternative := range split(c.Value, ',') {
		t, problem := parseMembership(alternative, o)
		if problem != "" {
			return problem
		}
		in.lists = append(in.lists, t)
	}
	if c.definition = specials["_in"]; of != nil {
		c.definition = of
	}
	c.decidedBy(&in, o)
	c.asks = true
	return ""
}

// readList is read for _list: the resource is an entry of the List of that id.
func (c *Criterion) readList(o Options) (problem string) {
	switch {
	case c.Modifier != "":
		return unknownModifier
	case o.Host.Resolver == nil:
		return noResolver
	}
	in := inList{}
	for _, alternative := range split(c.Value, ',') {
		id, problem := unescape(alternative)
		if problem != "" {
			return problem
		}
		if !fhirpath.IsID(id) {
			return "the value must be the id of a List; current lists such as $current-allergies are not supported"
		}
		in.lists = append(in.lists, membership{"List/" + id, o.Host.Resolver})
	}
	c.decidedBy(&in, o)
	c.definition, c.asks = specials["_list"], true
	return ""
}

// inList is _in and _list.
type inList struct {
	of      *definition // nil: the resource itself
	lists   anyOf       // of membership
	negated bool
}

func (in *inList) holds(ctx context.Context, v *View) (bool, error) {
	elements := []element{{literal: v.place()}}
	if in.of != nil {
		var err error
		if elements, err = v.elements(ctx, in.of); err != nil {
			return false, err
		}
	}
	v.ctx, v.err = ctx, nil
	for _, e := range elements {
		if in.lists.match(e, v) {
			return !in.negated, nil
		}
	}
	return in.negated && v.err == nil, v.err
}

func (m membership) match(e element, v *View) bool {
	place, _, ok := placeOf(e)
	if !ok {
		return false
	}
	list, err := v.resolve(v.ctx, m.resolver, m.list)
	if err != nil {
		v.fail(err)
		return false
	}
	if list == nil {
		return false
	}
	members, err := list.memberPlaces()
	if err != nil {
		v.fail(err)
	}
	return members[string(localise(place, v.base))]
}

// memberPlaces returns what the Group, List or CareTeam has as active members:
// those that are not marked inactive or deleted, and whose period, if there is one,
// is not over.
func (v *View) memberPlaces() (map[string]bool, error) {
	if v.members != nil {
		return v.members, nil
	}
	members, now := map[string]bool{}, moment{Time: v.clock()}
	add := func(reference, ended fhirpath.Node, periods ...fhirpath.Node) {
		if yes, _ := ended.Bool(); yes {
			return
		}
		for _, period := range periods {
			if s, ok := spanOfPeriod(period); ok && (s.startsAfter(now) || !s.endsAfter(now)) {
				return
			}
		}
		if place, _, ok := placeOf(element{node: reference}); ok {
			members[string(localise(place, v.base))] = true
		}
	}
	n := v.resource
	switch v.resourceType() {
	case "Group":
		if !n.Get("member").Exists() && n.Get("characteristic").Exists() {
			return nil, ErrMembers
		}
		for m := range n.Get("member").Elements() {
			add(m.Get("entity"), m.Get("inactive"), m.Get("period"))
		}
	case "List":
		for m := range n.Get("entry").Elements() {
			add(m.Get("item"), m.Get("deleted"))
		}
	case "CareTeam":
		for m := range n.Get("participant").Elements() {
			add(m.Get("member"), fhirpath.Node{}, m.Get("period"), m.Get("coveragePeriod"))
		}
	}
	v.members = members
	return members, nil
}
