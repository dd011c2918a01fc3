package search

import (
	"bytes"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// reference is [type]/[id], a bare id, or a whole address. The version of the
// element does not count, as the parameter asks which resource, not which state.
type reference struct {
	place string      // without /_history/… and |version
	bare  *definition // of a bare id: the parameter, whose targets it may have
}

// versioned is a reference with a version, which only references to that match.
type versioned struct {
	reference
	version string
}

// at gives the reference its version, if there is one.
func (r reference) at(version string) test {
	if version == "" {
		return r
	}
	return versioned{r, version}
}

func (r versioned) match(e element, v *View) bool {
	_, version, ok := placeOf(e)
	return ok && string(version) == r.version && r.reference.match(e, v)
}

func parseReference(s, modifier string, d *definition, r fhirpath.Release) (test, string) {
	value, problem := unescape(s)
	if problem != "" {
		return nil, problem
	}
	if strings.HasPrefix(value, "#") {
		return nil, "a contained resource has no address of its own"
	}
	place, version := splitReference(value)
	if len(value) > len(place) && version == "" {
		return nil, "the version is missing"
	}
	if isAbsolute(place) {
		if modifier != "" {
			return nil, "with a type as modifier the value must be an id"
		}
		return reference{place: place}.at(version), ""
	}
	if version != "" && value[len(place)] == '|' {
		return nil, "only an absolute canonical can have a version behind a bar"
	}
	resourceType, id, ok := strings.Cut(place, "/")
	if !ok {
		id = place
	}
	if id == "" || strings.Contains(id, "/") {
		return nil, "a reference is [id], [type]/[id] or an absolute address"
	}
	switch {
	case !ok && modifier == "":
		return reference{place: id, bare: d}.at(version), ""
	case !ok:
		return reference{place: modifier + "/" + id}.at(version), ""
	case !IsResourceType(r, resourceType):
		return nil, "the reference names no resource type of " + r.String()
	case modifier != "" && modifier != resourceType:
		return nil, "the modifier and the reference name different types"
	}
	return reference{place: place}.at(version), ""
}

func (r reference) match(e element, v *View) bool {
	place, _, ok := placeOf(e)
	if !ok {
		return false
	}
	place = localise(place, v.base)
	if r.bare == nil {
		return string(place) == localise(r.place, v.base)
	}
	resourceType, id, ok := bytes.Cut(place, []byte("/"))
	if !ok || string(id) != r.place || isAbsolute(place) {
		return false
	}
	isTarget := func(t string) bool { return t == string(resourceType) }
	return len(r.bare.Targets) == 0 || slices.ContainsFunc(r.bare.Targets, isTarget)
}

// display returns the text of a Reference that people read.
func (e element) display() fhirpath.Node {
	n, _ := e.object()
	if inner := n.Get("reference"); inner.Kind() == fhirpath.Object {
		n = inner
	}
	return n.Get("display")
}

// referenceDisplay is reference:text and :code-text: Reference.display begins with it.
type referenceDisplay string

func parseReferenceText(s string) (test, string) {
	value, problem := parseFolded(s)
	return referenceDisplay(value), problem
}

func (t referenceDisplay) match(e element, _ *View) bool {
	display := e.display()
	return display.Exists() && foldsTo(text(display), string(t))
}

func (r reference) appendKeys(dst []uint64, salt uint64) []uint64 {
	if r.bare != nil {
		return append(dst, hashString(salt+idForm, r.place))
	}
	return append(dst, hashString(salt+placeForm, tail(r.place, 2)))
}

func appendReferenceKeys(dst []uint64, salt uint64, e element) []uint64 {
	place, _, ok := placeOf(e)
	if !ok {
		return dst
	}
	return append(dst, hashString(salt+placeForm, tail(place, 2)), hashString(salt+idForm, tail(place, 1)))
}

// referenceIdentifier is reference:identifier, a token on Reference.identifier.
type referenceIdentifier struct{ token }

func parseReferenceIdentifier(s string) (test, string) {
	t, problem := readToken(s)
	return referenceIdentifier{t}, problem
}

func (r referenceIdentifier) match(e element, v *View) bool {
	n, ok := e.object()
	if !ok {
		return false
	}
	identifier := n.Get("identifier")
	if inner := n.Get("reference"); inner.Kind() == fhirpath.Object {
		identifier = inner.Get("identifier")
	}
	return identifier.Exists() && r.token.match(element{node: identifier}, v)
}
