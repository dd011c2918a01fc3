package fhirserver

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/jsonpatch"
)

// parse reads a request's body strictly.
func parse(body []byte) (fhirpath.Node, error) {
	doc, err := fhirpath.Parse(body)
	if err != nil {
		var syntax *fhirpath.SyntaxError
		if errors.As(err, &syntax) {
			return fhirpath.Node{}, refuse(http.StatusBadRequest, "structure", "the body is no valid JSON: %s at byte %d", syntax.Problem, syntax.Offset)
		}
		return fhirpath.Node{}, err
	}
	if doc.Root().Kind() != fhirpath.Object {
		return fhirpath.Node{}, refuse(http.StatusBadRequest, "structure", "the body is no JSON object")
	}
	return doc.Root(), nil
}

// parseTyped reads a body of the given resource type.
func parseTyped(body []byte, resourceType string) (fhirpath.Node, error) {
	root, err := parse(body)
	if err != nil {
		return root, err
	}
	switch found := root.Get("resourceType"); {
	case !found.Exists():
		return root, refuse(http.StatusBadRequest, "required", "resourceType is missing").at("resourceType")
	case !found.Is(resourceType):
		return root, invalid("the resource is not of the type %s that the URL names", resourceType).at("resourceType")
	}
	return root, nil
}

// parseResource reads a resource that is to be stored.
func parseResource(body []byte, resourceType string) (fhirpath.Node, error) {
	root, err := parseTyped(body, resourceType)
	if err != nil {
		return root, err
	}
	if id := root.Get("id"); id.Exists() && (id.Kind() != fhirpath.String || !fhirpath.IsID(id.Text())) {
		return root, refuse(http.StatusBadRequest, "value", "an id has 1 to 64 letters, digits, hyphens and dots").at(resourceType + ".id")
	}
	if meta := root.Get("meta"); meta.Exists() && meta.Kind() != fhirpath.Object {
		return root, refuse(http.StatusBadRequest, "structure", "meta is no object").at(resourceType + ".meta")
	}
	if p := checkForm(root, resourceType); p != nil {
		return root, p
	}
	return root, nil
}

// checkForm holds what FHIR adds to JSON: no array, object or string is empty, and
// null stands only in the arrays of primitives that have extensions; see
// https://hl7.org/fhir/R4/json.html.
func checkForm(n fhirpath.Node, expression string) *problem {
	empty := true
	switch n.Kind() {
	case fhirpath.Object:
		for name, member := range n.Members() {
			empty = false
			if member.Kind() == fhirpath.Null {
				return refuse(http.StatusBadRequest, "structure", "an element must not be null").at(expression + "." + name)
			}
			if p := checkForm(member, expression+"."+name); p != nil {
				return p
			}
		}
	case fhirpath.Array:
		i := 0
		for element := range n.Elements() {
			empty = false
			if element.Kind() == fhirpath.Array {
				return refuse(http.StatusBadRequest, "structure", "an array must not be in an array").at(expression)
			}
			if element.Kind() >= fhirpath.String {
				if p := checkForm(element, expression+"["+strconv.Itoa(i)+"]"); p != nil {
					return p
				}
			}
			i++
		}
	case fhirpath.String:
		empty = n.Is("")
	default:
		return nil
	}
	if empty {
		return refuse(http.StatusBadRequest, "structure", "an element must not be empty").at(expression)
	}
	return nil
}

// stamp returns the resource with its id, meta.versionId and meta.lastUpdated set.
// Every other byte stays as the client wrote it: decimals keep their digits, text
// its escapes.
func stamp(resource fhirpath.Node, id string, version int64, updated time.Time) []byte {
	var e jsonpatch.Edits
	meta := resource.Get("meta")
	versionID := `"versionId":"` + strconv.FormatInt(version, 10) + `"`
	lastUpdated := `"lastUpdated":"` + updated.Format(instant) + `"`

	at, added := jsonpatch.End(resource.Get("resourceType")), ""
	if found := resource.Get("id"); found.Exists() {
		e.Replace(found, `"`+id+`"`)
		at = jsonpatch.End(found)
	} else {
		added = `,"id":"` + id + `"`
	}
	if !meta.Exists() {
		added += `,"meta":{` + versionID + "," + lastUpdated + "}"
	}
	e.Insert(at, added)
	if meta.Exists() {
		missing := ""
		for _, member := range []struct{ name, text string }{{"versionId", versionID}, {"lastUpdated", lastUpdated}} {
			if found := meta.Get(member.name); found.Exists() {
				e.Replace(found, member.text[len(member.name)+3:])
			} else {
				missing += member.text + ","
			}
		}
		if missing != "" && !jsonpatch.HasMembers(meta) {
			missing = missing[:len(missing)-1]
		}
		e.Insert(meta.Offset()+1, missing)
	}
	return e.Apply(resource)
}

// instant is the layout of the data type instant that this server writes.
const instant = "2006-01-02T15:04:05.000Z07:00"
