package validate

import (
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// shape checks node and all below it by the types of the release.
func (v *validator) shape(t fhirpath.Type, node fhirpath.Node, path string) {
	if t.Name() == "" {
		return
	}
	if t.IsPrimitive() {
		if problem := primitive(t.Name(), node); problem != "" {
			v.issue(path, "type", problem)
		}
		return
	}
	if node.Kind() != fhirpath.Object {
		v.issue(path, "type", "want an object")
		return
	}
	if t.IsResource() {
		named, ok := v.release.ResourceType(node)
		if !ok {
			v.issue(path, "type", "is no resource of "+v.release.String())
			return
		}
		t = named
		if id := node.Get("id"); id.Exists() && !formats["id"].MatchString(id.Text()) {
			v.issue(path+".id", "type", "want an id")
		}
	}
	empty := true
	for name, member := range node.Members() {
		if name == "resourceType" && t.IsResource() {
			continue
		}
		empty = false
		v.member(t, node, name, member, path)
	}
	if empty && !t.IsResource() {
		v.issue(path, "type", "is empty")
	}
}

func (v *validator) member(t fhirpath.Type, node fhirpath.Node, name string, member fhirpath.Node, path string) {
	path += "." + name
	base, half := strings.CutPrefix(name, "_")
	e, ok := t.Element(base)
	if !ok || e.Choices() != nil || half && !e.Type().IsPrimitive() {
		v.issue(path, "type", "is no element of "+t.Name())
		return
	}
	typ := e.Type()
	if half {
		typ, _ = v.release.Type("Element")
	}
	if e.Repeats() != (member.Kind() == fhirpath.Array) {
		v.issue(path, "type", fmt.Sprintf("a list: %v, want %v", !e.Repeats(), e.Repeats()))
		return
	}
	if !e.Repeats() {
		v.shape(typ, member, path)
		return
	}
	if member.Len() == 0 {
		v.issue(path, "type", "is an empty list")
	}
	i := 0
	for each := range member.Elements() {
		if each.Kind() != fhirpath.Null || !half && !node.Get("_"+name).Exists() { // null stands for the other half
			v.shape(typ, each, fmt.Sprintf("%s[%d]", path, i))
		}
		i++
	}
}
