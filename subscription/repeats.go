package subscription

import (
	"context"
	"hash/maphash"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// repeats knows the changes that were sequenced last, to find those that a host has
// recorded twice: by a hook that was called again after it had seemed to fail, or by
// two nodes for one write. What counts is the same version of the same resource, byte
// for byte, after the same interaction; without meta.versionId nothing is a repetition.
//
// Failure policy: a repetition that comes more than rememberedChanges after the
// original, or more than recalledChanges after it with another node's taking over in
// between, is an event of its own. A subscriber then hears of the version twice, under
// two numbers; none is lost.
type repeats struct {
	positions map[fingerprint]int64 // of the first of its kind
	order     []fingerprint         // by position; from start on, if it is full
	start     int
	cursor    int64 // position up to which changes are known
}

// fingerprint stands for a change. That two share one by chance is less likely than
// that the machine errs: it has 128 bits, under seeds that nobody can know.
type fingerprint [2]uint64

var fingerprintSeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

const (
	rememberedChanges = 1 << 16
	recalledChanges   = 1 << 12 // read again from the store when this node takes over
)

// add notes a change, whose resource is focus, and reports whether an earlier one was
// the same. To add a change again is no repetition.
func (r *repeats) add(c *Change, focus fhirpath.Node) bool {
	r.cursor = max(r.cursor, c.Position)
	if c.Subscription != 0 || c.fired().Raised || !focus.Path("meta", "versionId").Exists() {
		return false
	}
	f := fingerprintOf(c)
	first, known := r.positions[f]
	if known {
		return first < c.Position
	}
	if r.positions == nil {
		r.positions = map[fingerprint]int64{}
	}
	r.positions[f] = c.Position
	if len(r.order) < rememberedChanges {
		r.order = append(r.order, f)
		return false
	}
	delete(r.positions, r.order[r.start])
	r.order[r.start] = f
	r.start = (r.start + 1) % rememberedChanges
	return false
}

// recall notes the changes up to a cursor that another node has sequenced.
func (r *repeats) recall(ctx context.Context, store Store, cursor int64) error {
	for after := max(r.cursor, cursor-recalledChanges); after < cursor; {
		changes, err := store.ReadChanges(ctx, after, batchOfChanges)
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			break
		}
		for i := range changes {
			c := &changes[i]
			if after = c.Position; after > cursor {
				break
			}
			if doc, err := fhirpath.Parse(c.Resource); err == nil {
				r.add(c, doc.Root())
			}
		}
	}
	r.cursor = max(r.cursor, cursor)
	return nil
}

func fingerprintOf(c *Change) (f fingerprint) {
	for i, seed := range fingerprintSeeds {
		var h maphash.Hash
		h.SetSeed(seed)
		for _, part := range [...]string{c.Tenant, c.ResourceType, c.ResourceID} {
			h.WriteString(part)
			h.WriteByte(0) // which no part holds
		}
		h.WriteByte(byte(c.Interaction))
		for _, topics := range [...][]string{c.Topics, c.Undecided} {
			for _, t := range topics {
				h.WriteString(t)
				h.WriteByte(0)
			}
			h.WriteByte(1)
		}
		h.Write(c.Resource)
		f[i] = h.Sum64()
	}
	return f
}
