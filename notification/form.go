package notification

import (
	"fmt"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// form is what one release writes in a way of its own. Each is in the file of its
// release.
type form struct {
	// header holds the members of a notification Bundle behind its id: the profile, if
	// the release's examples name one, and the type.
	header string
	// statuses are the codes of a Subscription's status.
	statuses []string
	// status appends the status resource.
	status func(dst []byte, n *Notification) []byte
	// exchange appends what an entry says of its request and response; e is nil for
	// the entry of the status.
	exchange func(dst []byte, n *Notification, e *Entry) []byte
	// once says that no two entries may be of the same version of a resource (bdl-7,
	// which exempts a history).
	once bool
}

func formOf(r fhirpath.Release) (*form, error) {
	switch r {
	case fhirpath.R4:
		return &r4, nil
	case fhirpath.R4B:
		return &r4b, nil
	case fhirpath.R5:
		return &r5, nil
	}
	return nil, fmt.Errorf("%w: %v", ErrRelease, r)
}
