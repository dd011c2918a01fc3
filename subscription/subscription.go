package subscription

import (
	"encoding/json"
	"time"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/topic"
)

// Subscription is a Subscription as the engine understands it, whichever release
// it was written in. It is read-only.
type Subscription struct {
	Tenant  string         // "" for a host without tenants
	ID      string         // the logical id; "" while it is being created
	Owner   string         // what AuthorizeSubscription said
	Status  Status         // as it is stored
	Topic   string         // canonical, as the client wrote it; "" for a classic Subscription
	Classic string         // the resource type that a classic Subscription's criteria search; "" for others
	Filters []topic.Filter // the parameters of a classic Subscription's criteria

	ChannelType string               // a Channel's Type
	Endpoint    string               // Subscription.channel.endpoint, R5: Subscription.endpoint
	Headers     []string             // each as "Name: value"; the values are secrets
	ContentType string               // MIME type of notifications
	Content     notification.Content // the payload level; of a classic Subscription without payload empty, else full-resource
	Release     Release              // in whose form its notifications are written

	HeartbeatPeriod time.Duration // 0: no heartbeats
	Timeout         time.Duration // 0: Config.SendTimeout
	MaxCount        int           // 0: one event in a notification
	End             time.Time     // zero: never

	Resource json.RawMessage // as it was accepted, without status, error and version

	host string // of Endpoint; see hostOf

	adjusted bool // filters were left out: its client has to agree

	// alone is how long a Subscription whose Channel is a Connector may have no
	// connection, counted from updated at the earliest; 0 for all others.
	alone   time.Duration
	updated time.Time
}

// abandoned is when a Subscription over a Connector is given up, unless somebody
// connects.
func (s *Subscription) abandoned(sent time.Time) time.Time {
	if sent.Before(s.updated) {
		sent = s.updated
	}
	return sent.Add(s.alone)
}

// target describes the subscription to its channel.
func (s *Subscription) target() Target {
	return Target{
		Tenant: s.Tenant, Subscription: s.ID,
		Endpoint: s.Endpoint, Headers: s.Headers,
		ContentType: s.ContentType, Content: s.Content, Timeout: s.Timeout, Classic: s.Classic != "",
	}
}

// batch is the most events that one notification of s may hold. Without maxCount it
// is one: who wants batches says so (HB-15).
func (s *Subscription) batch() int { return max(s.MaxCount, 1) }
