package subscription

// Status is a code of the value set subscription-status (LIFE-01).
type Status string

// The life of a Subscription: requested until its endpoint has accepted a
// handshake, active while notifications arrive, error when they no longer do, off
// when nobody wants them.
const (
	StatusRequested Status = "requested"
	StatusActive    Status = "active"
	StatusError     Status = "error"
	StatusOff       Status = "off"

	// StatusEnteredInError exists in R5 only. To the engine it is as off.
	StatusEnteredInError Status = "entered-in-error"
)

// ended: events don't count, and nothing is sent.
func (s Status) ended() bool { return s == StatusOff || s == StatusEnteredInError }
