package subscription

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// Release names the FHIR release of the host's resources.
type Release = fhirpath.Release

// The releases of FHIR that an Engine may serve, one at a time.
const (
	R4  = fhirpath.R4
	R4B = fhirpath.R4B
	R5  = fhirpath.R5
)

// form is how a release writes Subscriptions. What the releases do differently is in
// r4.go, which is also R4B's, and in r5.go. Elsewhere elements have their names of R4.
type form struct {
	members   []string // of Subscription, beside commonMembers
	mandatory []string // of them all
	details   []string // what is not in a summary
	statuses  []Status
	reason    bool // reason is required
	problem   bool // there is an element error

	read    func(r *reader, s *Subscription)                  // topic, filters and channel
	write   func(r *reader, s *Subscription, resource object) // puts in defaults and limits
	spec    func(resource object) object                      // what the sequencer must know
	mask    func(resource object)                             // hides the values of headers
	element func(path string) string                          // what this release calls an element
}

// formOf returns the form of a release.
func formOf(r Release) *form {
	if r == R5 {
		return &r5Form
	}
	return &r4Form
}

// versionOf returns the parameter fhirVersion of a MIME type, "" if it has none.
func versionOf(contentType string) string {
	_, params, err := ParsePayload(contentType)
	if err != nil {
		return ""
	}
	return params["fhirversion"]
}

// isVersion reports whether a value of fhirVersion means a release.
func isVersion(version string, r Release) bool {
	return version == r.Version() || version == strings.TrimSuffix(r.Version(), ".1") || version == strings.TrimSuffix(r.Version(), ".0")
}

// rendering returns the release in whose form the notifications of s are written, as
// its MIME type asks for (CH-04, ACC-11); ok is false if they can't be. An R4
// server can tell a status as R4B does, but it has no resources of that release.
func (c *Config) rendering(s *Subscription) (r Release, ok bool) {
	switch version := versionOf(s.ContentType); {
	case version == "":
		return c.StatusRelease, true
	case isVersion(version, c.Release):
		return c.Release, true
	case c.Release == R4 && isVersion(version, R4B) && s.Content != notification.FullResource:
		return R4B, true
	}
	return c.Release, false
}
