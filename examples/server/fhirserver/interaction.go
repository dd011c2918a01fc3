package fhirserver

import (
	"context"
	"net/http"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// interaction is one RESTful interaction, be it an HTTP request of its own or an
// entry of a Bundle.
type interaction struct {
	release     fhirpath.Release
	tenant      string
	method      string
	path        []string // segments behind the base
	query       string   // raw
	ifMatch     string
	ifNoneMatch string
	ifNoneExist string
	body        []byte
	patch       bool   // body is a JSON Patch
	form        string // of POST _search
	assigned    string // id that a transaction has chosen for what POST creates
}

// result is what an interaction came to.
type result struct {
	status   int
	resource []byte // what the interaction is about; nil if there is nothing to show
	version  *version
	located  bool // the client may not know yet where version is
}

// route is what serves an interaction: read in any view, write in a transaction.
// Exactly one of them is set.
type route struct {
	read  func(*Server, context.Context, view, *interaction) (*result, error)
	write func(*txn, context.Context, *interaction) (*result, error)
}

// route finds what serves the interaction; see https://hl7.org/fhir/R4/http.html.
// Subscriptions, batches and transactions have been sorted out before.
func (in *interaction) route() (route, error) {
	if len(in.path) == 0 {
		return route{}, refuse(http.StatusMethodNotAllowed, "not-supported", "the base takes batches and transactions by POST; there is no search across types")
	}
	first := in.path[0]
	switch {
	case first == "metadata" && len(in.path) == 1:
		return in.pick(map[string]route{"GET": {read: (*Server).capabilities}})
	case first == "_history" && len(in.path) == 1:
		return in.pick(map[string]route{"GET": {read: (*Server).history}})
	case !isResourceType(in.release, first):
		return route{}, refuse(http.StatusNotFound, "not-found", "the first segment of the path is no resource type of this release of FHIR that this server stores")
	}
	switch len(in.path) {
	case 1:
		return in.pick(map[string]route{
			"GET":    {read: (*Server).search},
			"POST":   {write: (*txn).create},
			"PUT":    {write: (*txn).update},
			"PATCH":  {write: (*txn).patch},
			"DELETE": {write: (*txn).delete},
		})
	case 2:
		switch second := in.path[1]; {
		case second == "_search":
			return in.pick(map[string]route{"POST": {read: (*Server).search}})
		case second == "_history":
			return in.pick(map[string]route{"GET": {read: (*Server).history}})
		case strings.HasPrefix(second, "$"):
			return route{}, refuse(http.StatusNotFound, "not-supported", "this server has no operations but those of Subscription")
		case !fhirpath.IsID(second):
			return route{}, refuse(http.StatusBadRequest, "value", "an id has 1 to 64 letters, digits, hyphens and dots").at(first + ".id")
		}
		return in.pick(map[string]route{
			"GET":    {read: (*Server).read},
			"PUT":    {write: (*txn).update},
			"PATCH":  {write: (*txn).patch},
			"DELETE": {write: (*txn).delete},
		})
	case 3, 4:
		switch {
		case in.path[2] != "_history" || !fhirpath.IsID(in.path[1]):
		case len(in.path) == 3:
			return in.pick(map[string]route{"GET": {read: (*Server).history}})
		default:
			return in.pick(map[string]route{"GET": {read: (*Server).vread}})
		}
	}
	return route{}, refuse(http.StatusNotFound, "not-found", "this server has nothing under such a path")
}

func (in *interaction) pick(routes map[string]route) (route, error) {
	r, ok := routes[in.method]
	if !ok {
		return route{}, refuse(http.StatusMethodNotAllowed, "not-supported", "this server does not support the method there")
	}
	creates := in.method == http.MethodPost
	switch {
	case in.ifMatch != "" && (r.read != nil || creates):
		return route{}, unsupported("If-Match has a meaning only where a resource is replaced or deleted")
	case in.ifNoneMatch != "" && r.write != nil:
		return route{}, unsupported("If-None-Match has a meaning only where a resource is read")
	case in.ifNoneExist != "" && (r.read != nil || !creates):
		return route{}, unsupported("If-None-Exist has a meaning only where a resource is created")
	}
	return r, nil
}

// perform serves the interaction, a write in a transaction of its own.
func (s *Server) perform(ctx context.Context, in *interaction) (*result, error) {
	r, err := in.route()
	if err != nil {
		return nil, err
	}
	if r.read != nil {
		return r.read(s, ctx, s.db.view(s.db, in.tenant), in)
	}
	var done *result
	err = s.transact(ctx, in.tenant, func(ctx context.Context, t *txn) error {
		done, err = r.write(t, ctx, in)
		return err
	})
	return done, err
}
