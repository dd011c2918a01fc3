// Package due is what a store keeps in memory of its work: which subscriptions are due
// when, and who has claimed them, as subscription.Store's Claim says. What is not due
// and not claimed takes no room; what waits takes less than 100 bytes.
//
//	var q due.Queue
//	q.Set(key, "tenant", at)                            // it is due at that time
//	claims, next := q.Claim("node", now, until, 64)     // the longest due, tenants in turns
//	if q.Current(claims[0].Key, claims[0].Token) {      // before its outcome is written
//		q.End(key)
//		q.Set(key, "tenant", later)
//	}
//
// A store that writes to a disk changes the queue when its transaction has committed. To
// keep others from claiming meanwhile what the transaction has to do with, it calls Hold
// before the commit, and Resume after what came of it is known.
//
// A Queue looks at no clock, and is not safe for concurrent use. Times are kept to the
// microsecond.
package due
