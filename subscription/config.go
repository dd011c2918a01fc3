package subscription

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Config is what an Engine is made of. The zero value of every field that is not
// marked as required is a good choice.
type Config struct {
	Store      Store      // required
	Channels   []Channel  // required: one per type
	Authorizer Authorizer // required: who may subscribe, and who may see an event
	BaseURL    string     // required: the FHIR server's base, such as https://fhir.example.org/r4
	Release    Release    // required: the host's own, R4, R4B or R5

	// StatusRelease is in whose form notifications and the answers of $status tell the
	// status. The only other choice than Release, which is the default, is R4B on an R4
	// server: there a SubscriptionStatus then takes the place of the Parameters that the
	// Backport guide has, and names its Subscription by a relative reference, because some
	// clients, Medplum's among them, look for that. A Subscription whose MIME
	// type has a fhirVersion gets what that says.
	StatusRelease Release

	Topics     []*topic.Topic   // what clients may subscribe to
	Evaluators []TopicEvaluator // for topics whose criteria are in further languages

	// What topics and filters need beyond the changed resource. A topic or filter that
	// needs what is nil is refused when it is loaded or accepted; a notificationShape
	// then adds nothing.
	Resolver    Resolver
	Terminology Terminology // for :in, :not-in, :above, :below on codes, memberOf and subsumes

	// Classic lists the resource types for which clients may write Subscriptions whose
	// criteria are a search, such as Observation?code=1975-2, as they did before there were
	// topics (docs/conformance.md, Classic Subscriptions); Resource stands for all. Their cost is that every create
	// and update of these types is recorded, whether or not anybody subscribes to it, as only
	// the record is the same for all nodes. Default: none, and query criteria are refused.
	// There are none in R5.
	Classic []string

	Definitions *search.Definitions   // the release's search parameters and the host's own; nil: the release's
	Filters     topic.FilterEvaluator // of filters by names that topics define themselves; nil: such are refused

	// Sealer encrypts Subscriptions before they are stored; nil: they are stored as they
	// are, header values included. Those stored before stay readable only to the Sealer that
	// sealed them.
	Sealer Sealer

	// OnStatus is told the status of a Subscription after it has changed, for hosts that
	// keep a copy of it: at least once for the newest status, in order for one
	// Subscription, and again every few seconds if it fails or takes longer than
	// SendTimeout. Until it succeeds, the Subscription gets no notifications.
	OnStatus func(ctx context.Context, s StatusUpdate) error

	// OnNotified is told of each attempt to notify after it has ended, for hosts that owe an
	// AuditEvent for it. It is called by who has made the attempt, for many Subscriptions at
	// the same time, and holds up that Subscription's next one. It must return when ctx ends:
	// after half of what Lease is longer than SendTimeout, and earlier if the claim has to be
	// closed. It may call OnResourceChange: see the example for how not to go in circles. nil:
	// nobody is told.
	//
	// Deliveries of a Session are told of when they are confirmed, or when their connection is
	// lost: one after the other, by a goroutine beside it, and the Session sends nothing while
	// 256 of them have not been told of. Of those that are left when Run has waited for
	// DrainTimeout it is not told: what has arrived of them is sent again, and told of then.
	//
	// Failure policy: it can't undo what was sent, and returns nothing; what it has not done
	// when ctx ends is not asked for again. It is called before the outcome is recorded, so a
	// crash in between repeats the notification and the call, both with the same ID.
	OnNotified func(ctx context.Context, n Notified)

	// Node names this process among those that share the store; default: the host's
	// name. A process that starts under a name takes over at once what that name
	// still holds, so no two running processes may share one.
	Node string

	// Retry is the schedule of waits between attempts to deliver: after its last wait
	// has failed as well, the Subscription's status becomes error. Each wait varies by
	// a fifth, so that subscribers don't fail in step. Default: 1 s, 5 s, 30 s, 2 m,
	// 5 m, 15 m, 30 m, then hourly until 72 h have passed. A new Subscription's
	// handshake uses those first waits that fit into ten seconds together.
	Retry []time.Duration

	HandshakeDelay time.Duration // between a Subscription's acceptance and its handshake; default 0
	MinHeartbeat   time.Duration // shorter heartbeatPeriods are raised to it; default 10 s
	SendTimeout    time.Duration // for one attempt, and the most that backport-timeout may ask for; default 30 s
	MaxBatch       int           // most events in a notification, whatever maxCount says; default 100
	Lease          time.Duration // how long a silent node keeps its work; default 60 s, must exceed SendTimeout
	Concurrency    int           // attempts under way at once; default 64
	PerHost        int           // of them, to one host and port for one tenant; default 8
	PerTenant      int           // of them, for one named tenant; default 16
	Poll           time.Duration // how often to look for work that nothing announced; default 1 s, at most a third of Lease
	DrainTimeout   time.Duration // how long Run waits for attempts under way when it stops; default 20 s
	Retention      time.Duration // how long delivered events stay available to $events, and a Subscription over a Connector without a connection; default 7 days
	BindingTime    time.Duration // how long a binding token, and what is bound by it, lasts; default 1 h
	MaxBytes       int           // largest body that Handler takes, and most bytes of resources in a notification; default 10 MB

	// PerOwner is how many Subscriptions one owner of one tenant may have, whatever their
	// status; default 10000, which is one for each patient of a large practice, and 10 MB.
	// More are refused with the issue too-costly. Where AuthorizeSubscription names no
	// owner, there is no such bound. As many binding tokens that nobody has used yet may
	// there be for one owner, or for all Subscriptions without one.
	PerOwner int

	// What the standard leaves to servers.
	EntryPerReference bool // id-only notifications have an entry without resource for each reference (PAY-06, PAY-07)
	ShowDeleted       bool // full-resource ones show the last state of what was deleted (AMB-14)

	// FailedHandshakes is how many attempts to verify endpoints may fail at one host, at
	// whatever port, for one tenant within an hour; default 1000. Then Subscriptions for it
	// that want to be verified get the status error, and nothing is sent.
	FailedHandshakes int

	Observer Observer     // is told what the engine does, for metrics and traces; nil: nobody is
	Logger   *slog.Logger // default: discards everything
}

// StatusUpdate is a new status of a Subscription.
type StatusUpdate struct {
	Tenant, ID string    // whose Subscription it is, and its id
	Status     Status    // the newest
	Error      string    // why the status is error or off, or stays requested: a code of the engine's, see the package documentation
	At         time.Time // when the Subscription was last changed: its meta.lastUpdated
}

// TopicEvaluator evaluates topics whose criteria are written in a language of its
// own. All methods may be called at the same time.
type TopicEvaluator interface {
	// Language names the language, as a MIME type such as text/cel.
	Language() string
	// Compile checks a topic's triggers and makes them executable. It returns nil and
	// no error for a topic that has no criteria in this language. When the program
	// fails, the change is kept for the sequencer, which asks once more; there, an error
	// that is context.DeadlineExceeded is asked about until it is none, and any other
	// means that the trigger does not fire.
	Compile(t *topic.Topic) (topic.Program, error)
}

// complete returns c with its defaults, or everything that is wrong with it.
func (c Config) complete() (Config, error) {
	var errs []error
	require := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New("subscription: Config."+what))
		}
	}
	require(c.Store != nil, "Store is required")
	require(len(c.Channels) > 0, "Channels needs at least one channel")
	require(c.Authorizer != nil, "Authorizer is required; InsecureAllowAll lets everybody see everything")
	require(c.Release == R4 || c.Release == R4B || c.Release == R5, fmt.Sprintf("Release: %v is not supported; R4, R4B and R5 are", c.Release))
	if c.StatusRelease == 0 {
		c.StatusRelease = c.Release
	}
	require(c.StatusRelease == c.Release || c.Release == R4 && c.StatusRelease == R4B, "StatusRelease must be Release, or R4B on an R4 server")
	base, err := url.Parse(c.BaseURL)
	require(err == nil && (base.Scheme == "http" || base.Scheme == "https") && base.Host != "" && base.RawQuery == "" && base.Fragment == "",
		"BaseURL must be an absolute http or https URL without query")
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	for _, name := range c.Classic {
		require(c.Release != R5, "Classic: R5 has no query criteria")
		require(name == "Resource" || search.IsResourceType(c.Release, name), "Classic has a name that is no resource type")
	}
	for _, ev := range c.Evaluators {
		require(ev != nil, "Evaluators has a nil evaluator")
	}
	seen := map[string]bool{}
	for _, ch := range c.Channels {
		if ch == nil {
			errs = append(errs, errors.New("subscription: Config.Channels has a nil channel"))
			continue
		}
		require(!seen[ch.Type()], "Channels has two channels of type "+ch.Type())
		seen[ch.Type()] = true
	}
	positive := func(d *time.Duration, fallback time.Duration, name string) {
		if *d == 0 {
			*d = fallback
		}
		require(*d > 0, name+" must be positive")
	}
	positive(&c.MinHeartbeat, 10*time.Second, "MinHeartbeat")
	positive(&c.SendTimeout, 30*time.Second, "SendTimeout")
	positive(&c.Lease, 60*time.Second, "Lease")
	positive(&c.Poll, min(time.Second, c.Lease/3), "Poll")
	positive(&c.DrainTimeout, 20*time.Second, "DrainTimeout")
	positive(&c.Retention, 7*24*time.Hour, "Retention")
	positive(&c.BindingTime, time.Hour, "BindingTime")
	require(c.HandshakeDelay >= 0, "HandshakeDelay must not be negative")
	require(c.Poll <= c.Lease/3, "Poll must be at most a third of Lease, so that a lease is renewed in time")
	require(c.Lease > c.SendTimeout, "Lease must be longer than SendTimeout, so that an attempt never outlives its claim")
	for _, wait := range c.Retry {
		require(wait > 0, "Retry must hold positive waits")
	}
	if len(c.Retry) == 0 {
		c.Retry = defaultRetry()
	}
	if c.Concurrency == 0 {
		c.Concurrency = 64
	}
	if c.PerHost == 0 {
		c.PerHost = 8
	}
	if c.PerTenant == 0 {
		c.PerTenant = 16
	}
	if c.PerOwner == 0 {
		c.PerOwner = 10000
	}
	if c.FailedHandshakes == 0 {
		c.FailedHandshakes = 1000
	}
	if c.MaxBatch == 0 {
		c.MaxBatch = 100
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 10 << 20
	}
	require(c.Concurrency > 0, "Concurrency must be positive")
	require(c.PerHost > 0, "PerHost must be positive")
	require(c.PerTenant > 0, "PerTenant must be positive")
	require(c.PerOwner > 0, "PerOwner must be positive")
	require(c.FailedHandshakes > 0, "FailedHandshakes must be positive")
	require(c.MaxBatch > 0, "MaxBatch must be positive")
	require(c.MaxBytes > 0, "MaxBytes must be positive")
	if c.Node == "" {
		if c.Node, err = os.Hostname(); err != nil || c.Node == "" {
			c.Node = "node"
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, errors.Join(errs...)
}
