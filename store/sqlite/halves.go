package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/carillon-fhir/carillon/subscription"
)

// halves remembers of subscriptions that were claimed of late what is not in
// carillon_delivery: it changes seldom, and to read it is most of what a claim costs.
// Only the writer touches it, and what it changes itself it forgets; nobody else writes
// these tables.
type halves map[int64]*subscription.Record // by key

// halvesMost and halfBytes bound the memory. When there are so many, all are read again as
// they come; what is larger than nearly all subscriptions are is read each time.
const (
	halvesMost = 1 << 14
	halfBytes  = 8 << 10
)

// complete fills in the other halves of claims.
func (t *transaction) complete(claims []subscription.Claim) error {
	known := t.halves
	var missing []int64
	for i := range claims {
		if known[claims[i].Key] == nil {
			missing = append(missing, claims[i].Key)
		}
	}
	read := halves{}
	if len(missing) > 0 {
		keys, _ := json.Marshal(missing) // numbers can't fail
		err := each(context.Background(), t.stmt(selectHalves), []any{string(keys)}, func(r row) error {
			var scanned scannedRecord
			err := r.Scan(scanned.half()...)
			h := scanned.record()
			read[h.Key] = &h
			return err
		})
		if err != nil {
			return err
		}
	}
	for i := range claims {
		c := &claims[i].Record
		h := known[c.Key]
		if h == nil {
			h = read[c.Key]
		}
		if h == nil {
			return errors.New("sqlite: a delivery has no subscription")
		}
		c.Tenant, c.ID, c.Owner, c.Revision, c.UpdatedAt = h.Tenant, h.ID, h.Owner, h.Revision, h.UpdatedAt
		c.Status, c.Error, c.MaxCount = h.Status, h.Error, h.MaxCount
		c.Resource, c.Spec, c.Sequenced = slices.Clone(h.Resource), slices.Clone(h.Spec), slices.Clone(h.Sequenced)
	}
	// What was read is so once this transaction is committed, but for what is written later
	// in it: that is forgotten later, too.
	t.then(func() {
		for key, h := range read {
			if len(h.Resource)+len(h.Spec)+len(h.Sequenced) > halfBytes {
				continue
			}
			if len(known) >= halvesMost {
				clear(known)
			}
			known[key] = h
		}
	})
	return nil
}

// forget is called when what halves may remember of a subscription is written.
func (t *transaction) forget(key int64) {
	delete(t.halves, key)
	t.then(func() { delete(t.halves, key) })
}
