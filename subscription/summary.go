package subscription

import (
	"encoding/json"
	"slices"
	"strings"
)

// shape is how much of a Subscription a client wants to see: _summary or _elements.
// The zero value shows all.
type shape struct {
	summary  string
	elements []string
}

// read takes one of the two parameters; what it can't mean is refused.
func (v *shape) read(f *form, name, value string) error {
	if v.summary != "" || v.elements != nil {
		return refuseParameter(name, "_summary and _elements may be given once, and not together")
	}
	if name == "_summary" {
		if !slices.Contains([]string{"true", "false", "text", "data", "count"}, value) {
			return refuseParameter(name, "true, false, text, data or count is needed")
		}
		v.summary = value
		return nil
	}
	for element := range strings.SplitSeq(value, ",") {
		element = strings.TrimPrefix(element, "Subscription.")
		if !slices.Contains(commonMembers, element) && !slices.Contains(f.members, element) {
			return refuseParameter(name, "names of elements of Subscription are needed")
		}
		v.elements = append(v.elements, element)
	}
	return nil
}

// show returns what is to be seen of a resource, marked if something is left out.
func (v *shape) show(f *form, resource json.RawMessage) json.RawMessage {
	all := members(parsed(resource))
	some := object{}
	for name, value := range all {
		if v.shows(f, strings.TrimPrefix(name, "_")) {
			some[name] = value
		}
	}
	if len(some) == len(all) && v.summary != "text" && v.summary != "true" {
		return resource
	}
	meta := members(parsed(some["meta"]))
	tags := [][]byte{}
	for tag := range parsed(meta["tag"]).Elements() {
		tags = append(tags, tag.Raw())
	}
	meta["tag"] = array(append(tags, []byte(`{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`)))
	some["meta"] = meta.raw()
	return some.raw()
}

func (v *shape) shows(f *form, name string) bool {
	if slices.Contains([]string{"resourceType", "id", "meta"}, name) {
		return true
	}
	switch {
	case v.summary == "true": // nearly all of Subscription is
		return !slices.Contains(f.details, name)
	case v.summary == "data":
		return name != "text"
	case v.summary == "text":
		return name == "text" || slices.Contains(f.mandatory, name)
	case v.elements != nil:
		return slices.Contains(v.elements, name) || slices.Contains(f.mandatory, name)
	}
	return true
}
