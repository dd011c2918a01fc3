package fhirserver

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// step is one entry of a transaction.
type step struct {
	*interaction
	entry   int
	fullURL string
	route   route
	found   *result // what a conditional create has found in place of a creation
}

// order is that in which a transaction's entries are performed, whatever their order
// in the Bundle; see https://hl7.org/fhir/R4/http.html#trules.
var order = map[string]int{
	http.MethodDelete: 0, http.MethodPost: 1, http.MethodPut: 2, http.MethodPatch: 3, http.MethodGet: 4,
}

// transaction performs all entries in one transaction, or none.
func (s *Server) transaction(ctx context.Context, root fhirpath.Node, tenant string, prefer preference) ([]*answer, error) {
	var answers []*answer
	err := s.transact(ctx, tenant, func(ctx context.Context, t *txn) error {
		steps, err := s.steps(root, tenant) // anew each time: what follows changes them
		if err != nil {
			return err
		}
		if err := t.holdAll(ctx, steps); err != nil {
			return err
		}
		answers = make([]*answer, len(steps))
		performed := slices.Clone(steps)
		slices.SortStableFunc(performed, func(a, b *step) int { return cmp.Compare(order[a.method], order[b.method]) })
		identified := false
		for _, step := range performed {
			if step.method != http.MethodDelete && !identified {
				// Criteria are evaluated behind the deletions and before all other writes.
				if err := t.identify(ctx, steps); err != nil {
					return err
				}
				identified = true
			}
			done, err := t.perform(ctx, step)
			if err != nil {
				return within(step.entry, err)
			}
			answers[step.entry] = answerTo(step.interaction, done, prefer)
		}
		return nil
	})
	return answers, err
}

// steps reads the entries and refuses what has no place in a transaction.
func (s *Server) steps(root fhirpath.Node, tenant string) ([]*step, error) {
	var steps []*step
	targets := map[string]bool{}
	for entry := range root.Get("entry").Elements() {
		i := len(steps)
		in, err := s.entryInteraction(entry, tenant)
		if err != nil {
			return nil, within(i, err)
		}
		if in.path[0] == "Subscription" {
			return nil, within(i, unsupported("Subscriptions have no place in a transaction; use a batch").at("request.url"))
		}
		r, err := in.route()
		if err != nil {
			return nil, within(i, err)
		}
		if r.write != nil && len(in.path) > 1 {
			target := in.path[0] + "/" + in.path[1]
			if targets[target] {
				return nil, within(i, errTwice)
			}
			targets[target] = true
		}
		steps = append(steps, &step{interaction: in, entry: i, fullURL: entry.Get("fullUrl").Text(), route: r})
	}
	return steps, nil
}

// holdAll holds what the steps write, in an order that all transactions share, lest
// they wait for each other in a circle.
func (t *txn) holdAll(ctx context.Context, steps []*step) error {
	type target struct{ resourceType, id string }
	var targets []target
	for _, step := range steps {
		switch {
		case step.route.write == nil, step.method == http.MethodPost && step.ifNoneExist == "":
		case len(step.path) > 1:
			targets = append(targets, target{step.path[0], step.path[1]})
		default:
			targets = append(targets, target{step.path[0], ""})
		}
	}
	slices.SortFunc(targets, func(a, b target) int {
		return cmp.Or(cmp.Compare(a.resourceType, b.resourceType), cmp.Compare(a.id, b.id)) // all of a type first
	})
	for _, held := range slices.Compact(targets) {
		if err := t.hold(ctx, held.resourceType, held.id); err != nil {
			return err
		}
	}
	return nil
}

var errTwice = invalid("the transaction writes the same resource twice").at("request.url")

// identify finds out which resource each entry is about and puts that in the place
// of the fullUrls by which the entries refer to each other.
func (t *txn) identify(ctx context.Context, steps []*step) error {
	places := map[string]string{}
	taken := map[string]bool{}
	for _, step := range steps {
		place := ""
		var err error
		switch {
		case step.method == http.MethodPost && step.route.write != nil:
			place, err = t.identifyCreate(ctx, step)
		case step.method == http.MethodPut && len(step.path) == 1:
			place, err = t.identifyUpdate(ctx, step)
		case step.route.write != nil && len(step.path) > 1:
			place = step.path[0] + "/" + step.path[1]
		}
		if err != nil {
			return within(step.entry, err)
		}
		if place == "" {
			continue
		}
		if step.found == nil && taken[place] {
			return within(step.entry, errTwice)
		}
		taken[place] = taken[place] || step.found == nil
		if step.fullURL != "" {
			if known, ok := places[step.fullURL]; ok && known != place {
				return within(step.entry, invalid("two entries have the same fullUrl").at("request.url"))
			}
			places[step.fullURL] = place
		}
	}
	for _, step := range steps {
		if len(step.body) == 0 || step.patch {
			continue
		}
		body, err := resolve(step.release, step.body, places)
		if err != nil {
			return within(step.entry, err)
		}
		step.body = body
	}
	return nil
}

func (t *txn) identifyCreate(ctx context.Context, step *step) (place string, err error) {
	if step.ifNoneExist != "" {
		found, err := t.match(ctx, step.path[0], step.ifNoneExist)
		if err != nil {
			return "", err
		}
		if found != nil {
			step.found = &result{status: http.StatusOK, resource: found.body, version: found, located: true}
			return found.reference(), nil
		}
		step.ifNoneExist = ""
	}
	step.assigned = newID()
	return step.path[0] + "/" + step.assigned, nil
}

// identifyUpdate turns a conditional update into one by id.
func (t *txn) identifyUpdate(ctx context.Context, step *step) (place string, err error) {
	resource, err := parseResource(step.body, step.path[0])
	if err != nil {
		return "", err
	}
	_, step.assigned, err = t.updated(ctx, step.interaction, resource)
	return step.path[0] + "/" + step.assigned, err
}

func (t *txn) perform(ctx context.Context, step *step) (*result, error) {
	switch {
	case step.found != nil:
		return step.found, nil
	case step.route.read != nil:
		return step.route.read(t.server, ctx, t.view, step.interaction)
	}
	return step.route.write(t, ctx, step.interaction)
}
