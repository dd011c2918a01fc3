package search

import "strings"

// uri compares an address: exactly, or by path with :below and :above. A
// canonical in the resource also matches without its version.
type uri struct {
	value    string
	modifier string // "", below, above or contains
}

func parseURI(s, modifier string) (test, string) {
	value, problem := unescape(s)
	if modifier == "contains" {
		value = strings.ToLower(value)
	} else if problem == "" && modifier != "" && strings.HasPrefix(strings.ToLower(value), "urn:") {
		problem = "a urn has no path to be below or above of"
	}
	return uri{value, modifier}, problem
}

func (u uri) match(e element, _ *View) bool {
	s := e.text()
	if len(s) == 0 {
		return false
	}
	switch u.modifier {
	case "below":
		return contains(u.value, string(s))
	case "contains":
		return strings.Contains(strings.ToLower(string(s)), u.value)
	case "above":
		return contains(string(s), u.value)
	}
	if string(s) == u.value {
		return true
	}
	return len(s) > len(u.value) && s[len(u.value)] == '|' && string(s[:len(u.value)]) == u.value
}

// contains reports whether below is above itself or a path under it; the border
// must be one of path segments.
func contains(above, below string) bool {
	rest, ok := strings.CutPrefix(below, above)
	return ok && (rest == "" || strings.HasSuffix(above, "/") || strings.IndexByte("/?#|", rest[0]) >= 0)
}

func (u uri) appendKeys(dst []uint64, salt uint64) []uint64 {
	place, _, _ := strings.Cut(u.value, "|")
	return append(dst, hashString(salt+uriForm, place))
}

func appendURIKeys(dst []uint64, salt uint64, e element) []uint64 {
	s := e.text()
	for i, c := range s {
		if c == '|' {
			s = s[:i]
			break
		}
	}
	return append(dst, hashString(salt+uriForm, s))
}
