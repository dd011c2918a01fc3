package fhirproxy

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// exchange is one request that writes, on its way to the upstream and back.
type exchange struct {
	proxy  *Proxy
	reader reader
	units  []*unit // one, or one for each entry of a Bundle that writes what a topic wants
	bundle bool
	since  time.Time

	known  map[string]*version // by Type/id: the newest state; nil: there is none
	hidden map[string]bool     // what could not be read before: whether there is one is unknown
	closed bool                // it is known what came of it, or the journal will find out
}

// unit is one write: the request, or an entry of its Bundle.
type unit struct {
	target
	index   int      // in Bundle.entry
	ids     []string // what it is expected to write
	intents []intent
}

type exchangeKey struct{}

// patience is how long the upstream may take for a write. A client that goes away does
// not end it: what was begun is seen to its end.
const patience = 5 * time.Minute

// most is how many resources a conditional delete may meet.
const most = 10_000

// errTooMany: the criteria meet more.
var errTooMany = errors.New("fhirproxy: criteria meet too many resources")

// send has the upstream perform a request that writes, between what has to be known
// before and what has to be recorded after.
func (p *Proxy) send(w http.ResponseWriter, r *http.Request, bundle bool, units ...*unit) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	e := &exchange{proxy: p, reader: p.upstream.as(r.Header), units: units, bundle: bundle, known: map[string]*version{}, hidden: map[string]bool{}}
	var status statusError
	switch err := e.find(ctx); {
	case err == nil:
	case errors.Is(err, errTooMany):
		refuse(w, http.StatusUnprocessableEntity, "too-costly", "the criteria meet too many resources; nothing was written")
		return
	case refused(err) && errors.As(err, &status):
		refuse(w, int(status), "not-supported", "what the criteria meet can't be known: there are none, or the server behind this one refuses to search by them; nothing was written")
		return
	default:
		refuse(w, http.StatusBadGateway, "transient", "the server behind this one did not answer; nothing was written")
		return
	}
	var refs []string
	for _, u := range units {
		for _, id := range u.ids {
			refs = append(refs, ref(u.resourceType, id))
		}
	}
	release, err := p.locks.acquire(ctx, refs...)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "lock-error", "another write of the same resource takes too long; nothing was written")
		return
	}
	defer release()
	for _, u := range units {
		for _, id := range u.ids {
			if err == nil {
				err = p.settleFirst(ctx, e.reader, u.resourceType, id)
			}
		}
	}
	if err == nil {
		err = e.readBefore(ctx)
	}
	if err != nil {
		refuse(w, http.StatusBadGateway, "transient", "the server behind this one did not answer; nothing was written")
		return
	}
	if err := e.begin(ctx); err != nil {
		p.cfg.Logger.ErrorContext(ctx, "a write was refused: it can't be entered in the journal", "error", err)
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "transient", "the proxy can't note the write; nothing was written")
		return
	}
	p.pass.ServeHTTP(w, r.WithContext(context.WithValue(ctx, exchangeKey{}, e)))
}

// find says which resources each unit will write, as far as that can be known.
func (e *exchange) find(ctx context.Context) error {
	for _, u := range e.units {
		switch {
		case u.id != "":
			u.ids = []string{u.id}
		case u.criteria != "":
			known := map[string]bool{}
			err := e.reader.search(ctx, u.resourceType, u.criteria, most/10+1, func(v *version) {
				if !known[v.id] && len(u.ids) <= most {
					known[v.id] = true
					u.ids = append(u.ids, v.id)
				}
			})
			switch {
			case err != nil && (!refused(err) || !u.creates()): // without it nobody would know what has changed
				return err
			case len(u.ids) > most:
				return errTooMany
			}
		case !u.creates(): // a patch or delete of whatever there is
			return statusError(http.StatusMethodNotAllowed)
		}
	}
	return nil
}

// readers is how many resources are read at a time.
const readers = 8

// readBefore reads what the units will write. The locks are held.
func (e *exchange) readBefore(ctx context.Context) error {
	var mu sync.Mutex
	var all sync.WaitGroup
	var errs []error
	turns := make(chan struct{}, readers)
	asked := map[string]bool{}
	for _, u := range e.units {
		for _, id := range u.ids {
			name := ref(u.resourceType, id)
			if asked[name] {
				continue
			}
			asked[name] = true
			turns <- struct{}{}
			all.Go(func() {
				defer func() { <-turns }()
				v, err := e.reader.read(ctx, u.resourceType, id)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					e.known[name] = v
				case refused(err): // whoever may not read may perhaps write
					e.hidden[name] = true
				default:
					errs = append(errs, err)
				}
			})
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

// begin enters in the journal what is about to be written.
func (e *exchange) begin(ctx context.Context) error {
	e.since = e.proxy.upstream.now()
	var all []intent
	for _, u := range e.units {
		for _, id := range u.ids {
			before := e.known[ref(u.resourceType, id)]
			if before == nil && u.method == http.MethodDelete && !e.hidden[ref(u.resourceType, id)] {
				continue // there is nothing that could go
			}
			u.intents = append(u.intents, intent{key: newKey(), resourceType: u.resourceType, id: id, before: before, since: e.since})
		}
		if len(u.ids) == 0 && u.creates() {
			u.intents = append(u.intents, intent{key: newKey(), resourceType: u.resourceType, since: e.since})
		}
		all = append(all, u.intents...)
	}
	return e.proxy.journal.begin(ctx, patience+time.Minute, all)
}

// answered looks at the upstream's answer, before the client has it.
func (e *exchange) answered(response *http.Response) error {
	ctx := response.Request.Context()
	status := response.StatusCode
	if !e.succeeded(status) && !refusal(status) {
		e.unanswered(ctx)
		return nil
	}
	if refusal(status) {
		e.record(ctx, nil, e.units)
		return nil
	}
	body, err := buffer(response)
	if err != nil {
		return err // unanswered will be called
	}
	e.closed = true
	var changes []change
	var clear, unclear []*unit
	answers, ok := e.answers(response, body)
	for _, u := range e.units {
		if ok {
			made, err := e.changes(ctx, u, answers(u))
			if err == nil {
				changes, clear = append(changes, made...), append(clear, u)
				continue
			}
		}
		unclear = append(unclear, u)
	}
	e.record(ctx, changes, clear)
	e.findOut(ctx, unclear)
	return nil
}

func (e *exchange) succeeded(status int) bool {
	return status >= 200 && status < 300 && status != http.StatusAccepted
}

// refusal reports whether a status says that nothing was written.
func refusal(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout
}

// unanswered: the write may have happened, or may still.
func (e *exchange) unanswered(ctx context.Context) {
	if !e.closed {
		e.closed = true
		e.findOut(ctx, e.units)
	}
}

// record records what came of units. What fails is tried again by settleAll.
func (e *exchange) record(ctx context.Context, changes []change, units []*unit) {
	e.closed = true
	var keys []string
	for _, u := range units {
		for _, in := range u.intents {
			keys = append(keys, in.key)
		}
	}
	j := e.proxy.journal
	for wait := 50 * time.Millisecond; ; wait *= 4 {
		unreadable, err := j.record(ctx, keys, changes)
		if unreadable != nil {
			e.proxy.cfg.Logger.ErrorContext(ctx, "what the upstream has can't be evaluated and is passed over", "error", unreadable)
		}
		if err == nil {
			return
		}
		if wait > time.Second || !sleep(ctx, wait) {
			// Failure policy: the client still gets the upstream's answer, for what it says
			// is true. The journal has the write, and it is recorded as soon as that is
			// possible: from the upstream's history, or as its newest state if it has none.
			e.proxy.cfg.Logger.ErrorContext(ctx, "a write is recorded later", "error", err)
			for _, key := range keys {
				_ = j.postpone(ctx, key, 0, 0) // else it is due by itself
			}
			return
		}
	}
}

// findOut looks now, and leaves the units to settleAll, which looks again: an upstream
// that was cut off may still commit.
func (e *exchange) findOut(ctx context.Context, units []*unit) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, u := range units {
		for _, in := range u.intents {
			e.proxy.settle(ctx, e.reader, in)
		}
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
