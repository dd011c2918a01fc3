package fhirpath

// IsID reports whether s can be the id of a resource: 1 to 64 letters, digits, hyphens and
// dots (https://hl7.org/fhir/datatypes.html#id). The ids . and .. are left out, though the
// data type has them: no URL can hold them.
func IsID(s string) bool {
	if len(s) == 0 || len(s) > 64 || s == "." || s == ".." {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}
