package notification

import (
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// matcher finds the entries of events in the order in which they are read
// (BND-18). Append writes each event's focus followed by its context, so the entry
// at next is tried first; other layouts are searched.
type matcher struct {
	entries []fhirpath.Node // without the status entries
	byURL   map[string][]int
	byID    map[string][]int // by Type/id, for references of another form than the fullUrl
	next    int
}

// match is the entry of a reference, Absent if there is none. It is loose if only type
// and id are the same.
type match struct {
	entry fhirpath.Node
	loose bool
}

func newMatcher(entries []fhirpath.Node) *matcher {
	m := &matcher{entries: entries, byURL: make(map[string][]int, len(entries)), byID: make(map[string][]int, len(entries))}
	for i, e := range entries {
		url := unversioned(entryURL(e))
		m.byURL[url] = append(m.byURL[url], i)
		if id := typeAndID(url); id != "" {
			m.byID[id] = append(m.byID[id], i)
		}
	}
	return m
}

// candidates returns the entries that reference may mean, in ascending order. An
// entry of exactly that URL is the better one: two servers may use the same ids.
func (m *matcher) candidates(reference string) (found []int, loose bool) {
	reference = unversioned(reference)
	if found := m.byURL[reference]; found != nil {
		return found, false
	}
	return m.byID[typeAndID(reference)], true
}

// focus returns the entry of an event's focus: the next one, else one further on,
// else the last one of that resource.
func (m *matcher) focus(reference string) match {
	found, loose := m.candidates(reference)
	if len(found) == 0 {
		return match{}
	}
	at, _ := slices.BinarySearch(found, m.next)
	if at == len(found) {
		return match{m.entries[found[at-1]], loose}
	}
	m.next = found[at] + 1
	return match{m.entries[found[at]], loose}
}

// context returns the entry of a resource in the context of the event whose focus
// was asked for last: the next one, else the latest one already passed, which
// several events share, else one further on.
func (m *matcher) context(reference string) match {
	found, loose := m.candidates(reference)
	if len(found) == 0 {
		return match{}
	}
	at, exact := slices.BinarySearch(found, m.next)
	if exact {
		m.next++
	} else if at > 0 {
		at--
	}
	return match{m.entries[found[at]], loose}
}

// entryURL returns an entry's fullUrl. Where that was left out, the request may tell.
func entryURL(entry fhirpath.Node) string {
	if url := entry.Get("fullUrl").Text(); url != "" {
		return url
	}
	return entry.Path("request", "url").Text()
}

// unversioned removes a trailing /_history/[vid].
func unversioned(url string) string {
	before, _, _ := strings.Cut(url, "/_history/")
	return before
}

// typeAndID returns the end of a reference in the form Type/id, or "" if it has
// none, as a urn: or the URL of something that is no FHIR resource.
func typeAndID(url string) string {
	id := strings.LastIndexByte(url, '/')
	if id < 1 || id == len(url)-1 || strings.ContainsAny(url[id:], "?#") {
		return ""
	}
	start := strings.LastIndexByte(url[:id], '/') + 1
	if start == id || url[start] < 'A' || url[start] > 'Z' {
		return ""
	}
	return url[start:]
}
