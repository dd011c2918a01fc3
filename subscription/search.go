package subscription

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Found is a page of a search.
type Found struct {
	Matches []Stored // the page, in the order asked for
	Total   int      // how many match on all pages together
	Next    string   // query for the next page; "" if this is the last

	ranked []ranked // the first of what was found, if it is to be sorted
}

// ranked is a match and what it is sorted by.
type ranked struct {
	Stored
	keys []string
}

// Search finds a tenant's Subscriptions by FHIR's search parameters for them in the
// host's release (such as url, status, type, _id, _lastUpdated; criteria in R4 and R4B,
// topic and filter-value in R5) and, in R4 and R4B, the Backport guide's (topic,
// filter-criteria, custom-channel, payload-type, identifier; docs/conformance.md, Capabilities and search).
// Parameters are combined by AND, values parted by commas by OR. A parameter that isn't
// known is refused, never ignored. Of the result parameters it takes _count, _summary,
// _elements, _total, _sort (by _id, _lastUpdated, status, url, type and some more) and, from
// its own next links, _offset. Unless they are sorted, the oldest come first; of those that
// are, the first 10,000 can be had, and more are refused as too costly.
func (e *Engine) Search(ctx context.Context, tenant string, query url.Values) (Found, error) {
	q, err := e.readQuery(ctx, "Subscription", query)
	if err != nil {
		return Found{}, err
	}
	var found Found
	for after := int64(0); ; {
		page, err := e.cfg.Store.ListSubscriptions(ctx, ListQuery{Tenant: tenant, After: after, Limit: pageOfSubscriptions})
		if err != nil {
			return Found{}, err
		}
		for i := range page {
			after = page[i].Key
			if len(page[i].Resource) == 0 {
				return Found{}, errUnsealed
			}
			s := e.present(&page[i])
			if ok, err := q.match(parsed(s.Resource)); err != nil {
				return Found{}, err
			} else if !ok {
				continue
			}
			permitted, err := e.permits(ctx, &page[i], AccessRead)
			if err != nil {
				return Found{}, err
			}
			if permitted {
				found.add(q, s)
			}
		}
		if len(page) < pageOfSubscriptions {
			break
		}
	}
	found.end(q, query)
	for i := range found.Matches {
		found.Matches[i].Resource = q.shape.show(e.form, found.Matches[i].Resource)
	}
	return found, nil
}

// add counts a match, and keeps it if it is on the page, or may be once all are sorted.
func (f *Found) add(q *query, s Stored) {
	if q.sort != nil && q.count > 0 {
		f.ranked = append(f.ranked, ranked{s, q.key(&s)})
		if len(f.ranked) >= 2*(q.offset+q.count) {
			f.rank(q)
		}
	} else if f.Total >= q.offset && len(f.Matches) < q.count {
		f.Matches = append(f.Matches, s)
	}
	f.Total++
}

// rank sorts what was found, and drops what comes after the page.
func (f *Found) rank(q *query) {
	slices.SortStableFunc(f.ranked, func(a, b ranked) int { return q.compare(a.keys, b.keys) })
	if last := q.offset + q.count; last < len(f.ranked) {
		f.ranked = slices.Delete(f.ranked, last, len(f.ranked))
	}
}

// end sorts, and says where the next page begins.
func (f *Found) end(q *query, asked url.Values) {
	f.rank(q)
	for i := q.offset; i < len(f.ranked); i++ {
		f.Matches = append(f.Matches, f.ranked[i].Stored)
	}
	f.ranked = nil
	if end := q.offset + len(f.Matches); end < f.Total && q.count > 0 {
		next := url.Values{}
		for name, values := range asked {
			next[name] = values
		}
		next["_offset"] = []string{strconv.Itoa(end)}
		f.Next = next.Encode()
	}
}

// match reports whether a resource meets all criteria.
func (q *query) match(resource fhirpath.Node) (bool, error) {
	ok := true
	for _, matches := range q.criteria {
		ok = matches(resource) && ok
	}
	if q.failed != nil {
		return false, refuse(http.StatusUnprocessableEntity, "", "too-costly", "The search can't be evaluated on a resource that it would have to look at")
	}
	return ok, nil
}

func refuseParameter(name, problem string) error {
	return refuse(http.StatusBadRequest, "", "invalid", "Search parameter "+name+": "+problem)
}
