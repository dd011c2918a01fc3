package receiver

import (
	"fmt"
	"time"
)

// Problem is something that a subscriber must know and can't see from the events.
type Problem struct {
	Kind         ProblemKind // also says which of the fields below are set
	Subscription string      // id of the Subscription

	First, Last int64     // Lost: the numbers that are lost, both included
	Had, Has    int64     // Reset: the number of the last event handled, and the server's count
	Status      string    // Failing: the status of the Subscription
	Since       time.Time // Silent: when it was last heard of
}

// ProblemKind is a kind of Problem.
type ProblemKind string

// The kinds of problems.
const (
	// Lost: events happened whose content can't be had any more. Only a search of the
	// server's resources can tell what they were about.
	Lost ProblemKind = "lost"
	// Reset: the server counts fewer events than were handled. It has lost or replaced the
	// subscription; its events are taken from its count's beginning.
	Reset ProblemKind = "reset"
	// Failing: the Subscription's status is error or off. Until it is updated to requested
	// by its owner, no events come.
	Failing ProblemKind = "failing"
	// Silent: nothing was heard for Config.Silence.
	Silent ProblemKind = "silent"
	// Unnumbered: the server sends events without numbers. They are handled as they come;
	// loss and repetition can't be noticed. Told once for a subscription.
	Unnumbered ProblemKind = "unnumbered"
)

// String describes the problem without the subscription's id.
func (p Problem) String() string {
	switch p.Kind {
	case Lost:
		return fmt.Sprintf("events %d to %d are lost", p.First, p.Last)
	case Reset:
		return fmt.Sprintf("the server counts %d events, of which %d were handled before", p.Has, p.Had)
	case Failing:
		return fmt.Sprintf("the subscription's status is %s", p.Status)
	case Silent:
		return fmt.Sprintf("nothing was heard since %s", p.Since.UTC().Format(time.RFC3339))
	case Unnumbered:
		return "events come without numbers"
	}
	return string(p.Kind)
}
