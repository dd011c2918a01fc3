package subscription

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// Found is a page of a search.
type Found struct {
	Matches []Stored
	Total   int
	Next    string // query for the next page; "" if this is the last
}

// defaultCount and maxCount bound a page of a search.
const (
	defaultCount = 50
	maxCount     = 1000
)

// Search finds a tenant's Subscriptions by FHIR's search parameters for them (url,
// status, type, criteria, payload, contact, _id, _lastUpdated …) and the Backport
// guide's (topic, filter-criteria, custom-channel, payload-type). Parameters are combined by AND. A parameter that isn't known is
// refused, never ignored. Of the result parameters it takes _count and, from its own
// next links, _offset.
func (e *Engine) Search(ctx context.Context, tenant string, query url.Values) (Found, error) {
	var criteria []func(fhirpath.Node) bool
	var failed error // of a criterion: then nothing is known
	count, offset := defaultCount, 0
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			var err error
			switch name {
			case "_count":
				if count, err = strconv.Atoi(value); err != nil || count < 0 {
					return Found{}, refuseParameter(name, "a number is needed")
				}
				count = min(count, maxCount)
			case "_offset":
				if offset, err = strconv.Atoi(value); err != nil || offset < 0 {
					return Found{}, refuseParameter(name, "a number is needed")
				}
			case "_format", "_pretty":
			default:
				if matches := guideParameters[name]; matches != nil {
					if value == "" {
						return Found{}, refuseParameter(name, "a value is needed")
					}
					criteria = append(criteria, func(s fhirpath.Node) bool { return matches(s, value) })
					break
				}
				c, err := search.Parse(search.Options{Release: e.cfg.Release}, "Subscription", name, value)
				if err != nil {
					return Found{}, refuseParameter(name, err.Error())
				}
				criteria = append(criteria, func(s fhirpath.Node) bool {
					ok, err := c.Match(ctx, s, e.cfg.BaseURL)
					failed = cmp.Or(failed, err)
					return ok
				})
			}
		}
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
			node := parsed(s.Resource)
			misses := slices.ContainsFunc(criteria, func(matches func(fhirpath.Node) bool) bool { return !matches(node) })
			if failed != nil {
				return Found{}, refuse(http.StatusUnprocessableEntity, "", "too-costly", "The search can't be evaluated on a Subscription that it would have to look at")
			}
			if misses {
				continue
			}
			permitted, err := e.permits(ctx, &page[i], AccessRead)
			if err != nil {
				return Found{}, err
			}
			if !permitted {
				continue
			}
			if found.Total >= offset && len(found.Matches) < count {
				found.Matches = append(found.Matches, s)
			}
			found.Total++
		}
		if len(page) < pageOfSubscriptions {
			break
		}
	}
	if end := offset + len(found.Matches); end < found.Total && count > 0 {
		next := url.Values{}
		for name, values := range query {
			next[name] = values
		}
		next["_offset"] = []string{strconv.Itoa(end)}
		found.Next = next.Encode()
	}
	return found, nil
}

func refuseParameter(name, problem string) error {
	return refuse(http.StatusBadRequest, "", "invalid", "Search parameter "+name+": "+problem)
}
