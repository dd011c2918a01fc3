package notification

import (
	"bytes"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// version is what tells two entries apart where a Bundle must not repeat one (bdl-7,
// BND-08): the resource and, of a shown one, its meta.versionId.
type version struct{ url, id string }

// versions calls f for each entry of a Bundle in which no two may be of one version:
// each event's focus, then its context. Of several of one version the last focus
// counts, else the first context, which readers find again for later events; where
// there is no version to tell states apart, the last context.
//
// Failure policy: bdl-7 compares fullUrl and version run together, so it takes version
// 12 of Encounter/1 and version 2 of Encounter/11 for one. Both are written all the same:
// to leave one out would lose data, to keep the letter of a rule that means another thing.
func (n *Notification) versions(f func(*Entry)) {
	repeated := n.repeated()
	if repeated == nil {
		n.each(func(e *Entry, _ bool) { f(e) })
		return
	}
	type choice struct {
		entry *Entry
		focus bool
	}
	choices := make(map[version]choice)
	type state struct {
		resource []byte
		version  string
	}
	latest := make(map[string]state, len(repeated)) // spares reading the same again
	n.each(func(e *Entry, focus bool) {
		if repeated[e.FullURL] {
			resource, s := n.shown(e), latest[e.FullURL]
			if !bytes.Equal(s.resource, resource) {
				s = state{resource, versionID(resource)}
				latest[e.FullURL] = s
			}
			v := version{e.FullURL, s.version}
			c := choices[v]
			if focus || c.entry == nil || v.id == "" && !c.focus {
				choices[v] = choice{e, focus}
			}
		}
	})
	chosen := make(map[*Entry]bool, len(choices))
	for _, c := range choices {
		chosen[c.entry] = true
	}
	n.each(func(e *Entry, _ bool) {
		if !repeated[e.FullURL] || chosen[e] {
			f(e)
		}
	})
}

// each calls f for every focus and context that there is, whatever has been shown
// before.
func (n *Notification) each(f func(e *Entry, focus bool)) {
	for i := range n.Events {
		e := &n.Events[i]
		if !e.withheld() {
			f(&e.Focus, true)
		}
		for j := range e.Context {
			f(&e.Context[j], false)
		}
	}
}

// repeated returns the URLs that several entries have, nil if there are none.
func (n *Notification) repeated() map[string]bool {
	if n.countEntries() <= manyEntries && n.distinct() {
		return nil
	}
	var repeated map[string]bool
	seen := make(map[string]bool, n.countEntries())
	n.each(func(e *Entry, _ bool) {
		if seen[e.FullURL] {
			if repeated == nil {
				repeated = make(map[string]bool)
			}
			repeated[e.FullURL] = true
		}
		seen[e.FullURL] = true
	})
	return repeated
}

// distinct reports whether no two entries are of the same resource.
func (n *Notification) distinct() bool {
	for i := range n.Events {
		for j := range n.Events[i].Context {
			if n.latestBefore(i, j) != nil {
				return false
			}
		}
		for j := range i {
			if n.Events[j].Focus.FullURL == n.Events[i].Focus.FullURL && !n.Events[i].withheld() {
				return false
			}
			for k := range n.Events[j].Context {
				if n.Events[j].Context[k].FullURL == n.Events[i].Focus.FullURL {
					return false
				}
			}
		}
	}
	return true
}

// versionID returns the meta.versionId of a resource. One that cannot be read has
// none; it was read when it came in.
func versionID(resource []byte) string {
	doc, err := fhirpath.Parse(resource)
	if err != nil {
		return ""
	}
	return doc.Root().Path("meta", "versionId").Text()
}
