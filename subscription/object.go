package subscription

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// object is a JSON object whose members keep their bytes.
type object map[string]json.RawMessage

// members returns the members of a JSON object, nil if n is none.
func members(n fhirpath.Node) object {
	if n.Kind() != fhirpath.Object {
		return nil
	}
	o := object{}
	for name, value := range n.Members() {
		o[name] = value.Raw()
	}
	return o
}

// raw returns o as JSON, resourceType and id first, the rest by name.
func (o object) raw() json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	write := func(name string, value json.RawMessage) {
		if len(value) == 0 {
			return
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(quote(name))
		out.WriteByte(':')
		out.Write(value)
	}
	write("resourceType", o["resourceType"])
	write("id", o["id"])
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if name != "resourceType" && name != "id" {
			write(name, o[name])
		}
	}
	out.WriteByte('}')
	return out.Bytes()
}

func quote(s string) json.RawMessage {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string: can't fail
	return bytes.TrimSpace(out.Bytes())
}

// withExtension returns the element n with one extension of that url, whose value
// is the given one, in the place of any that it had.
func withExtension(n fhirpath.Node, url, name string, value json.RawMessage) json.RawMessage {
	element := members(n)
	if element == nil {
		element = object{}
	}
	var list [][]byte
	for ext := range n.Get("extension").Elements() {
		if !ext.Get("url").Is(url) {
			list = append(list, ext.Raw())
		}
	}
	list = append(list, object{"url": quote(url), name: value}.raw())
	element["extension"] = array(list)
	return element.raw()
}

// array returns a JSON array.
func array(list [][]byte) json.RawMessage {
	return append(append([]byte{'['}, bytes.Join(list, []byte{','})...), ']')
}

// only returns the members of those names.
func (o object) only(names ...string) object {
	some := object{}
	for _, name := range names {
		some[name] = o[name]
	}
	return some
}

// parsed indexes JSON that the engine has made itself.
func parsed(raw json.RawMessage) fhirpath.Node {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return fhirpath.Node{}
	}
	return doc.Root()
}
