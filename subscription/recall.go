package subscription

// recalled keeps the Subscriptions that the Authorizer was last asked about as their Specs
// say them: the same ones often have the next event, too.
type recalled struct {
	entries []*entry // at next the one that was asked about longest ago
	next    int
}

// How many are kept, and of which size at most.
const (
	recalledEntries = 1 << 14
	recalledBytes   = 4 << 10
)

// subscription returns what the entry's Spec says.
func (r *recalled) subscription(en *entry) *Subscription {
	if en.recalled != nil {
		return en.recalled
	}
	s := en.stencil.subscription(en.index.tenant, en.texts)
	switch {
	case len(s.Resource) > recalledBytes:
		return s
	case len(r.entries) < recalledEntries:
		r.entries = append(r.entries, en)
	default:
		r.entries[r.next].recalled = nil
		r.entries[r.next] = en
		r.next = (r.next + 1) % recalledEntries
	}
	en.recalled = s
	return s
}
