package sweep

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

const (
	base      = "https://fhir.example.org/r4"
	topicURL  = "https://topics.example.org/patient"
	topicJSON = `{"resourceType":"SubscriptionTopic","url":"` + topicURL + `","status":"active","resourceTrigger":[{"resource":"Patient"}],"canFilterBy":[{"resource":"Patient","filterParameter":"_id"}]}`
	backport  = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
)

var topics = sync.OnceValue(func() []*topic.Topic {
	t, err := topic.Parse([]byte(topicJSON))
	if err != nil {
		panic(err)
	}
	return []*topic.Topic{t}
})

// Secret is the id of a Patient of whom nobody may know.
const Secret = "secret"

// policy hides the Secret.
type policy struct{ subscription.InsecureAllowAll }

func (p policy) AuthorizeEvent(ctx context.Context, focus json.RawMessage, subs []*subscription.Subscription) ([]subscription.Verdict, error) {
	if strings.Contains(string(focus), `"`+Secret+`"`) {
		return make([]subscription.Verdict, len(subs)), nil
	}
	return p.InsecureAllowAll.AuthorizeEvent(ctx, focus, subs)
}

// host writes Patients and remembers what it was told about each write.
type host struct {
	mu         sync.Mutex
	versions   map[string]int
	acked      []invariant.Focus
	rolledBack []invariant.Focus
	together   [][]invariant.Focus // written by one call
	failed     int                 // calls of the hook
}

// Write writes new versions of patients, by one call of a node's hook. If it fails,
// nobody knows what is recorded, and the host goes on.
func (c *Cluster) Write(patients ...string) {
	changes, foci := c.host.versionsOf(patients)
	e, _ := c.alive()
	c.host.written(foci, e.OnResourceChange(c.Context(), changes...))
}

// WriteTwice is Write by a host that calls the hook again, on another node, whatever the
// first said.
func (c *Cluster) WriteTwice(patients ...string) {
	changes, foci := c.host.versionsOf(patients)
	for range 2 {
		e, _ := c.alive()
		c.host.written(foci, e.OnResourceChange(c.Context(), changes...))
	}
}

// WriteTx is Write in a transaction of the host's own, if the store has such, which is
// committed or rolled back at once.
func (c *Cluster) WriteTx(commit bool, patients ...string) { c.Begin(patients...)(commit) }

// Begin is the first half of WriteTx; end is the other. A host whose hook fails rolls
// back.
func (c *Cluster) Begin(patients ...string) (end func(commit bool)) {
	if c.harness.Begin == nil {
		return func(commit bool) {
			if commit {
				c.Write(patients...)
			}
		}
	}
	changes, foci := c.host.versionsOf(patients)
	e, p := c.alive()
	tx, commitTx, rollback := c.harness.Begin(c.TB, c.store())
	err := e.OnResourceChangeTx(c.Context(), p.Tx(tx), changes...)
	return func(commit bool) {
		if err == nil && commit {
			err := p.Do(c.Context(), "Commit", func(context.Context) error { return commitTx() })
			if err != nil {
				_ = rollback() // who gives up a transaction, or dies, does not keep its locks; an error if it was committed
			}
			c.host.written(foci, err)
			return
		}
		require.NoError(c, rollback())
		c.host.undone(foci, err)
	}
}

func (h *host) undone(foci []invariant.Focus, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rolledBack = append(h.rolledBack, foci...)
	if err != nil {
		h.failed++
	}
}

func (h *host) versionsOf(patients []string) (changes []subscription.ResourceChange, foci []invariant.Focus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.versions == nil {
		h.versions = map[string]int{}
	}
	for _, id := range patients {
		h.versions[id]++
		f := invariant.Focus{Reference: "Patient/" + id, Version: fmt.Sprint(h.versions[id])}
		foci = append(foci, f)
		changes = append(changes, subscription.ResourceChange{
			Interaction: subscription.Update, At: time.Now(),
			Resource: fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"meta":{"versionId":%q}}`, id, f.Version),
		})
	}
	return changes, foci
}

func (h *host) written(foci []invariant.Focus, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.together = append(h.together, foci)
	if err == nil {
		h.acked = append(h.acked, foci...)
	} else {
		h.failed++
	}
}

// problems tells what the change log has lost, made up or torn apart.
func (h *host) problems(c *Cluster) (list []string) {
	logged := map[invariant.Focus]bool{}
	for _, change := range c.log() {
		if change.Subscription == 0 {
			logged[focus(&change)] = true
		}
	}
	for _, f := range h.acked {
		if !logged[f] {
			list = append(list, fmt.Sprintf("%v was acknowledged and is not in the log", f))
		}
	}
	for _, f := range h.rolledBack {
		if logged[f] {
			list = append(list, fmt.Sprintf("%v was rolled back and is in the log", f))
		}
	}
	for _, foci := range h.together {
		for _, f := range foci {
			if logged[f] != logged[foci[0]] {
				list = append(list, fmt.Sprintf("%v was written only in part", foci))
				break
			}
		}
	}
	return list
}

// log returns the whole change log, with what was pruned of it.
func (c *Cluster) log() []subscription.Change {
	r := c.referee()
	all, err := wholeLog(context.WithoutCancel(c.Context()), r.Store)
	require.NoError(c, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, control := range r.controls {
		at, found := slices.BinarySearchFunc(all, control.Position, func(c subscription.Change, position int64) int {
			return cmp.Compare(c.Position, position)
		})
		if !found {
			all = slices.Insert(all, at, control)
		}
	}
	return all
}

func wholeLog(ctx context.Context, s subscription.Store) (all []subscription.Change, err error) {
	for after := int64(0); ; {
		page, err := s.ReadChanges(ctx, after, 1000)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		after = page[len(page)-1].Position
	}
}

// focus is what a change is about.
func focus(change *subscription.Change) invariant.Focus {
	f := invariant.Focus{Reference: change.ResourceType + "/" + change.ResourceID}
	if doc, err := fhirpath.Parse(change.Resource); err == nil {
		f.Version = doc.Root().Path("meta", "versionId").Text()
	}
	return f
}

// owed lists what the events of a subscription must be about, in order: the committed
// changes that match while its Spec was in force.
func (c *Cluster) owed(log []subscription.Change, key int64, id string) (foci []invariant.Focus) {
	inForce := false
	seen := map[invariant.Focus]bool{} // a version that a host records twice is one change
	for i := range log {
		change := &log[i]
		if change.Subscription == 0 {
			f := focus(change)
			if seen[f] {
				continue
			}
			seen[f] = true
		}
		switch {
		case change.Subscription == key:
			inForce = len(change.Spec) > 0
		case change.Subscription == 0 && inForce && change.ResourceID != Secret && c.ears[id].matches(change.ResourceID):
			foci = append(foci, focus(change))
		}
	}
	return foci
}

// expect tells the judge what everybody is owed.
func (c *Cluster) expect() {
	keys := map[string]int64{}
	for _, r := range c.records() {
		keys[r.ID] = r.Key
		if r.Status == subscription.StatusOff {
			c.deaf(r.ID)
		}
	}
	log := c.log()
	for id, e := range c.ears {
		key := e.key
		if keys[id] != 0 {
			key = keys[id]
		}
		owed := c.owed(log, key, id)
		c.subscriber.mu.Lock()
		e.owed = len(owed)
		for _, f := range owed {
			e.checker.Expect("", f)
		}
		c.subscriber.mu.Unlock()
	}
}
