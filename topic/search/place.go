package search

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// placeOf returns what an element refers to: the reference of a Reference (or of
// a CodeableReference's), a canonical or uri itself, or a resource that stands
// in the reference's place, such as the first of a document. Contained resources
// have no place.
func placeOf(e element) (place, version []byte, ok bool) {
	n, isObject := e.object()
	if isObject {
		if t := n.Get("resourceType"); t.Exists() {
			return []byte(t.Text() + "/" + n.Get("id").Text()), nil, true
		}
		if n = n.Get("reference"); n.Kind() == fhirpath.Object {
			n = n.Get("reference")
		}
		e = element{node: n}
		if !n.Exists() {
			return nil, nil, false
		}
	}
	s := e.text()
	if len(s) == 0 || s[0] == '#' {
		return nil, nil, false
	}
	place, version = splitReference(s)
	return place, version, true
}

// splitReference takes /_history/… and |version off.
func splitReference[T ~string | ~[]byte](s T) (place, version T) {
	const history = "/_history/"
	for i := range len(s) {
		switch {
		case s[i] == '|':
			return s[:i], s[i+1:]
		case s[i] == '/' && len(s) >= i+len(history) && string(s[i:i+len(history)]) == history:
			return s[:i], s[i+len(history):]
		}
	}
	return s, version
}

// typeOfPlace returns the type in [type]/[id] or in an address that ends so, "" if
// there is none.
func typeOfPlace(place string) string {
	rest, id, ok := cutLast(place, '/')
	if !ok || id == "" {
		return ""
	}
	if _, resourceType, ok := cutLast(rest, '/'); ok {
		return resourceType
	}
	return rest
}

func cutLast(s string, separator byte) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, separator); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// referenceText returns what a Reference, a CodeableReference or a canonical says,
// as it says it.
func referenceText(e element) string {
	n, ok := e.object()
	if !ok {
		return string(e.text())
	}
	if n = n.Get("reference"); n.Kind() == fhirpath.Object {
		n = n.Get("reference")
	}
	return n.Text()
}

// localise makes an address below base relative.
func localise[T ~string | ~[]byte](s T, base string) T {
	if n := len(base); n > 0 && len(s) > n && s[n] == '/' && string(s[:n]) == base {
		return s[n+1:]
	}
	return s
}

// isAbsolute reports whether s begins with a scheme.
func isAbsolute[T ~string | ~[]byte](s T) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == ':':
			return i > 0
		case c == '/':
			return false
		}
	}
	return false
}

// tail returns the last n segments of a path. An address below the base and the
// relative reference that it equals have the same, whatever the base is, so that
// keys do not depend on it.
func tail[T ~string | ~[]byte](s T, n int) T {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '/' {
			if n--; n == 0 {
				return s[i+1:]
			}
		}
	}
	return s
}
