package validate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/fhirjson"
)

// Issue is one thing that is wrong with a resource.
type Issue struct {
	Path string // of the element, such as "Bundle.entry[0].fullUrl"
	Rule string // what it breaks: "cardinality", "type", "slicing", … or the key of an invariant
	Text string
}

func (i Issue) String() string { return i.Path + ": " + i.Rule + ": " + i.Text }

// Validate returns what is wrong with raw by the definition of its own type, by the
// profile of that canonical unless it is "", and by those that its meta names. A
// profile that several versions of a guide have is that of each of them. It panics if
// the profile is unknown.
func (d *Definitions) Validate(profile string, raw []byte) []Issue {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return []Issue{{"", "syntax", err.Error()}}
	}
	v := &validator{Definitions: d}
	root := doc.Root()
	path := root.Get("resourceType").Text()
	for _, issue := range fhirjson.Check(d.release, root, math.MaxInt) {
		v.issue(issue.Path, "type", issue.Problem)
	}
	v.resource(root, path)
	if profile != "" {
		v.profile(profile, root, path)
	}
	return v.issues
}

type validator struct {
	*Definitions
	issues []Issue
}

func (v *validator) issue(path, rule, text string) {
	i := Issue{path, rule, text}
	if !slices.Contains(v.issues, i) { // several profiles demand the same
		v.issues = append(v.issues, i)
	}
}

// resource checks a resource by the definition of its type and by its profiles.
func (v *validator) resource(node fhirpath.Node, path string) {
	for _, d := range v.byType[node.Get("resourceType").Text()] {
		v.object(d.root, node, path)
	}
	for profile := range node.Path("meta", "profile").Elements() {
		if v.byURL[profile.Text()] != nil {
			v.profile(profile.Text(), node, path)
		}
	}
}

func (v *validator) profile(url string, node fhirpath.Node, path string) {
	all := v.byURL[url]
	if all == nil {
		panic("validate: unknown profile " + url)
	}
	for _, d := range all {
		if !node.Get("resourceType").Is(d.of) && d.of != "Extension" {
			v.issue(path, "type", "is not of the type of "+url)
			continue
		}
		v.object(d.root, node, path)
	}
}

// value is an element of a resource: that of JSON's member name, and the object beside
// it, _name, which holds the extensions of a primitive.
type value struct {
	node, half fhirpath.Node
	path, typ  string // typ is told by the name of a choice, else ""
}

// object checks node and what is in it.
func (v *validator) object(e *element, node fhirpath.Node, path string) {
	for _, r := range e.rules {
		holds, err := r.expression.Bool(context.Background(), node, fhirpath.Env{})
		if err != nil {
			v.issue(path, r.key, err.Error())
		} else if !holds {
			v.issue(path, r.key, r.expression.String())
		}
	}
	for _, c := range e.children {
		values := c.in(node, path)
		if len(values) < c.min || c.max >= 0 && len(values) > c.max {
			v.issue(path+"."+c.name, "cardinality", fmt.Sprintf("there are %d, want %d to %d", len(values), c.min, c.max))
		}
		for _, x := range values {
			v.one(c, x)
		}
		v.slice(c, values)
	}
}

// in returns the values that node has of the element.
func (e *element) in(node fhirpath.Node, path string) (list []value) {
	for name, member := range node.Members() {
		typ := ""
		if e.choice {
			x, ok := strings.CutPrefix(name, e.name)
			if !ok || x == "" || x[0] < 'A' || x[0] > 'Z' {
				continue
			}
			typ = x
		} else if strings.TrimPrefix(name, "_") != e.name {
			continue
		}
		if strings.HasPrefix(name, "_") {
			if !node.Get(name[1:]).Exists() {
				list = append(list, value{half: member, path: path + "." + name[1:]})
			}
			continue
		}
		half := node.Get("_" + name)
		if member.Kind() != fhirpath.Array {
			list = append(list, value{member, half, path + "." + name, typ})
			continue
		}
		i := 0
		for each := range member.Elements() {
			list = append(list, value{each, fhirpath.Node{}, fmt.Sprintf("%s.%s[%d]", path, name, i), typ})
			i++
		}
	}
	return list
}

// one checks one value of the element.
func (v *validator) one(e *element, x value) {
	if x.typ != "" && !slices.ContainsFunc(e.types, func(t typeRef) bool { return strings.EqualFold(t.Code, x.typ) }) {
		v.issue(x.path, "type", "the type "+x.typ+" is not allowed")
	}
	if e.exact != nil && !reflect.DeepEqual(decode(x.node), e.exact) {
		v.issue(x.path, "fixed", fmt.Sprintf("want %v", e.exact))
	}
	if e.pattern != nil && !matches(decode(x.node), e.pattern) {
		v.issue(x.path, "pattern", fmt.Sprintf("want %v", e.pattern))
	}
	if e.codes != nil && x.node.Exists() && !slices.Contains(e.codes, x.node.Text()) {
		v.issue(x.path, "binding", "is none of its value set")
	}
	switch {
	case x.node.Kind() == fhirpath.Object:
		v.object(e, x.node, x.path)
		v.nested(e, x)
	case len(e.children) > 0: // a primitive with rules for its extensions
		v.object(&element{children: e.children}, x.half, x.path)
	}
}

// nested checks a resource by its own definition, an extension by that of its url, and
// both by the profiles that the element demands.
func (v *validator) nested(e *element, x value) {
	if url := x.node.Get("url").Text(); len(e.types) == 1 && e.types[0].Code == "Extension" && v.byURL[url] != nil {
		v.profile(url, x.node, x.path)
	}
	for _, t := range e.types {
		if typ, _ := v.release.Type(t.Code); typ.IsResource() {
			v.resource(x.node, x.path)
			if t.Code != "Resource" && !x.node.Get("resourceType").Is(t.Code) {
				v.issue(x.path, "type", "want "+t.Code)
				continue
			}
		}
		for _, profile := range t.Profile {
			if v.byURL[profile] != nil {
				v.profile(profile, x.node, x.path)
			}
		}
	}
}

func decode(n fhirpath.Node) (v any) {
	if n.Exists() {
		if err := json.Unmarshal(n.Raw(), &v); err != nil {
			panic(err) // it was parsed
		}
	}
	return v
}

// matches reports whether v has everything that pattern has.
func matches(v, pattern any) bool {
	switch pattern := pattern.(type) {
	case map[string]any:
		object, ok := v.(map[string]any)
		for name, p := range pattern {
			ok = ok && matches(object[name], p)
		}
		return ok
	case []any:
		list, ok := v.([]any)
		for _, p := range pattern {
			ok = ok && slices.ContainsFunc(list, func(e any) bool { return matches(e, p) })
		}
		return ok
	}
	return v == pattern
}
