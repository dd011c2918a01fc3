package clienthost

import (
	"context"
	"errors"
	"time"
)

// The kinds of Trouble.
const (
	Down   = "down"   // nobody answers: the connection is cut
	Slow   = "slow"   // the answer takes Delay
	Reject = "reject" // the answer is Status
	Lose   = "lose"   // the answer is success, but the notification is thrown away: a gap
	Break  = "break"  // the notification is taken, but the answer gets lost: a duplicate
)

// Trouble is what an endpoint does wrong. The zero value is none.
type Trouble struct {
	Kind   string `json:"kind,omitempty"`
	Status int    `json:"status,omitempty"` // of Reject: of HTTP, or of SMTP for a mailbox
	Delay  int    `json:"delay,omitempty"`  // of Slow, in seconds
	Every  int    `json:"every,omitempty"`  // only each so-manieth attempt meets it; 0 and 1: all
}

// ErrTrouble says that an endpoint can't do that.
var ErrTrouble = errors.New("clienthost: an endpoint of this channel can't cause that trouble")

// maxDelay is longer than servers wait.
const maxDelay = 120

func (t Trouble) check(channel string) error {
	statuses := [2]int{300, 599}
	if channel == Email {
		statuses[0] = 400
	}
	switch t.Kind {
	case "", Down, Lose:
	case Break:
		if channel == Websocket {
			return ErrTrouble
		}
	case Slow:
		if t.Delay < 1 || t.Delay > maxDelay {
			return errors.New("clienthost: the delay must be 1 to 120 seconds")
		}
	case Reject:
		if channel == Websocket {
			return ErrTrouble
		}
		if t.Status < statuses[0] || t.Status > statuses[1] {
			return errors.New("clienthost: the status must be one of a refusal")
		}
	default:
		return ErrTrouble
	}
	if t.Every < 0 || t.Every > 1000 {
		return errors.New("clienthost: every must be 0 to 1000")
	}
	return nil
}

// wait is Slow. It reports whether whoever sends has waited as well.
func (t Trouble) wait(ctx context.Context) bool {
	timer := time.NewTimer(time.Duration(t.Delay) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
