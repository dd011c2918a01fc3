package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// everyGet makes GetSubscription pass its result through f.
func everyGet(f func(r *record)) func(s *override) {
	return func(s *override) {
		s.get = func(ctx context.Context, tenant, id string) (record, error) {
			r, err := s.Store.GetSubscription(ctx, tenant, id)
			f(&r)
			return r, err
		}
	}
}

var brokenSubscriptions = []broken{
	{"ignores the revision of a write", "PutComparesTheRevision", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			if old, err := s.Store.GetSubscription(ctx, r.Tenant, r.ID); err == nil {
				revision = old.Revision
			}
			return s.Store.PutSubscription(ctx, r, revision)
		}
	}},
	{"creates what is replaced", "PutComparesTheRevision", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			if _, err := s.Store.GetSubscription(ctx, r.Tenant, r.ID); err != nil {
				revision = 0
			}
			return s.Store.PutSubscription(ctx, r, revision)
		}
	}},
	{"begins anew on a write", "PutKeepsProgress", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			if revision != 0 {
				if err := s.Store.DeleteSubscription(ctx, r.Tenant, r.ID, revision); err != nil {
					return record{}, err
				}
			}
			return s.Store.PutSubscription(ctx, r, 0)
		}
	}},
	{"takes progress from the caller", "PutCreates", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			put, err := s.Store.PutSubscription(ctx, r, revision)
			put.Count = r.Count
			return put, err
		}
	}},
	{"keeps the claim on a write", "PutEndsTheClaim", func(s *override) {
		claimed := map[int64]bool{}
		s.claim = func(ctx context.Context, node string, now, until time.Time, limit int) ([]subscription.Claim, time.Time, error) {
			claims, next, err := s.Store.Claim(ctx, node, now, until, limit)
			claims = slices.DeleteFunc(claims, func(c subscription.Claim) bool { return claimed[c.Key] })
			for _, c := range claims {
				claimed[c.Key] = true
			}
			return claims, next, err
		}
	}},
	{"appends a Spec that is the same", "PutAppendsAChangedSpec", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			old, _ := s.Store.GetSubscription(ctx, r.Tenant, r.ID)
			put, err := s.Store.PutSubscription(ctx, r, revision)
			if err == nil && revision > 0 && slices.Equal(old.Spec, r.Spec) {
				err = s.Store.Append(ctx, []change{{Tenant: r.Tenant, Subscription: put.Key, Spec: r.Spec}})
			}
			return put, err
		}
	}},
	{"uses a Key again", "KeyIsNeverUsedAgain", func(s *override) {
		keys := map[string]int64{}
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			put, err := s.Store.PutSubscription(ctx, r, revision)
			if keys[r.ID] == 0 {
				keys[r.ID] = put.Key
			}
			put.Key = keys[r.ID]
			return put, err
		}
	}},
	{"keeps what it was given", "PutKeepsNoSlice", func(s *override) {
		given := map[string]record{}
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			given[r.ID] = r
			return s.Store.PutSubscription(ctx, r, revision)
		}
		s.get = func(ctx context.Context, tenant, id string) (record, error) {
			r, err := s.Store.GetSubscription(ctx, tenant, id)
			r.Resource = given[id].Resource
			return r, err
		}
	}},
	{"finds what isn't there", "GetNotFound", func(s *override) {
		s.get = func(ctx context.Context, tenant, id string) (record, error) {
			r, _ := s.Store.GetSubscription(ctx, tenant, id)
			return r, nil
		}
	}},
	{"lists in reverse", "ListPagesInTheOrderOfKeys", func(s *override) {
		s.list = func(ctx context.Context, q subscription.ListQuery) ([]record, error) {
			list, err := s.Store.ListSubscriptions(ctx, q)
			slices.Reverse(list)
			return list, err
		}
	}},
	{"lists too little for a sequencer", "ListHasWhatTheSequencerNeeds", func(s *override) {
		s.list = func(ctx context.Context, q subscription.ListQuery) ([]record, error) {
			list, err := s.Store.ListSubscriptions(ctx, q)
			for i := range list {
				if q.Sequenced {
					list[i].Count = 0
				}
			}
			return list, err
		}
	}},
	{"lists other tenants", "TenantsShareNoList", func(s *override) {
		s.list = func(ctx context.Context, q subscription.ListQuery) ([]record, error) {
			q.AllTenants = true
			return s.Store.ListSubscriptions(ctx, q)
		}
	}},
	{"gets another tenant's", "TenantsShareNoSubscription", func(s *override) {
		s.get = func(ctx context.Context, tenant, id string) (record, error) {
			all, _ := s.Store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, Limit: 1000})
			for _, r := range all {
				if r.ID == id {
					return r, nil
				}
			}
			return record{}, subscription.ErrNotFound
		}
	}},
	{"deletes another tenant's", "TenantsDeleteTheirOwn", func(s *override) {
		s.delete = func(ctx context.Context, tenant, id string, revision int64) error {
			return s.Store.DeleteSubscription(ctx, "north", id, revision)
		}
	}},
	{"joins tenant and id", "TenantsNamesAreNotJoined", func(s *override) {
		s.put = func(ctx context.Context, r record, revision int64) (record, error) {
			r.Tenant, r.ID = "", r.Tenant+r.ID
			return s.Store.PutSubscription(ctx, r, revision)
		}
	}},
	{"ignores the revision of a deletion", "DeleteComparesTheRevision", func(s *override) {
		s.delete = func(ctx context.Context, tenant, id string, _ int64) error {
			return s.Store.DeleteSubscription(ctx, tenant, id, 0)
		}
	}},
	{"keeps the events of the deleted", "DeleteRemoves", func(s *override) {
		kept := map[int64][]subscription.Event{}
		s.delete = func(ctx context.Context, tenant, id string, revision int64) error {
			r, _ := s.Store.GetSubscription(ctx, tenant, id)
			kept[r.Key], _ = s.Store.ReadEvents(ctx, r.Key, 1, r.Count, 1000)
			return s.Store.DeleteSubscription(ctx, tenant, id, revision)
		}
		s.readEvents = func(ctx context.Context, key, first, last int64, limit int) ([]subscription.Event, error) {
			if events := kept[key]; events != nil {
				return events, nil
			}
			return s.Store.ReadEvents(ctx, key, first, last, limit)
		}
	}},
	{"never raises a revision", "FinishRaisesTheRevision", everyGet(func(r *record) { r.Revision = 1 })},
	{"counts in floats", "BigNumbersAreExact", everyGet(func(r *record) { r.Count = int64(float64(r.Count)) })},
	{"loses the Spec in force", "CommitPutsSpecsInForce", everyGet(func(r *record) { r.Sequenced = r.Spec })},
}
