package fhirjson

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Issue is one thing that is wrong.
type Issue struct {
	Path    string // of the element as FHIRPath, such as Bundle.entry[0].fullUrl
	Problem string
}

// Check returns what is wrong with a resource and all that it contains, up to limit. It
// costs about as much as parsing, and may be called at any time.
func Check(r fhirpath.Release, resource fhirpath.Node, limit int) []Issue {
	c := &checker{release: r, limit: limit, known: map[fhirpath.Type]choices{}}
	t, ok := r.ResourceType(resource)
	if !ok {
		c.issue("", "is no resource of "+r.String())
		return c.issues
	}
	c.object(t, resource, t.Name())
	return c.issues
}

type checker struct {
	release fhirpath.Release
	limit   int
	known   map[fhirpath.Type]choices
	issues  []Issue
}

func (c *checker) issue(path, problem string) {
	if len(c.issues) < c.limit {
		c.issues = append(c.issues, Issue{path, problem})
	}
}

// value checks a value of that type and all below it.
func (c *checker) value(t fhirpath.Type, node fhirpath.Node, path string) {
	switch {
	case t.Name() == "" || len(c.issues) >= c.limit:
	case t.IsPrimitive():
		if problem := primitive(t.Name(), node); problem != "" {
			c.issue(path, problem)
		}
	case node.Kind() != fhirpath.Object:
		c.issue(path, "want an object")
	default:
		c.object(t, node, path)
	}
}

func (c *checker) object(t fhirpath.Type, node fhirpath.Node, path string) {
	if t.IsResource() {
		named, ok := c.release.ResourceType(node)
		if !ok {
			c.issue(path, "is no resource of "+c.release.String())
			return
		}
		t = named
		if id := node.Get("id"); id.Kind() == fhirpath.String && id.Text() != "" && !formats["id"].MatchString(id.Text()) {
			c.issue(path+".id", "is no id")
		}
	}
	empty := true
	for name, member := range node.Members() {
		if name == "resourceType" && t.IsResource() {
			continue
		}
		empty = false
		c.member(t, node, name, member, path)
	}
	if empty && !t.IsResource() {
		c.issue(path, "is empty")
	}
	choices := c.choicesOf(t)
	for name, types := range choices.types {
		if given(node, types) > 1 {
			c.issue(path+"."+name, "is given as several types")
		}
	}
	if t.Name() == "Extension" && !empty {
		switch value, nested := given(node, choices.types["value"]) > 0, node.Get("extension").Exists(); {
		case value && nested:
			c.issue(path, "has a value and extensions, too")
		case !value && !nested:
			c.issue(path, "has neither a value nor extensions")
		}
	}
}

// choices are the elements of a type that may have one of several types.
type choices struct {
	types map[string][]string // names in JSON by name: valueString, valueCode … by value
	of    map[string]string   // the other way round
}

func (c *checker) choicesOf(t fhirpath.Type) choices {
	known, ok := c.known[t]
	if !ok {
		known = choices{map[string][]string{}, map[string]string{}}
		for e := range t.Elements() {
			for _, choice := range e.Choices() {
				known.types[e.Name()] = append(known.types[e.Name()], choice.Name())
				known.of[choice.Name()] = e.Name()
			}
		}
		c.known[t] = known
	}
	return known
}

// given counts the types for which a choice has a value.
func given(node fhirpath.Node, types []string) (n int) {
	for name := range node.Members() {
		if base, half := strings.CutPrefix(name, "_"); slices.Contains(types, base) && (!half || !node.Get(base).Exists()) {
			n++
		}
	}
	return n
}

func (c *checker) member(t fhirpath.Type, node fhirpath.Node, name string, member fhirpath.Node, path string) {
	base, half := strings.CutPrefix(name, "_")
	e, ok := t.Element(base)
	if !ok || e.Choices() != nil || half && !e.Type().IsPrimitive() {
		if elementName.MatchString(base) {
			c.issue(path+"."+base, "is no element of "+t.Name())
		} else { // it may be anything, such as content
			c.issue(path, "has a member that is no element of "+t.Name())
		}
		return
	}
	if choice := c.choicesOf(t).of[base]; choice != "" {
		base = choice
	}
	path += "." + base
	typ := e.Type()
	if half {
		typ, _ = c.release.Type("Element")
	}
	if e.Repeats() != (member.Kind() == fhirpath.Array) {
		if e.Repeats() {
			c.issue(path, "want a list")
		} else {
			c.issue(path, "want no list")
		}
		return
	}
	if !e.Repeats() {
		c.value(typ, member, path)
		return
	}
	if member.Len() == 0 {
		c.issue(path, "is an empty list")
	}
	other := node.Get(strings.TrimPrefix("_"+name, "__"))
	var others []fhirpath.Kind
	if e.Type().IsPrimitive() {
		for each := range other.Elements() {
			others = append(others, each.Kind())
		}
	}
	if half && other.Exists() && len(others) != member.Len() {
		c.issue(path, "has another number of values than of extensions")
	}
	i := 0
	for each := range member.Elements() {
		if len(c.issues) >= c.limit {
			return
		}
		// null stands for one that only the other half has.
		if each.Kind() != fhirpath.Null || i >= len(others) || others[i] == fhirpath.Null {
			c.value(typ, each, fmt.Sprintf("%s[%d]", path, i))
		}
		i++
	}
}

var elementName = regexp.MustCompile(`^[A-Za-z]{1,32}$`)
