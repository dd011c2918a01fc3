package fhirserver

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters are those of a search or history that shape its result, and the rest.
type parameters struct {
	count    int       // most entries in a page
	sort     string    // _id, -_id, _lastUpdated or -_lastUpdated
	total    bool      // whether the client wants Bundle.total
	since    time.Time // zero: from the beginning
	cursor   string    // where the page before ended, "" for the first page
	criteria []string  // all others, raw
	shown    []string  // all but cursor, raw: what links repeat
}

const (
	defaultCount = 50
	maxCount     = 1000
)

// readParameters sorts the parameters of a query. Those in known shape the result.
func readParameters(query string, known ...string) (*parameters, error) {
	p := &parameters{count: defaultCount, sort: "_id", total: true}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil {
			return nil, invalid("a parameter is not percent-encoded")
		}
		if name == "_format" { // negotiated before
			continue
		}
		if name != cursorParameter {
			p.shown = append(p.shown, pair)
		}
		if name != cursorParameter && !slices.Contains(known, name) {
			p.criteria = append(p.criteria, pair)
			continue
		}
		if seen[name] {
			return nil, invalid("%s is given more than once", name)
		}
		seen[name] = true
		if err := p.set(name, value); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// cursorParameter is this server's own, for the links to further pages.
const cursorParameter = "_cursor"

func (p *parameters) set(name, value string) (err error) {
	switch name {
	case cursorParameter:
		p.cursor = value
	case "_count":
		if p.count, err = strconv.Atoi(value); err != nil || p.count < 0 {
			return invalid("_count must be a number that is not negative")
		}
		p.count = min(p.count, maxCount)
	case "_sort":
		p.sort = value
		if key := strings.TrimPrefix(value, "-"); key != "_id" && key != "_lastUpdated" {
			return unsupported("_sort must be _id or _lastUpdated, with or without a hyphen before it")
		}
	case "_total":
		if value != "none" && value != "estimate" && value != "accurate" {
			return invalid("_total must be none, estimate or accurate")
		}
		p.total = value != "none"
	case "_since":
		if p.since, err = time.Parse(time.RFC3339Nano, value); err != nil {
			return invalid("_since must be an instant, such as 2026-03-01T08:00:00Z")
		}
	}
	return nil
}

// links returns the links of the page at address, which continues behind next; ""
// means that this is the last.
func (p *parameters) links(address, next string) []link {
	self := slices.Clone(p.shown)
	if p.cursor != "" {
		self = append(self, cursorParameter+"="+url.QueryEscape(p.cursor))
	}
	links := []link{{"self", join(address, self)}}
	if next != "" {
		links = append(links, link{"next", join(address, append(slices.Clone(p.shown), cursorParameter+"="+url.QueryEscape(next)))})
	}
	return links
}

func join(address string, pairs []string) string {
	if len(pairs) == 0 {
		return address
	}
	return address + "?" + strings.Join(pairs, "&")
}
