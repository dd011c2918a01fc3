package topic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// ElementError names one element of a topic that Parse can't accept.
type ElementError struct {
	Element string // FHIRPath of the element, as in OperationOutcome.issue.expression
	Problem string // never holds a value that may be secret
}

// Error returns the element and the problem.
func (e *ElementError) Error() string { return fmt.Sprintf("topic: %s %s", e.Element, e.Problem) }

// basicPrefix ends the url of every extension that carries a topic's element on a
// Basic, whatever release stands before it (DISC-08).
const basicPrefix = "/StructureDefinition/extension-SubscriptionTopic."

// element is a part of a topic: an element of a SubscriptionTopic, or the
// extension of a Basic that stands for it.
type element struct {
	node  fhirpath.Node
	path  string
	basic bool
	top   bool // the resource itself
}

// reader reads elements and collects what is wrong with them.
type reader struct{ problems []error }

func (r *reader) problem(path, text string) {
	r.problems = append(r.problems, &ElementError{Element: path, Problem: text})
}

// find returns the children of that name, which may repeat if many.
func (r *reader) find(e element, name string, many bool) []element {
	if e.basic {
		found := r.extensions(e, name)
		if len(found) > 1 && !many {
			r.problem(found[1].path, "may occur only once")
			found = found[:1]
		}
		return found
	}
	child, path := e.node.Get(name), e.path+"."+name
	switch {
	case !child.Exists():
		return nil
	case !many && child.Kind() == fhirpath.Array:
		r.problem(path, "must not be an array")
		return nil
	case !many:
		return []element{{node: child, path: path}}
	case child.Kind() != fhirpath.Array || child.Len() == 0:
		r.problem(path, "must be an array that is not empty")
		return nil
	}
	var found []element
	for n := range child.Elements() {
		found = append(found, element{node: n, path: fmt.Sprintf("%s[%d]", path, len(found))})
	}
	return found
}

// extensions returns the extensions of e that stand for elements of that name. A
// topic's status is looked for among the modifier extensions, too (DISC-07).
func (r *reader) extensions(e element, name string) []element {
	var found []element
	for _, list := range [...]string{"extension", "modifierExtension"} {
		i := 0
		for n := range e.node.Get(list).Elements() {
			url := n.Get("url").Text()
			if e.top {
				url = topicElement(url)
			}
			if url == name {
				found = append(found, element{node: n, path: fmt.Sprintf("%s.%s[%d]", e.path, list, i), basic: true})
			}
			i++
		}
	}
	return found
}

// topicElement returns the element's name in the url of a topic's extension.
func topicElement(url string) string {
	if _, name, ok := strings.Cut(url, basicPrefix); ok {
		return name
	}
	return ""
}

// absent is where a missing element would be.
func absent(e element, name string) string {
	switch {
	case e.top && e.basic:
		return e.path + ".extension('http://hl7.org/fhir/5.0" + basicPrefix + name + "')"
	case e.basic:
		return e.path + ".extension('" + name + "')"
	}
	return e.path + "." + name
}

// value is the value of an element that has no children.
func (e element) value() (fhirpath.Node, string) {
	if !e.basic {
		return e.node, e.path
	}
	for name, n := range e.node.Members() {
		if strings.HasPrefix(name, "value") {
			return n, e.path + ".value"
		}
	}
	return fhirpath.Node{}, e.path + ".value"
}

func (r *reader) string(e element) string {
	n, path := e.value()
	if n.Kind() != fhirpath.String || n.Is("") {
		r.problem(path, "must be a string that is not empty")
		return ""
	}
	return n.Text()
}

// text reads an optional string.
func (r *reader) text(e element, name string) string {
	if children := r.find(e, name, false); len(children) > 0 {
		return r.string(children[0])
	}
	return ""
}

// required reads a string that must be there.
func (r *reader) required(e element, name string) (text, path string) {
	known := len(r.problems)
	children := r.find(e, name, false)
	if len(children) == 0 {
		if len(r.problems) == known {
			r.problem(absent(e, name), "is missing")
		}
		return "", absent(e, name)
	}
	return r.string(children[0]), children[0].path
}

// texts reads a repeating string.
func (r *reader) texts(e element, name string) []string {
	var texts []string
	for _, child := range r.find(e, name, true) {
		texts = append(texts, r.string(child))
	}
	return texts
}

// boolean reads an optional boolean; absent is false.
func (r *reader) boolean(e element, name string) bool {
	children := r.find(e, name, false)
	if len(children) == 0 {
		return false
	}
	n, path := children[0].value()
	value, ok := n.Bool()
	if !ok {
		r.problem(path, "must be true or false")
	}
	return value
}

// objects reads a repeating element with children of these names. In a
// SubscriptionTopic any other child is refused; in an extension, whose kinds are
// open, others are left alone.
func (r *reader) objects(e element, name string, children ...string) []element {
	return r.known(r.find(e, name, true), children)
}

// object is objects for an element that occurs once at most.
func (r *reader) object(e element, name string, children ...string) []element {
	return r.known(r.find(e, name, false), children)
}

func (r *reader) known(list []element, children []string) []element {
	var kept []element
	for _, e := range list {
		if e.node.Kind() != fhirpath.Object {
			r.problem(e.path, "must be an object")
			continue
		}
		if !e.basic {
			r.checkMembers(e, children)
		}
		kept = append(kept, e)
	}
	return kept
}

// checkMembers refuses members that are not among names, and modifier extensions:
// what may change the meaning can't be passed over.
func (r *reader) checkMembers(e element, names []string) {
	for name := range e.node.Members() {
		plain := strings.TrimPrefix(name, "_")
		switch {
		case plain == "id" || plain == "extension":
		case name == "modifierExtension":
			r.problem(e.path+"."+name, "is not known, so the topic can't be understood")
		case !slices.Contains(names, plain):
			r.problem(e.path, "has an element that SubscriptionTopic does not have")
		}
	}
}
