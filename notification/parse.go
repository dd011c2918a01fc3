package notification

import (
	"fmt"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Parse reads the Bundle of one subscription: a notification or the answer of
// $status or $events, of R4 (Parameters), R4B or R5 (SubscriptionStatus), whatever
// the Bundle's type. It is liberal as CLI-07 advises: counters may be strings or
// numbers, entries, requests and responses may be missing, references may be
// relative, unknown parts are ignored. What the standard has otherwise is told by
// Notification.Problems.
//
// Events are matched to entries by reference (BND-18). An Entry's FullURL is the
// event's reference, unless that is relative and its entry has an absolute fullUrl.
// Content is inferred: full-resource if an entry has a resource or is a deletion,
// else id-only if there is a reference, else empty; "" if there are no events and
// nothing else tells. EventsSinceSubscriptionStart, if left out, is the highest
// number of the events. Where a status counts its events without numbering them, as
// the guide's first draft did, they are numbered by that (STS-07).
//
// Resources of the result are parts of raw, which must not change while they are in
// use; nothing else of raw is kept. Errors are *fhirpath.SyntaxError,
// ErrNoNotification, ErrSeveral and *InvalidError, for errors.As and errors.Is.
func Parse(raw []byte) (*Notification, error) {
	all, err := ParseAll(raw)
	if err != nil {
		return nil, err
	}
	if len(all) > 1 {
		return nil, ErrSeveral
	}
	return all[0], nil
}

// ParseAll reads a Bundle that may speak of several subscriptions, as the answer of
// $status does and a few servers' heartbeats do, and returns what it says of each,
// at least one. Everything else is as in Parse.
func ParseAll(raw []byte) ([]*Notification, error) {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("notification: %w", err)
	}
	bundle := doc.Root()
	if !bundle.Get("resourceType").Is("Bundle") {
		return nil, ErrNoNotification
	}
	p := parser{bundle: bundle}
	if err := p.header(); err != nil {
		return nil, err
	}
	p.split()
	if len(p.statuses) == 0 {
		return nil, ErrNoNotification
	}
	p.review()
	p.matcher = newMatcher(p.others)
	p.full = p.discloses()
	all := make([]*Notification, len(p.statuses))
	for i, s := range p.statuses {
		if all[i], err = p.notification(s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parser holds what the status entries of one Bundle share.
type parser struct {
	bundle   fhirpath.Node
	head     Notification // ID, Timestamp and the Problems of the Bundle
	statuses []statusEntry
	others   []fhirpath.Node
	matcher  *matcher // of others
	full     bool     // see discloses
}

type statusEntry struct {
	entry fhirpath.Node
	path  string // of the resource
}

func (p *parser) header() error {
	p.head.ID = p.bundle.Get("id").Text()
	timestamp, err := p.head.time(p.bundle.Get("timestamp"), "Bundle.timestamp")
	p.head.Timestamp = timestamp
	return err
}

// split tells status entries from the others. Parameters have no id on a server, so
// they are nothing that an event could be about.
func (p *parser) split() {
	i := 0
	for entry := range p.bundle.Get("entry").Elements() {
		if isStatus(entry.Get("resource")) {
			p.statuses = append(p.statuses, statusEntry{entry, at("Bundle.entry", i) + ".resource"})
		} else {
			p.others = append(p.others, entry)
		}
		i++
	}
}

func isStatus(resource fhirpath.Node) bool {
	if resource.Get("resourceType").Is("SubscriptionStatus") {
		return true
	}
	if !resource.Get("resourceType").Is("Parameters") {
		return false
	}
	for parameter := range resource.Get("parameter").Elements() {
		if parameter.Get("name").Is("subscription") {
			return true
		}
	}
	return false
}

// notification reads one status and completes its events from the other entries.
func (p *parser) notification(entry statusEntry) (*Notification, error) {
	n := p.head
	n.Problems = slices.Clone(n.Problems)
	resource := entry.entry.Get("resource")
	n.StatusID = resource.Get("id").Text()
	if uuid, ok := strings.CutPrefix(entry.entry.Get("fullUrl").Text(), "urn:uuid:"); ok && n.StatusID == "" {
		n.StatusID = uuid
	}
	s := status{n: &n, path: entry.path, since: -1, inR4: resource.Get("resourceType").Is("Parameters")}
	var err error
	if s.inR4 {
		err = s.parameters(resource)
	} else {
		err = s.elements(resource)
	}
	if err == nil {
		err = s.complete()
	}
	if err != nil {
		return nil, err
	}
	if len(n.Events) == 0 && s.count > 0 {
		s.numberEntries(p.others)
	}
	p.fill(&s)
	s.review(p.bundle.Get("type").Text())
	return &n, nil
}

// fill finds the entries of the events and infers Content.
func (p *parser) fill(s *status) {
	n := s.n
	references, entries := false, false
	fill := func(e *Entry, i int, m match) {
		references = true
		entries = entries || m.entry.Exists()
		switch {
		case p.full && !m.entry.Exists():
			n.tolerate(s.events[i], "has a reference to which there is no entry (PAY-08)")
		case !isAbsolute(e.FullURL):
			n.tolerate(s.events[i], "has a relative reference (AMB-21)")
		case m.loose:
			n.tolerate(s.events[i], "has a reference that differs from the fullUrl of its entry (BND-11)")
		}
		e.fill(m.entry)
		n.ShowDeleted = n.ShowDeleted || e.Method == "DELETE" && e.Resource != nil
	}
	for i := range n.Events {
		e := &n.Events[i]
		if e.Focus.FullURL != "" {
			fill(&e.Focus, i, p.matcher.focus(e.Focus.FullURL))
		}
		for j := range e.Context {
			fill(&e.Context[j], i, p.matcher.context(e.Context[j].FullURL))
		}
	}
	switch {
	case p.full:
		n.Content = FullResource
	case references:
		n.Content = IDOnly
		n.EntryPerReference = entries
	case len(n.Events) > 0:
		n.Content = Empty
	}
}

// discloses reports whether an entry is one that only full-resource has.
func (p *parser) discloses() bool {
	for _, entry := range p.others {
		if entry.Get("resource").Kind() == fhirpath.Object || entry.Path("request", "method").Is("DELETE") {
			return true
		}
	}
	return false
}

// fill completes e, whose FullURL is the event's reference, from its entry, which
// may be Absent.
func (e *Entry) fill(entry fhirpath.Node) {
	e.FullURL = unversioned(e.FullURL)
	if full := unversioned(entry.Get("fullUrl").Text()); !isAbsolute(e.FullURL) && isAbsolute(full) {
		e.FullURL = full
	}
	if resource := entry.Get("resource"); resource.Kind() == fhirpath.Object {
		e.Resource = resource.Raw()
	}
	e.Method = entry.Path("request", "method").Text()
	e.URL = entry.Path("request", "url").Text()
	e.Status = entry.Path("response", "status").Text()
}

func isAbsolute(url string) bool {
	return strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://") || strings.HasPrefix(url, "urn:")
}
