package memory

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// PutSubscription implements subscription.Store.
func (s *Store) PutSubscription(ctx context.Context, p subscription.Record, revision int64) (subscription.Record, error) {
	if err := s.lock(ctx); err != nil {
		return subscription.Record{}, err
	}
	defer s.mu.Unlock()
	r := s.ids[identity{p.Tenant, p.ID}]
	switch {
	case r == nil && revision != 0:
		return subscription.Record{}, subscription.ErrNotFound
	case r != nil && r.Revision != revision:
		return subscription.Record{}, subscription.ErrConflict
	case r == nil:
		r = s.create(p.Tenant, p.ID)
	}
	p = cloneRecord(p)
	changed := !bytes.Equal(r.Spec, p.Spec)
	s.work.End(r.Key)
	r.Revision++
	s.disown(r)
	r.Owner, r.Resource, r.Spec = p.Owner, p.Resource, p.Spec
	s.owned[possession{r.Tenant, r.Owner}]++
	r.UpdatedAt = stored(p.UpdatedAt)
	r.Status, r.Error = p.Status, p.Error
	r.MaxCount, r.Attempt = p.MaxCount, p.Attempt
	r.FailingSince = stored(p.FailingSince)
	r.Eager, r.Announce = p.Eager, p.Announce
	s.dueAt(r, stored(p.Due))
	if changed {
		s.control(r)
	}
	return r.Record, nil
}

func (s *Store) create(tenant, id string) *record {
	s.key++
	r := &record{Record: subscription.Record{Key: s.key, Tenant: tenant, ID: id}}
	s.records[r.Key] = r
	s.owned[possession{tenant, ""}]++
	s.ids[identity{tenant, id}] = r
	s.keys = append(s.keys, r.Key)
	s.tenants[tenant] = append(s.tenants[tenant], r.Key)
	return r
}

// control appends the change that tells the sequencer of a subscription's Spec.
func (s *Store) control(r *record) {
	s.append(subscription.Change{Tenant: r.Tenant, Subscription: r.Key, Spec: slices.Clone(r.Spec)})
}

// GetSubscription implements subscription.Store.
func (s *Store) GetSubscription(ctx context.Context, tenant, id string) (subscription.Record, error) {
	if err := s.lock(ctx); err != nil {
		return subscription.Record{}, err
	}
	defer s.mu.Unlock()
	r := s.ids[identity{tenant, id}]
	if r == nil {
		return subscription.Record{}, subscription.ErrNotFound
	}
	return r.Record, nil
}

// ListSubscriptions implements subscription.Store.
func (s *Store) ListSubscriptions(ctx context.Context, q subscription.ListQuery) ([]subscription.Record, error) {
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	keys := s.tenants[q.Tenant]
	if q.AllTenants {
		keys = s.keys
	}
	i, found := slices.BinarySearch(keys, q.After)
	if found {
		i++
	}
	n := min(len(keys)-i, max(q.Limit, 0))
	list := make([]subscription.Record, n)
	for j, key := range keys[i : i+n] {
		list[j] = s.records[key].Record
	}
	return list, nil
}

// DeleteSubscription implements subscription.Store.
func (s *Store) DeleteSubscription(ctx context.Context, tenant, id string, revision int64) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	r := s.ids[identity{tenant, id}]
	switch {
	case r == nil:
		return subscription.ErrNotFound
	case revision != 0 && r.Revision != revision:
		return subscription.ErrConflict
	}
	s.work.End(r.Key)
	s.dueAt(r, time.Time{})
	s.disown(r)
	for _, e := range r.events {
		e.change.events--
	}
	delete(s.records, r.Key)
	delete(s.ids, identity{tenant, id})
	s.keys = without(s.keys, r.Key)
	s.tenants[tenant] = without(s.tenants[tenant], r.Key)
	s.append(subscription.Change{Tenant: tenant, Subscription: r.Key, Interaction: topic.Delete})
	return nil
}

func (s *Store) disown(r *record) {
	whose := possession{r.Tenant, r.Owner}
	if s.owned[whose]--; s.owned[whose] == 0 {
		delete(s.owned, whose)
	}
}

func without(keys []int64, key int64) []int64 {
	i, _ := slices.BinarySearch(keys, key)
	return slices.Delete(keys, i, i+1)
}
