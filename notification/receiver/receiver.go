package receiver

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// Config is what a Receiver is made of. The zero value of every field that is not
// marked as required is a good choice.
type Config struct {
	// Handle is called for each event: one at a time for one subscription, in the order of
	// their numbers, at the same time for several. An error means that it was not handled:
	// the server is told so and sends it again. Required.
	Handle func(ctx context.Context, e Event) error

	// OnProblem is told what the server, the network or both have done that Handle can't
	// see, above all which events are lost. It may be called from several goroutines, must
	// not call the Receiver, and is told again after a crash. Required: a loss that nobody
	// is told of is hidden.
	OnProblem func(ctx context.Context, p Problem)

	// Source answers what was missed; nil: every gap is a Problem at once.
	Source Source

	// Positions keeps the numbers of the events handled; nil: this process's memory. After
	// a restart with nothing kept, the first number that arrives shows a gap from 1 on.
	Positions Positions

	// Verify decides whether a request comes from the server, before it is read as a
	// notification; nil: everybody is believed.
	Verify Verifier

	MaxBytes int           // largest notification taken by ServeHTTP; default 32 MB
	Timeout  time.Duration // how long ServeHTTP waits for the whole of a request; default 30 s
	Patience time.Duration // how long a gap is waited for while Source fails; default 10 min

	// Silence is how long an expected subscription may be silent, for Run: rather more than
	// its heartbeatPeriod. 0: silence is never noticed.
	Silence time.Duration
}

// Event is one event of a subscription.
type Event struct {
	notification.Event
	Subscription string // id of the Subscription
	Topic        string // canonical; "" if the notification does not say
	Recovered    bool   // it was fetched by $events
}

// Receiver takes notifications of the subscriptions of one server. All methods may be
// called at the same time.
type Receiver struct {
	cfg Config

	mu       sync.Mutex
	lines    map[string]*line
	expected map[string]bool
}

// New checks the configuration; it starts nothing.
func New(cfg Config) (*Receiver, error) {
	var errs []error
	if cfg.Handle == nil {
		errs = append(errs, errors.New("receiver: Config.Handle is required"))
	}
	if cfg.OnProblem == nil {
		errs = append(errs, errors.New("receiver: Config.OnProblem is required"))
	}
	if cfg.MaxBytes < 0 || cfg.Timeout < 0 || cfg.Patience < 0 || cfg.Silence < 0 {
		errs = append(errs, errors.New("receiver: Config.MaxBytes, Timeout, Patience and Silence must not be negative"))
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 32 << 20
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Patience == 0 {
		cfg.Patience = 10 * time.Minute
	}
	if cfg.Positions == nil {
		cfg.Positions = &Memory{}
	}
	return &Receiver{cfg: cfg, lines: map[string]*line{}, expected: map[string]bool{}}, errors.Join(errs...)
}

// Errors of Receive, for errors.Is.
var (
	// ErrUnexpected: the notification is about a subscription that is not expected, or
	// names none.
	ErrUnexpected = errors.New("receiver: not a subscription that is expected")
	// ErrWaiting: events are missing and could not be fetched yet.
	ErrWaiting = errors.New("receiver: waiting for events that are missing")
)

// Expect says by their ids which subscriptions there are. From the first call on,
// notifications of others are refused (CLI-03) and Run notices the silence of
// these.
func (r *Receiver) Expect(ids ...string) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range ids {
		r.expected[id] = true
		r.line(id).heard = now
	}
}

// Forget takes an expectation back.
func (r *Receiver) Forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected[id] = false
	delete(r.lines, id)
}

// Receive takes one notification, whichever way it came. When it returns nil, every
// event in it has been handled, now or before. An error means that it should come
// again: that of Handle or Positions, ErrWaiting, ErrUnexpected, or ctx's.
func (r *Receiver) Receive(ctx context.Context, n *notification.Notification) error {
	id := subscriptionID(n.Subscription)
	r.mu.Lock()
	if id == "" || len(r.expected) > 0 && !r.expected[id] {
		r.mu.Unlock()
		return ErrUnexpected
	}
	l := r.line(id)
	l.heard, l.silent = time.Now(), false
	l.users++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		l.users--
	}()
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	return r.take(ctx, l, n)
}

// mostLines bounds what is remembered of subscriptions that nobody expects.
const mostLines = 10_000

// line returns what is remembered of a subscription. The caller holds r.mu.
func (r *Receiver) line(id string) *line {
	l := r.lines[id]
	if l == nil {
		for other, idle := range r.lines {
			if len(r.lines) < mostLines {
				break
			}
			if !r.expected[other] && idle.users == 0 {
				delete(r.lines, other) // Positions has what matters
			}
		}
		l = newLine(id)
		r.lines[id] = l
	}
	return l
}

// subscriptionID is the id in a reference to a Subscription, absolute or relative, "" if
// there is none.
func subscriptionID(reference string) string {
	reference, _, _ = strings.Cut(reference, "/_history/")
	before, id, found := cutLast(reference, "Subscription/")
	if !found || !fhirpath.IsID(id) || before != "" && !strings.HasSuffix(before, "/") {
		return ""
	}
	return id
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
