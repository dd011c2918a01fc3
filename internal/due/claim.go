package due

import (
	"cmp"
	"slices"
	"time"
)

// Claim is a subscription that was claimed.
type Claim struct {
	Key   int64
	Token int64 // higher than those of all claims before
}

// Claim gives node up to limit subscriptions, until the given time, and returns when next
// one may become claimable: see subscription.Store.
func (q *Queue) Claim(node string, now, until time.Time, limit int) (claims []Claim, next time.Time) {
	at, end := now.UnixMicro(), until.UnixMicro()
	// A claim that has run out keeps its token: its node may still finish it, as
	// long as nobody else has claimed the subscription.
	for n := q.first(all, q.running); n != 0 && q.nodes[n].at <= at; n = q.first(all, q.running) {
		key := q.nodes[n].key
		w := q.works[key]
		q.out(key, w)
		w.until = none
		q.in(key, w)
	}
	for _, n := range q.pick(at, limit) {
		key := q.nodes[n].key
		w := q.works[key]
		if w == nil {
			w = &work{tenant: q.nodes[n].turn.tenant, due: q.nodes[n].at, until: none}
			q.keep(key, w)
		}
		q.token++
		q.out(key, w)
		w.node, w.token, w.until = node, q.token, end
		q.in(key, w)
		claims = append(claims, Claim{Key: key, Token: w.token})
	}
	earliest := int64(none)
	for _, root := range []ref{q.waiting, q.running} {
		if n := q.behind(all, root, at, lastKey); n != 0 && (earliest == none || q.nodes[n].at < earliest) {
			earliest = q.nodes[n].at
		}
	}
	return claims, timeOf(earliest)
}

// pick returns up to limit nodes that are due at the given time, in the order in which
// they are to be claimed. If there are more, the tenants take turns: each round takes
// the next of every tenant.
func (q *Queue) pick(at int64, limit int) []ref {
	var picked []ref
	n := q.first(all, q.waiting)
	for ; len(picked) < limit && n != 0 && q.nodes[n].at <= at; n = q.after(all, q.waiting, n) {
		picked = append(picked, n)
	}
	if len(picked) < limit || n == 0 || q.nodes[n].at > at || len(q.turns) == 1 {
		return picked
	}
	picked = picked[:0]
	var round []ref
	for _, own := range q.turns {
		if n := q.first(tenants, own.root); q.nodes[n].at <= at {
			round = append(round, n)
		}
	}
	for len(picked) < limit && len(round) > 0 {
		slices.SortFunc(round, func(a, b ref) int {
			a1, b1 := &q.nodes[a], &q.nodes[b]
			return cmp.Or(cmp.Compare(a1.at, b1.at), cmp.Compare(a1.key, b1.key))
		})
		round = round[:min(len(round), limit-len(picked))]
		picked = append(picked, round...)
		following := round[:0]
		for _, n := range round {
			if n := q.after(tenants, q.nodes[n].turn.root, n); n != 0 && q.nodes[n].at <= at {
				following = append(following, n)
			}
		}
		round = following
	}
	return picked
}
