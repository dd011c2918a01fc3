// Package invariant checks the promise of delivery, whatever happened on the way:
// every committed, matching, authorized change has exactly one event per
// subscription; the numbers of each log are 1 to N; each number's first receipt is
// in order; a number always names the same focus; duplicates don't exceed the faults
// that excuse them; nothing arrives that nobody committed.
//
// Tests feed a Checker with what was committed and with what arrived, inject faults
// elsewhere, and ask it at the end.
package invariant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

// Focus is what an event is about. Version is empty where a notification does not
// show it; it then agrees with every version.
type Focus struct{ Reference, Version string }

// agrees reports whether both may be of the same change.
func (f Focus) agrees(other Focus) bool {
	return f.Reference == other.Reference && (f.Version == other.Version || f.Version == "" || other.Version == "")
}

// Checker collects commitments and receipts. It is safe for concurrent use; the
// zero value is ready.
type Checker struct {
	mu       sync.Mutex
	expected map[string][]Focus   // by subscription
	received map[string][]receipt // by subscription, in order of arrival
	faults   int
}

type receipt struct {
	number int64
	focus  Focus
}

// Expect says that a change of focus was committed which the subscription matches.
func (c *Checker) Expect(subscription string, focus Focus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expected == nil {
		c.expected = map[string][]Focus{}
	}
	c.expected[subscription] = append(c.expected[subscription], focus)
}

// Excuse says that n faults were injected, each of which may lead to one
// notification being sent once more.
func (c *Checker) Excuse(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults += n
}

// Receive records a notification Bundle that arrived for a subscription. Only event
// notifications count.
func (c *Checker) Receive(subscription string, bundle []byte) error {
	n, err := notification.Parse(bundle)
	if err != nil {
		return err
	}
	if n.Type != notification.EventNotification {
		return nil
	}
	for _, e := range n.Events {
		c.ReceiveEvent(subscription, e.Number, FocusOf(e))
	}
	return nil
}

// ReceiveEvent records an event that arrived in another form than that of a
// notification Bundle.
func (c *Checker) ReceiveEvent(subscription string, number int64, focus Focus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.received == nil {
		c.received = map[string][]receipt{}
	}
	c.received[subscription] = append(c.received[subscription], receipt{number, focus})
}

// FocusOf returns what an event is about: Type/id, with meta.versionId if the event
// carries the resource.
func FocusOf(e notification.Event) Focus {
	parts := strings.Split(e.Focus.FullURL, "/")
	f := Focus{Reference: strings.Join(parts[max(0, len(parts)-2):], "/")}
	if doc, err := fhirpath.Parse(e.Focus.Resource); err == nil {
		f.Version = doc.Root().Path("meta", "versionId").Text()
	}
	return f
}

// Received returns how many events of a subscription have arrived, repetitions not
// counted.
func (c *Checker) Received(subscription string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	numbers := map[int64]bool{}
	for _, r := range c.received[subscription] {
		numbers[r.number] = true
	}
	return len(numbers)
}

// Complete reports whether as many events have arrived as were expected.
func (c *Checker) Complete() bool {
	c.mu.Lock()
	want := make(map[string]int, len(c.expected))
	for s, foci := range c.expected {
		want[s] = len(foci)
	}
	c.mu.Unlock()
	for s, n := range want {
		if c.Received(s) < n {
			return false
		}
	}
	return true
}

// Report counts what was found. All but Events, Duplicates and Faults must be 0.
type Report struct {
	Events     int // received, repetitions not counted
	Lost       int // committed and never received
	Unexpected int // received, but not committed
	Gaps       int // numbers missing below the highest
	Twice      int // numbers that named two things
	OutOfOrder int // first receipts after a higher number's
	Duplicates int // repetitions
	Faults     int // that excuse repetitions
}

// String is one line of figures.
func (r Report) String() string {
	return fmt.Sprintf("events=%d lost=%d unexpected=%d gaps=%d twice=%d disorder=%d dup=%d faults=%d",
		r.Events, r.Lost, r.Unexpected, r.Gaps, r.Twice, r.OutOfOrder, r.Duplicates, r.Faults)
}

// Add adds another report's figures, as those of many runs.
func (r *Report) Add(o Report) {
	r.Events += o.Events
	r.Lost += o.Lost
	r.Unexpected += o.Unexpected
	r.Gaps += o.Gaps
	r.Twice += o.Twice
	r.OutOfOrder += o.OutOfOrder
	r.Duplicates += o.Duplicates
	r.Faults += o.Faults
}

// Err is nil if the promise was kept.
func (r Report) Err() error {
	if r.Lost+r.Unexpected+r.Gaps+r.Twice+r.OutOfOrder > 0 || r.Duplicates > r.Faults {
		return fmt.Errorf("the promise of delivery was broken: %v", r)
	}
	return nil
}

// Report judges everything recorded so far.
func (c *Checker) Report() Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{Faults: c.faults}
	all := map[string]bool{}
	for s := range c.expected {
		all[s] = true
	}
	for s := range c.received {
		all[s] = true
	}
	for s := range all {
		r.judge(c.expected[s], c.received[s])
	}
	return r
}

// judge adds the verdict on one subscription.
func (r *Report) judge(expected []Focus, received []receipt) {
	first := map[int64]Focus{}
	highest := int64(0)
	for _, got := range received {
		known, again := first[got.number]
		switch {
		case again && !known.agrees(got.focus):
			r.Twice++
		case again:
			r.Duplicates++
			if known.Version == "" {
				first[got.number] = got.focus
			}
		default:
			first[got.number] = got.focus
			if got.number < highest {
				r.OutOfOrder++
			}
			highest = max(highest, got.number)
		}
	}
	r.Events += len(first)
	r.Gaps += int(highest) - len(first)

	// Pair each event with a commitment of its own; those with a version choose first.
	events := make([]Focus, 0, len(first))
	for _, f := range first {
		events = append(events, f)
	}
	slices.SortFunc(events, func(a, b Focus) int { return cmp.Compare(len(b.Version), len(a.Version)) })
	open := map[Focus]int{}
	byReference := map[string]int{}
	for _, f := range expected {
		open[f]++
		byReference[f.Reference]++
	}
	for _, f := range events {
		if byReference[f.Reference] == 0 || f.Version != "" && open[f] == 0 && open[Focus{Reference: f.Reference}] == 0 {
			r.Unexpected++
			continue
		}
		if open[f] == 0 {
			f.Version = ""
		}
		open[f]--
		byReference[f.Reference]--
	}
	for _, n := range byReference {
		r.Lost += n
	}
}
