package notification

import (
	"errors"
	"strconv"
)

var (
	// ErrRelease says that this FHIR release has no form of a notification: none but R4,
	// R4B and R5 has.
	ErrRelease = errors.New("notification: release not supported")
	// ErrNoNotification says that the input is well formed JSON but no Bundle with a
	// status entry, so that it may be something else altogether.
	ErrNoNotification = errors.New("notification: no Bundle with a status entry")
	// ErrSeveral says that a Bundle speaks of several subscriptions, which Parse
	// cannot return and ParseAll can.
	ErrSeveral = errors.New("notification: several status entries")
)

// InvalidError says that one element of a Notification (from Append), or of a
// Bundle (from Parse), is missing, contradicts another one or cannot be understood.
type InvalidError struct {
	Element string // such as "Notification.Events[0].Number" or "Bundle.entry[0].resource.status"
	Problem string // never holds the element's value
}

// Error returns the element and the problem.
func (e *InvalidError) Error() string {
	return "notification: " + e.Element + ": " + e.Problem
}

func invalid(element, problem string) error {
	return &InvalidError{Element: element, Problem: problem}
}

// at returns the path of a list's element, such as "parameter[3]".
func at(list string, i int) string {
	return list + "[" + strconv.Itoa(i) + "]"
}
