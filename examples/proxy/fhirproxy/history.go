package fhirproxy

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// entries calls f for the versions of a history, the newest first, until it returns false.
// What is no history is as if it were not found.
func (r reader) entries(ctx context.Context, place string, f func(*version) bool) error {
	doc, failed := r.get(ctx, place)
	for failed == nil {
		if !doc.Root().Get("type").Is("history") {
			return statusError(http.StatusNotFound) // some other Bundle: the server took _history for a type
		}
		for entry := range doc.Root().Get("entry").Elements() {
			if v := pastVersion(entry); v != nil && !f(v) {
				return nil
			}
		}
		next, err := r.next(doc.Root())
		if err != nil || next == nil {
			return err
		}
		doc, failed = r.follow(ctx, next)
	}
	return failed
}

// pastVersion reads an entry of a history; nil if it can't be read.
func pastVersion(entry fhirpath.Node) *version {
	modified, err := time.Parse(time.RFC3339Nano, entry.Path("response", "lastModified").Text())
	if v := versionOf(entry.Get("resource")); v != nil && !entry.Path("request", "method").Is(http.MethodDelete) {
		v.first = entry.Path("request", "method").Is(http.MethodPost)
		if err == nil { // it may be more exact than meta.lastUpdated, and deletions have only this
			v.updated = modified
		}
		return v
	}
	for _, address := range []string{entry.Path("request", "url").Text(), entry.Path("response", "location").Text(), entry.Get("fullUrl").Text()} {
		path, _, _ := strings.Cut(address, "/_history")
		segments := strings.Split(path, "/")
		if len(segments) < 2 || !fhirpath.IsID(segments[len(segments)-1]) {
			continue
		}
		return &version{resourceType: segments[len(segments)-2], id: segments[len(segments)-1], updated: modified}
	}
	return nil
}

// instance returns the history of one resource, the oldest first.
func (r reader) instance(ctx context.Context, resourceType, id string) (past []*version, err error) {
	err = r.entries(ctx, ref(resourceType, id)+"/_history?_count=100", func(v *version) bool {
		past = append(past, v)
		return true
	})
	return ascending(past), err
}

// ascending puts versions, given with the newest first, into the order of their times.
// The order in which a server gives them decides between those of one time; if one has no
// time, it decides alone.
func ascending(past []*version) []*version {
	slices.Reverse(past)
	if !slices.ContainsFunc(past, func(v *version) bool { return v.updated.IsZero() }) {
		slices.SortStableFunc(past, func(a, b *version) int { return a.updated.Compare(b.updated) })
	}
	return past
}

// The names under which the journal keeps how far the upstream was followed.
const (
	followedSince = "since" // from the first start on
	followedTo    = "to"    // all of it is recorded, but for what was going on at the time
)

// beat is how often it is noted that the proxy is there; what the upstream writes after
// the last beat is what a restart looks for.
const beat = 10 * time.Second

// overlap is how long an upstream may take from giving a version its time to showing it.
const overlap = 10 * time.Second

// follow reads what the upstream has written, once or, with Config.Poll, again and again,
// until ctx ends.
func (p *Proxy) follow(ctx context.Context) {
	said := int64(0)
	for silent := false; ; {
		wait := beat
		if p.cfg.Poll > 0 {
			wait = p.cfg.Poll
		}
		var err error
		if !p.caughtUp.Load() || p.cfg.Poll > 0 {
			err = p.catchUp(ctx, &silent)
			if err == nil {
				p.caughtUp.Store(true)
			}
		} else {
			err = p.journal.keep(ctx, followedTo, p.upstream.now())
		}
		if err == nil {
			err = p.journal.prune(ctx, time.Now().Add(-forget))
		}
		if err != nil {
			if now := time.Now().Unix(); ctx.Err() == nil && said < now-60 {
				said = now
				p.cfg.Logger.WarnContext(ctx, "the upstream's history could not be followed; it is tried again", "error", err)
			}
			wait = look
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// forget is when the versions that were recorded are no longer kept apart from others: what
// is read again is younger.
const forget = 24 * time.Hour

// catchUp records what the upstream has written since it was followed last. silent
// remembers that it has no history.
func (p *Proxy) catchUp(ctx context.Context, silent *bool) error {
	r := p.upstream.self()
	scopes, err := p.scopes(ctx, r)
	if err != nil {
		return err
	}
	now := p.upstream.now() // after an answer, which has told the time
	first, err := p.journal.state(ctx, followedSince)
	if err != nil {
		return err
	}
	to, err := p.journal.state(ctx, followedTo)
	if err != nil {
		return err
	}
	if first.IsZero() {
		if err := p.journal.keep(ctx, followedSince, now); err != nil {
			return err
		}
		return p.journal.keep(ctx, followedTo, now)
	}
	if len(scopes) == 0 && !*silent {
		*silent = true
		p.cfg.Logger.WarnContext(ctx, "the upstream offers no history of what topics are about: writes that go around the proxy, or happen while it is not there, are not found")
	}
	if to = to.Add(-overlap); to.Before(first) {
		to = first
	}
	var past []*version
	for _, scope := range scopes {
		at := scope + "_history?_count=500&_since=" + url.QueryEscape(to.UTC().Format("2006-01-02T15:04:05.000Z"))
		err := r.entries(ctx, at, func(v *version) bool {
			if slices.Contains(p.wanted, v.resourceType) && (v.updated.IsZero() || !v.updated.Before(to)) {
				past = append(past, v)
			}
			return true
		})
		if err != nil {
			return err
		}
	}
	if err := p.replay(ctx, r, ascending(past), to); err != nil {
		return err
	}
	return p.journal.keep(ctx, followedTo, now)
}

// scopes are where a history is offered: everywhere (""), or for types, such as "Patient/".
func (p *Proxy) scopes(ctx context.Context, r reader) (scopes []string, err error) {
	offered := func(scope string) bool {
		e := r.entries(ctx, scope+"_history?_count=1", func(*version) bool { return false })
		if e != nil && !refused(e) && !unsupported(e) {
			err = e
		}
		return e == nil
	}
	if offered("") {
		return []string{""}, nil
	}
	for _, t := range p.wanted {
		if err != nil {
			return nil, err
		}
		if offered(t + "/") {
			scopes = append(scopes, t+"/")
		}
	}
	return scopes, err
}

// unsupported: some servers answer so to what they don't know.
func unsupported(err error) bool {
	status, ok := err.(statusError)
	return ok && (status == http.StatusNotImplemented || status == http.StatusInternalServerError)
}

// replay records what is missing of a history, in its order.
func (p *Proxy) replay(ctx context.Context, r reader, past []*version, from time.Time) error {
	last := map[string]*version{} // by Type/id: the version before
	for _, v := range past {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := p.replayOne(ctx, r, v, last, from); err != nil {
			return err
		}
	}
	return nil
}

func (p *Proxy) replayOne(ctx context.Context, r reader, v *version, last map[string]*version, from time.Time) error {
	name := v.ref()
	before, known := last[name]
	last[name] = v
	if v.raw != nil { // the usual case: it came through the proxy
		if seen, err := p.journal.known(ctx, v.seen()); err != nil || seen {
			return err
		}
	}
	release, err := p.locks.acquire(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	if !known && !v.first {
		if before, err = r.predecessor(ctx, v, from); err != nil {
			return err
		}
	}
	if v.raw == nil && (before == nil || before.raw == nil) {
		return nil // nobody knows what it was
	}
	unreadable, err := p.journal.record(ctx, nil, []change{v.after(before)})
	if unreadable != nil {
		p.cfg.Logger.ErrorContext(ctx, "what the upstream has can't be evaluated and is passed over", "error", unreadable)
	}
	return err
}

// predecessor returns the version before v, nil if there was none or it can't be had.
func (r reader) predecessor(ctx context.Context, v *version, from time.Time) (before *version, err error) {
	past, err := r.instance(ctx, v.resourceType, v.id)
	if err != nil && !refused(err) {
		return nil, err
	}
	for _, one := range past {
		if one.number == v.number && v.raw != nil || v.raw == nil && one.raw == nil && !one.updated.Before(v.updated) {
			return before, nil
		}
		before = one
	}
	if v.raw == nil { // a history that ends with the last state
		return before, nil
	}
	return nil, nil
}
