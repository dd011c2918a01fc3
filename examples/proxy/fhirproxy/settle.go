package fhirproxy

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"
)

// checks are the waits between looks at what came of a write whose answer is missing: an
// upstream that was cut off may commit later. After the last it is settled.
var checks = []time.Duration{0, time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}

// look is how often the journal is looked at for what is due, and how soon a failure is
// tried again.
const look = time.Second

// settleAll finds out what came of writes that a crash, the upstream or the store has
// left open, until ctx ends.
func (p *Proxy) settleAll(ctx context.Context) {
	for wait := time.Duration(0); sleep(ctx, wait); wait = look {
		list, err := p.journal.due(ctx, "", "", 1000)
		if err != nil && ctx.Err() == nil {
			p.cfg.Logger.ErrorContext(ctx, "the journal can't be read", "error", err)
		}
		for _, in := range list {
			if in.id == "" {
				p.settle(ctx, p.upstream.self(), in)
				continue
			}
			release, err := p.locks.acquire(ctx, ref(in.resourceType, in.id))
			if err != nil {
				return
			}
			p.settle(ctx, p.upstream.self(), in)
			release()
		}
	}
}

// settleFirst records what is still missing of a resource that is about to be written, so
// that its changes are recorded in their order. Its lock is held.
func (p *Proxy) settleFirst(ctx context.Context, r reader, resourceType, id string) error {
	list, err := p.journal.due(ctx, resourceType, id, most)
	if err != nil {
		return err
	}
	for _, in := range list {
		p.settle(ctx, r, in)
	}
	if p.caughtUp.Load() {
		return nil
	}
	to, err := p.journal.state(ctx, followedTo)
	if err != nil || to.IsZero() {
		return err
	}
	past, err := r.instance(ctx, resourceType, id)
	if err != nil || len(past) == 0 {
		return nil // replay will say, if there is a history at all
	}
	changes, err := r.since(ctx, resourceType, id, nil, to.Add(-overlap))
	if err == nil {
		_, err = p.journal.record(ctx, nil, changes)
	}
	return err
}

// settle records what has become of a write. It may be called at any time, and again.
func (p *Proxy) settle(ctx context.Context, r reader, in intent) {
	changes, err := p.cameOf(ctx, r, in)
	last := err == nil && in.tries+1 >= len(checks)
	if err == nil {
		var keys []string
		if last {
			keys = []string{in.key}
		}
		var unreadable error
		if unreadable, err = p.journal.record(ctx, keys, changes); unreadable != nil {
			p.cfg.Logger.ErrorContext(ctx, "what the upstream has can't be evaluated and is passed over", "error", unreadable)
		}
	}
	switch {
	case err == nil && last:
	case err == nil:
		err = p.journal.postpone(ctx, in.key, in.tries+1, checks[in.tries+1])
	default:
		if now := time.Now().Unix(); ctx.Err() == nil && p.warned.Load() < now-60 {
			p.warned.Store(now)
			p.cfg.Logger.WarnContext(ctx, "what came of a write is not known yet; it is looked at again each second", "error", err)
		}
		err = p.journal.postpone(ctx, in.key, in.tries, 0) // the next look is soon enough
	}
	if err != nil && ctx.Err() == nil {
		p.cfg.Logger.ErrorContext(ctx, "the journal can't be written", "error", err) // the write stays due
	}
}

// cameOf compares the upstream with what was known before a write.
func (p *Proxy) cameOf(ctx context.Context, r reader, in intent) (changes []change, err error) {
	if in.id != "" {
		return r.since(ctx, in.resourceType, in.id, in.before, in.since)
	}
	// A create, whose id nobody knows: what is new since, and was not recorded.
	candidates, err := r.newSince(ctx, in.resourceType, in.since)
	if err != nil {
		return nil, err
	}
	for _, v := range candidates {
		known, err := p.journal.known(ctx, v.seen())
		if err != nil {
			return nil, err
		}
		if known {
			continue
		}
		made, err := r.since(ctx, v.resourceType, v.id, nil, in.since)
		if err != nil {
			return nil, err
		}
		changes = append(changes, made...)
	}
	return changes, nil
}

// pageSize is how many resources are asked for at a time.
const pageSize = 100

// newSince returns the resources of a type that were written since a time, the oldest
// first.
func (r reader) newSince(ctx context.Context, resourceType string, since time.Time) ([]*version, error) {
	found := map[string]*version{}
	seen := 0
	newest := since
	collect := func(v *version) {
		seen++
		if !v.updated.Before(since) {
			found[v.seen()] = v
		}
		if v.updated.After(newest) {
			newest = v.updated
		}
	}
	for at := since; ; at = newest {
		seen = 0
		query := "_lastUpdated=ge" + at.UTC().Format("2006-01-02T15:04:05.000Z") + "&_sort=_lastUpdated&_count=" + strconv.Itoa(pageSize)
		err := r.search(ctx, resourceType, query, most/pageSize, collect)
		if refused(err) { // an upstream that can't search so: all there is, the newest first where it can
			err = r.search(ctx, resourceType, "_sort=-_lastUpdated&_count="+strconv.Itoa(pageSize), most/pageSize, collect)
			newest = at
		}
		if err != nil {
			return nil, err
		}
		if seen < pageSize || !newest.After(at) { // else there may be more, whether or not it said so
			break
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b *version) int { return a.updated.Compare(b.updated) }), nil
}

// since returns what has happened to a resource since it was as in before, nil if it was
// not there, or since a time if before is not in its history.
func (r reader) since(ctx context.Context, resourceType, id string, before *version, at time.Time) (changes []change, err error) {
	past, err := r.instance(ctx, resourceType, id)
	if err != nil && !refused(err) {
		return nil, err
	}
	now, err := r.read(ctx, resourceType, id)
	if err != nil {
		return nil, err
	}
	begin := -1 // of what is new
	for i, v := range past {
		if before != nil && v.raw != nil && v.number == before.number {
			begin = i + 1
		}
	}
	if begin < 0 {
		begin = slices.IndexFunc(past, func(v *version) bool { return !v.updated.Before(at) })
		if begin < 0 {
			begin = len(past)
		}
	}
	if begin > 0 && before == nil {
		before = past[begin-1]
	}
	if before != nil && before.raw == nil {
		before = nil
	}
	next := func(v *version) {
		switch {
		case v.raw == nil && before == nil: // deleted twice
		case v.raw == nil:
			changes, before = append(changes, v.after(before)), nil
		case before == nil || before.number != v.number:
			changes, before = append(changes, v.after(before)), v
		}
	}
	for _, v := range past[begin:] {
		next(v)
	}
	switch { // a history may be none, or not tell of deletions
	case now == nil:
		next(&version{resourceType: resourceType, id: id})
	case before == nil || len(past) == 0:
		next(now)
	}
	return changes, nil
}
