package subscription

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// query is a search as it was asked for.
type query struct {
	criteria      []func(fhirpath.Node) bool
	failed        error // of a criterion: then nothing is known
	count, offset int
	sort          []order
	shape         shape
}

// defaultCount and maxCount bound a page of a search.
const (
	defaultCount = 50
	maxCount     = 1000
)

// mostSorted bounds what a sorted search keeps in memory while it looks for more.
const mostSorted = 10000

// readQuery reads the parameters of a search for resources of a type.
func (e *Engine) readQuery(ctx context.Context, resourceType string, asked url.Values) (*query, error) {
	q := &query{count: defaultCount}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		for _, value := range asked[name] {
			if err := e.readParameter(ctx, q, resourceType, name, value); err != nil {
				return nil, err
			}
		}
	}
	if q.shape.summary == "count" {
		q.count = 0
	}
	if q.sort != nil && (q.offset > mostSorted || q.offset+q.count > mostSorted) {
		return nil, refuse(http.StatusUnprocessableEntity, "", "too-costly",
			"Of what is sorted, the first "+strconv.Itoa(mostSorted)+" can be had: narrow the search, or leave _sort out")
	}
	return q, nil
}

func (e *Engine) readParameter(ctx context.Context, q *query, resourceType, name, value string) (err error) {
	switch name {
	case "_count":
		if q.count, err = strconv.Atoi(value); err != nil || q.count < 0 {
			return refuseParameter(name, "a number is needed")
		}
		q.count = min(q.count, maxCount)
		return nil
	case "_offset":
		if q.offset, err = strconv.Atoi(value); err != nil || q.offset < 0 {
			return refuseParameter(name, "a number is needed")
		}
		return nil
	case "_format", "_pretty":
		return nil
	case "_total": // it is always told, as it is always known
		if !slices.Contains([]string{"none", "estimate", "accurate"}, value) {
			return refuseParameter(name, "none, estimate or accurate is needed")
		}
		return nil
	case "_sort":
		if q.sort != nil {
			return refuseParameter(name, "it may be given once only")
		}
		q.sort, err = e.readSort(resourceType, value)
		return err
	case "_summary", "_elements":
		if resourceType == "Subscription" {
			return q.shape.read(e.form, name, value)
		}
	}
	if p, ok := guideParameters[name]; ok && resourceType == "Subscription" && e.cfg.Release != R5 {
		alternatives := alternatives(value)
		if slices.Contains(alternatives, "") {
			return refuseParameter(name, "a value is needed")
		}
		q.criteria = append(q.criteria, func(s fhirpath.Node) bool {
			return slices.ContainsFunc(alternatives, func(value string) bool { return p.matches(s, value) })
		})
		return nil
	}
	if resourceType == "SubscriptionTopic" && name == "resource" {
		value = eitherWay(value, e.cfg.Release)
	}
	c, err := search.Parse(search.Options{Release: e.cfg.Release}, resourceType, name, value)
	if err != nil {
		return refuseParameter(name, err.Error())
	}
	q.criteria = append(q.criteria, func(s fhirpath.Node) bool {
		ok, err := c.Match(ctx, s, e.cfg.BaseURL)
		q.failed = cmp.Or(q.failed, err)
		return ok
	})
	return nil
}

// eitherWay adds to each type in the value of SubscriptionTopic's parameter resource how else
// it is written: topics name it by its definition's address, clients by its code, too.
func eitherWay(value string, r Release) string {
	const definitions = coreURL + "StructureDefinition/"
	var all []string
	for one := range strings.SplitSeq(value, ",") {
		all = append(all, one)
		if code, ok := strings.CutPrefix(one, definitions); ok {
			all = append(all, code)
		} else if search.IsResourceType(r, one) || one == "Resource" {
			all = append(all, definitions+one)
		}
	}
	return strings.Join(all, ",")
}

// ignoring returns the parameters of a search that are known, for a client that wants the
// others to be ignored (Prefer: handling=lenient). A known one that is used wrongly stays, and
// is refused.
func (e *Engine) ignoring(resourceType string, asked url.Values) url.Values {
	known := url.Values{}
	for name, values := range asked {
		base := name[:strings.IndexAny(name+":", ":.")]
		_, guides := guideParameters[base]
		if slices.Contains(resultParameters, base) || base == "_has" || guides && resourceType == "Subscription" && e.cfg.Release != R5 ||
			slices.ContainsFunc(search.Parameters(e.cfg.Release, resourceType), func(p search.Parameter) bool { return p.Code == base }) {
			known[name] = values
		}
	}
	return known
}

// resultParameters say what a search returns, not what it finds.
var resultParameters = []string{"_count", "_offset", "_sort", "_total", "_format", "_pretty", "_summary", "_elements"}
