package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/topic"
)

// Store keeps what must survive: the change log, the Subscriptions, the log of
// events of each, and who works on what. Package storetest tests an
// implementation against every clause below.
//
// All methods may be called at the same time. They block until they are done or
// ctx ends; after an error that is none of this file's sentinels, the outcome of a
// writing method is unknown to its caller and the engine reads again. They never
// retry and keep no slice or map of their arguments. The lists that they return belong
// to the caller; what the slices in their elements hold, such as a Resource or Topics, is
// read-only to everybody, so that a Store which has it in memory need not copy it. Time is an argument: a Store never looks at a clock. Times are kept
// to the microsecond and come back in UTC; the zero time stays zero. A lease or
// claim until t has run out at t. Every write is all or nothing and durable when it
// returns nil, in the sense that the implementation documents.
type Store interface {
	Tx // Append in a transaction of its own

	// Acquire takes or renews the lease called name until the given time. It fails
	// with ErrHeld while another node's lease has not run out at now; a node's own
	// lease is always given again, so that a restarted node goes on at once. Each
	// success returns a Token higher than all before, and from then on CommitEvents
	// refuses every older one.
	Acquire(ctx context.Context, name, node string, now, until time.Time) (Lease, error)

	// Release ends every lease and every claim that node holds: it is about to stop,
	// or has just been started. A lease ended so can't commit events any more.
	Release(ctx context.Context, node string) error

	// ReadChanges returns up to limit changes with positions greater than after, in
	// the order of their positions; fewer, but at least one, once they hold more than
	// ReadBytes of resources. Positions follow the order of commits: once a
	// change has been returned, no change with a lower position appears later, even
	// if its transaction was begun earlier.
	ReadChanges(ctx context.Context, after int64, limit int) ([]Change, error)

	// CommitEvents writes the outcome of sequencing in one transaction: the events,
	// each subscription's Count and Sequenced, and the lease's Cursor. It fails with
	// ErrFenced, and writes nothing, if l's token is not the newest of its name, the
	// lease was released, or the stored cursor is not l.Cursor. Events and specs of
	// subscriptions that are gone are left out. Any other event whose number is not
	// above its subscription's Count, or whose change is not in the log, is an error
	// and nothing is written. A subscription with Eager set that gets events is due at
	// c.At, or stays due earlier.
	CommitEvents(ctx context.Context, l Lease, c Commit) error

	// PutSubscription creates (revision 0) or replaces the subscription r.Tenant/r.ID,
	// whose stored Revision must be revision, else ErrConflict; to replace what is not
	// there is ErrNotFound. It stores Owner, Resource, UpdatedAt, Status, Error, Spec,
	// MaxCount, Attempt, FailingSince, Due, Eager and Announce, keeps what deliveries
	// and sequencing have written (Count, Cursor, Frozen, SentAt, Sequenced), sets
	// Revision to revision+1, and ends the subscription's claim, so that what is
	// under way can't be finished. If Spec differs from the stored one (none on
	// creation), a change with Subscription and Spec set, and no At, is appended to the
	// log in the same transaction. A new subscription gets a Key that was never used before,
	// even if its id was. It returns what is now stored.
	PutSubscription(ctx context.Context, r Record, revision int64) (Record, error)

	// GetSubscription returns a subscription by tenant and id, or ErrNotFound.
	GetSubscription(ctx context.Context, tenant, id string) (Record, error)

	// ListSubscriptions returns up to q.Limit subscriptions with a Key greater than
	// q.After, in the order of their keys. If q.Sequenced is set, it may leave out of each
	// Record all but Key, Tenant, ID, Count, Sequenced and SequencedTo.
	ListSubscriptions(ctx context.Context, q ListQuery) ([]Record, error)

	// DeleteSubscription removes a subscription, its claim and its events, and appends
	// a change with Subscription, Interaction Delete, an empty Spec and no At. It fails
	// with ErrNotFound, or with ErrConflict if revision is neither 0 nor the stored one.
	DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error

	// ReadEvents returns up to limit events of a subscription with numbers from first
	// to last, both included, in order, each with its change; fewer, but at least one,
	// once they hold more than ReadBytes of resources. What was pruned is missing.
	ReadEvents(ctx context.Context, key, first, last int64, limit int) ([]Event, error)

	// Claim gives node up to limit subscriptions that are due (Due is set and not
	// after now) and not claimed by a claim that still runs at now. If more are due than
	// limit, the tenants take turns: what has been due for the k-th longest in its own
	// tenant comes before what is at place k+1 in any; within a place, the longest due
	// comes first. The claims run until the given time; one that has run out can still be
	// finished until the subscription is claimed again. A subscription that is active, has
	// Count > Cursor and Frozen = 0 gets its next batch fixed: Frozen becomes
	// min(Count, Cursor+MaxCount), durably, so that every attempt, on whichever node,
	// sends the same events. While MaxCount is 1 it follows from Cursor, and a store
	// need not keep it: then other methods return 0, and PutSubscription fixes the batch
	// when it raises MaxCount. A store that only one process can open at a time
	// may forget its claims when it is opened anew: what was claimed is then due, its
	// claims are lost, and their tokens are not given again. next is the earliest time after now at which a
	// subscription may become claimable without a write, because it falls due or its
	// claim (one of these, too) runs out; zero if there is none. It says nothing of
	// what is due already: after limit claims, there may be more.
	Claim(ctx context.Context, node string, now, until time.Time, limit int) (claims []Claim, next time.Time, err error)

	// Finish writes what came of a claim and ends it, but never lowers Cursor, which
	// Advance may have raised meanwhile, and sets Frozen to 0 if Cursor has reached it.
	// It fails with ErrLost, and writes nothing, if o.Token is not the subscription's
	// current claim: it was claimed again, written by PutSubscription, released or
	// deleted. If Status or
	// Error changes, Revision grows by one and UpdatedAt becomes o.At; if Spec
	// differs from the stored one, a change is appended as PutSubscription does. If
	// Eager is set and Count > Cursor, the subscription is due at o.At, whatever Due
	// says.
	Finish(ctx context.Context, o Outcome) error

	// Hasten makes those of the subscriptions due at the given time that would be due
	// later; it leaves alone what is not due at all. It does not touch claims.
	Hasten(ctx context.Context, keys []int64, at time.Time) error

	// CountSubscriptions returns how many subscriptions of a tenant have the given Owner,
	// whatever their status, or limit if there are more.
	CountSubscriptions(ctx context.Context, tenant, owner string, limit int) (int, error)

	// Positions returns how far those of the given subscriptions are that there are, each
	// once and all at one time, in the order of their keys. It is asked again and again
	// about the same ones, by nodes to which their subscribers are connected.
	Positions(ctx context.Context, keys []int64) ([]Position, error)

	// Advance raises Cursor, to Count at most, and SentAt of each subscription, sets
	// Frozen to 0 where Cursor has reached it, and leaves claims and all else alone. What
	// is gone, or further already, is passed over. A subscription that is named several
	// times gets the highest of each.
	Advance(ctx context.Context, progress []Progress) error

	// PutToken keeps a token until t.Until, in place of the one of that tenant with the
	// same Hash, if there is one.
	PutToken(ctx context.Context, t Token) error

	// CountTokens returns how many tokens of a tenant with the given Owner have neither been
	// taken nor run out at now, or limit if there are more.
	CountTokens(ctx context.Context, tenant, owner string, now time.Time, limit int) (int, error)

	// TakeToken returns a token and forgets it in the same transaction, so that of all who
	// ask for it one only gets it. It fails with ErrNotFound if there is none of that
	// tenant, or if it has run out at now.
	TakeToken(ctx context.Context, tenant, hash string, now time.Time) (Token, error)

	// Prune removes events that occurred before the given time and are not above
	// their subscription's Cursor, and changes from before that time which every
	// lease's cursor has passed and no event needs; and tokens that have run out at now,
	// which nobody can take any more. It removes at most limit events, limit changes and
	// limit tokens, and returns how many in all. While there is no lease at all, no change
	// has been passed.
	Prune(ctx context.Context, before, now time.Time, limit int) (int, error)
}

// ReadBytes is how many bytes of resources ReadChanges and ReadEvents return at once, give
// or take one resource: hosts may have some of a hundred megabytes. It is for
// implementations of Store.
const ReadBytes = 16 << 20

// Waker is a Store that several processes share, when it can tell them of each
// other's work. What it tells are hints: the engine also looks by itself, every
// Config.Poll, so a lost hint costs time and nothing else.
type Waker interface {
	Store

	// Wake tells the other nodes that there is work of a kind. The engine calls it after
	// the write that made the work, at most a hundred times a second for each kind.
	Wake(ctx context.Context, node string, w Work) error

	// Listen calls f for work that other nodes than this one have made, until ctx ends,
	// which it returns nil for, or until it can't any more: the engine then calls it
	// again. f does not block.
	Listen(ctx context.Context, node string, f func(Work)) error
}

// Work is what one node may have made for another.
type Work string

// The kinds of work.
const (
	WorkChanges    Work = "changes"    // to sequence
	WorkDeliveries Work = "deliveries" // to claim
)

// Sharded is a Store that lets several nodes sequence at the same time: each of n
// shards has a lease of its own, called LeaseName(shard, n), and the subscriptions
// whose Key leaves the remainder shard when it is divided by n. Acquire refuses
// the leases of any other n with ErrFenced.
type Sharded interface {
	Store

	// Shards returns n, at least 1. It may change while nodes run: then the leases of
	// the old n are lost, those of the new one begin where the last of the old stood,
	// and each subscription's SequencedTo says what is behind it already.
	Shards(ctx context.Context) (int, error)
}

// LeaseName returns the name of the lease under which a shard of n, counted from 0, is
// sequenced. It is for implementations of Sharded.
func LeaseName(shard, n int) string {
	if n <= 1 {
		return "sequencer"
	}
	return fmt.Sprintf("sequencer %d of %d", shard, n)
}

// Tx is a transaction of the host's own database, as the store's package wraps it
// (such as sqlite.Store.Tx): what is appended becomes visible if and when the host
// commits.
type Tx interface {
	// Append adds changes to the change log, in order. Their Position is ignored.
	Append(ctx context.Context, changes []Change) error
}

// Errors of a Store, for errors.Is.
var (
	// ErrNotFound: there is no such subscription, token or topic. It is also what methods
	// of Engine return for one that the caller may not know of.
	ErrNotFound = errors.New("subscription: not found")
	// ErrConflict: what is stored has another revision than the one that was to be replaced.
	ErrConflict = errors.New("subscription: changed by someone else")
	// ErrHeld: another node has the lease.
	ErrHeld = errors.New("subscription: lease is held by another node")
	// ErrFenced: another node has the lease, or has had it since.
	ErrFenced = errors.New("subscription: lease was lost")
	// ErrLost: the subscription was claimed again, written or deleted meanwhile.
	ErrLost = errors.New("subscription: claim was lost")
)

// Change is one entry of the change log: a change of a resource that triggered a
// topic, or a write of a Subscription (Subscription is not 0), which says from
// where on that subscription's events count.
type Change struct {
	Position int64     // given by the store, greater than 0
	Tenant   string    // "" for a host without tenants
	At       time.Time // when it happened, to the microsecond

	Interaction  topic.Interaction // of a write of a Subscription: Delete or 0
	ResourceType string            // of Resource
	ResourceID   string            // its id
	Resource     json.RawMessage   // after Create and Update; the last state for Delete
	Previous     json.RawMessage   // only if Undecided needs it
	Topics       []string          // canonicals of the topics that were triggered
	Undecided    []string          // canonicals of the topics whose triggers could not be evaluated yet
	Events       []byte            // what happened, for the engine to read; empty: nothing that it must know
	Method       string            // of the request that made the change, as Bundle.entry.request.method
	URL          string            // of that request, relative to the base
	ResultStatus string            // of its response, such as "201"

	Subscription int64  // Key of the Subscription that was written or deleted
	Spec         []byte // what was written; empty: from here on its events don't count
}

// Record is a Subscription as a Store keeps it.
type Record struct {
	Key       int64           // given by the store, greater than 0, never used again
	Tenant    string          // with ID it is unique; "" for a host without tenants
	ID        string          // the logical id
	Owner     string          // whose it is, in words of the host's
	Revision  int64           // 1 on creation, +1 for every write that a reader can see
	Resource  json.RawMessage // as it was accepted, without what the engine itself says
	UpdatedAt time.Time       // of that Revision: meta.lastUpdated
	Status    Status          // the code that clients read
	Error     string          // a code for why Status is error or off
	Spec      []byte          // what the sequencer must know; empty: events don't count
	Sequenced []byte          // the Spec that is in force at the sequencer's cursor

	// SequencedTo is the position up to which changes have been sequenced for this
	// subscription whatever its lease's cursor says; 0 unless a Sharded store has
	// changed the number of shards.
	SequencedTo int64

	Count  int64 // number of the newest event; 0: none yet
	Cursor int64 // number of the last event delivered
	Frozen int64 // number of the last event of the batch under way; 0: none

	MaxCount     int       // most events in a batch, at least 1
	Attempt      int       // failed attempts in a row
	FailingSince time.Time // of the first of them
	SentAt       time.Time // last successful notification of any kind
	Due          time.Time // when to look at the subscription again; zero: when events come, or never
	Eager        bool      // new events make it due at once
	Announce     bool      // the host has not been told yet of the status
}

// Freeze fixes the next batch, if there is one to fix, as Claim says. It is for
// implementations of Store.
func (r *Record) Freeze() {
	if r.Status == StatusActive && r.Count > r.Cursor && r.Frozen == 0 {
		r.Frozen = r.Cursor + min(r.Count-r.Cursor, int64(max(r.MaxCount, 1)))
	}
}

// ListQuery says which subscriptions to list.
type ListQuery struct {
	Tenant     string // whose subscriptions; "" for a host without tenants
	AllTenants bool   // for the sequencer; Tenant is ignored
	After      int64  // a Key; 0: from the first
	Limit      int    // most of them, at least 1
	Sequenced  bool   // what the sequencer needs is enough: it reads a million before it begins
}

// Lease says which node may sequence.
type Lease struct {
	Name   string    // as LeaseName makes it
	Node   string    // who holds it
	Token  int64     // higher for each Acquire of the name, by which a commit is fenced
	Until  time.Time // from then on another node may take it
	Cursor int64     // position of the last change that was sequenced
}

// Commit is the outcome of sequencing the changes from a lease's cursor on.
type Commit struct {
	Cursor    int64           // position of the last change sequenced
	At        time.Time       // the time of the commit, at which what is Eager becomes due
	Events    []NewEvent      // numbers of one subscription ascend by one from its Count+1
	Sequenced []SequencedSpec // one for each write of a subscription among the changes, in their order
}

// NewEvent gives a change its number in the event log of a subscription.
type NewEvent struct {
	Key      int64 // of the subscription
	Number   int64 // in its log, from 1
	Position int64 // of the change
	Redacted bool  // the subscriber may know that something happened, but not what
}

// SequencedSpec puts a Spec in force.
type SequencedSpec struct {
	Key  int64  // of the subscription
	Spec []byte // as the change log had it
}

// Event is an event of a subscription with the change that caused it.
type Event struct {
	Number   int64  // in the subscription's log, from 1
	Redacted bool   // as NewEvent had it
	Change   Change // the entry of the change log
}

// Claim is a subscription that a node may work on until the claim's time is up.
type Claim struct {
	Record
	Token int64 // higher for each claim of the subscription
}

// Position is how far a subscription is.
type Position struct {
	Key      int64  // of the subscription; what follows is as in its Record
	Revision int64  // by which a reader sees that it was written
	Status   Status // as the Record has it
	Count    int64  // number of the newest event; 0: none yet
	Cursor   int64  // number of the last event delivered
}

// Progress is what was delivered to a subscriber who is connected to a node.
type Progress struct {
	Key    int64     // of the subscription
	Cursor int64     // number of the last event that has arrived
	At     time.Time // when it did, for SentAt
}

// Token is something that a client was given to show once, on any node.
type Token struct {
	Tenant string    // with Hash it is unique
	Hash   string    // of the secret, which is not stored
	Owner  string    // whose it counts as
	Data   []byte    // what it stands for, for the engine to read
	Until  time.Time // from then on nobody gets it
}

// Outcome is what a node writes about a subscription that it has claimed.
type Outcome struct {
	Key    int64     // of the subscription
	Token  int64     // of the Claim
	At     time.Time // the time of the outcome, UpdatedAt if a reader sees a change
	Status Status    // as all that follows, what the Record has from now on
	Error  string    // a code for why Status is error or off
	Spec   []byte    // another than the claimed one appends a change

	Cursor       int64     // number of the last event delivered
	Frozen       int64     // number of the last event of the batch under way; 0: none
	Attempt      int       // failed attempts in a row
	FailingSince time.Time // of the first of them; zero: the last one succeeded
	SentAt       time.Time // last successful notification of any kind
	Due          time.Time // when to look at the subscription again; zero: when events come, or never
	Eager        bool      // new events make it due at once
	Announce     bool      // the host has not been told yet of the status
}
