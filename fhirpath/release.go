package fhirpath

import "fmt"

// Release names a FHIR release. The zero value is no release and is refused
// wherever one is needed.
type Release uint8

// The releases whose resources Carillon reads and writes.
const (
	R4  Release = iota + 1 // 4.0.1
	R4B                    // 4.3.0
	R5                     // 5.0.0
)

// String returns the short name, such as "R4B".
func (r Release) String() string {
	switch r {
	case R4:
		return "R4"
	case R4B:
		return "R4B"
	case R5:
		return "R5"
	}
	return "unknown release"
}

// Version returns the business version, such as "4.0.1", which is also what the
// MIME parameter fhirVersion abbreviates to its first two parts.
func (r Release) Version() string {
	switch r {
	case R4:
		return "4.0.1"
	case R4B:
		return "4.3.0"
	case R5:
		return "5.0.0"
	}
	return ""
}

// ParseRelease is the inverse of String.
func ParseRelease(s string) (Release, error) {
	for _, r := range []Release{R4, R4B, R5} {
		if r.String() == s {
			return r, nil
		}
	}
	return 0, fmt.Errorf("fhirpath: %q is not a FHIR release; want R4, R4B or R5", s)
}
