package subscription

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// known refuses members that the release does not define. Some are elements of other
// releases, such as filterBy: to ignore them would widen what was asked for.
func (r *reader) known(n fhirpath.Node, element string, names ...string) {
	for name := range n.Members() {
		primitive, half := strings.CutPrefix(name, "_")
		if !slices.Contains(names, primitive) || half && slices.Contains(withoutHalf, primitive) {
			which := "an element"
			if elementName.MatchString(name) { // else it may be anything, such as content
				which = "the element " + name
			}
			r.refuse(element, "There is "+which+" that a Subscription of this release does not have")
			return
		}
	}
}

var elementName = regexp.MustCompile(`^[a-z][A-Za-z]{0,31}$`)

// withoutHalf are members that are no primitives: a second one with an underscore, such as
// _filterBy, is a mistake that may have been meant to narrow something.
var withoutHalf = []string{
	"resourceType", "meta", "text", "contained", "extension", "modifierExtension", "contact", "channel",
	"identifier", "managingEntity", "channelType", "filterBy", "parameter",
}

// other returns the half of a primitive element that holds its extensions.
func (r *reader) other(n fhirpath.Node, name, element string) fhirpath.Node {
	half := n.Get("_" + name)
	if half.Exists() && half.Kind() != fhirpath.Object {
		r.invalid(element+"."+name, "the element's extensions must be in an object")
	}
	r.known(half, element+"."+name, "id", "extension") // a misspelt extension may be a filter
	return half
}

// extensions returns an element's extensions; anything else in their place is an
// issue, since it may be a filter that was written wrongly.
func (r *reader) extensions(n fhirpath.Node, element string) (list []fhirpath.Node) {
	extension := n.Get("extension")
	if !extension.Exists() {
		return nil
	}
	if extension.Kind() != fhirpath.Array {
		r.invalid(element+".extension", "extension must be an array")
		return nil
	}
	for ext := range extension.Elements() {
		if ext.Kind() != fhirpath.Object || strings.TrimSpace(ext.Get("url").Text()) == "" {
			r.invalid(element+".extension", "an extension must be an object with a url")
			continue
		}
		list = append(list, ext)
	}
	return list
}

// single refuses a second extension of the same url, where the guide allows one.
func (r *reader) single(list []fhirpath.Node, element string) []fhirpath.Node {
	seen := map[string]bool{}
	for _, ext := range list {
		url := ext.Get("url").Text()
		if seen[url] && strings.HasPrefix(url, backport) {
			r.invalid(element+".extension", "the extension may be given once only")
		}
		seen[url] = true
	}
	return list
}

// foreign refuses extensions that would have been read, had they been written
// correctly: cross-version ones (ACC-13), those of the guide in the wrong place,
// and misspelt ones.
func (r *reader) foreign(ext fhirpath.Node, element string, known ...string) {
	url := ext.Get("url").Text()
	if !slices.Contains(known, url) && (strings.HasPrefix(url, crossVersionPrefix) || strings.HasPrefix(url, backport)) {
		r.refuse(element, "The extension is not supported here")
	}
}

// modifiers refuses what changes the meaning of the resource in a way that nobody
// here knows.
func (r *reader) modifiers(n fhirpath.Node, element string) {
	if n.Get("modifierExtension").Len() > 0 || n.Get("implicitRules").Exists() {
		r.refuse(element+".modifierExtension", "modifierExtension and implicitRules are not supported")
	}
}

// text reads a primitive string; another kind of value is an issue.
func (r *reader) text(n fhirpath.Node, name, element string) (text string, ok bool) {
	switch value := n.Get(name); value.Kind() {
	case fhirpath.Absent:
		return "", false
	case fhirpath.String:
		return value.Text(), true
	default:
		r.invalid(element, fmt.Sprintf("%s must be a string", name))
		return "", false
	}
}

// count reads a whole number that is not negative.
func (r *reader) count(value fhirpath.Node, element string) int {
	if value.Kind() == fhirpath.Number {
		n, err := strconv.ParseInt(string(value.Raw()), 10, 64)
		if err == nil && n >= 0 && n <= math.MaxInt32 {
			return int(n)
		}
	}
	r.invalid(element, "a whole number, not negative, is needed")
	return 0
}
