package clienthost

import "github.com/carillon-fhir/carillon/notification"

// ledger knows which numbers of one Subscription have arrived at one endpoint.
type ledger struct {
	begun   bool
	first   int64 // the lowest number that is expected; 0: whichever comes first
	highest int64
	missing map[int64]bool // below highest
}

// maxMissing bounds what a number out of the blue can make us remember.
const maxMissing = 10_000

// Range is numbers from First to Last, both included.
type Range struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// begin takes what a handshake says: if nothing had happened then, the first number is 1.
// Otherwise events may have been sent elsewhere, and the first that comes begins.
func (l *ledger) begin(n *notification.Notification) {
	if l.begun {
		return
	}
	l.begun = true
	if n.Type != notification.Handshake || n.EventsSinceSubscriptionStart == 0 {
		l.first = 1
	}
}

// take enters a number. gap is what it shows to be missing, if anything; late says that
// it was missing itself.
func (l *ledger) take(number int64) (duplicate, late bool, gap *Range) {
	if l.first == 0 {
		l.first = number
	}
	if l.highest < l.first-1 {
		l.highest = l.first - 1
	}
	switch {
	case l.missing[number]:
		delete(l.missing, number)
		return false, true, nil
	case number <= l.highest:
		return true, false, nil
	case number > l.highest+1:
		gap = l.lack(number - 1)
	}
	l.highest = number
	return false, false, gap
}

// lack enters that the numbers up to last have not come.
func (l *ledger) lack(last int64) *Range {
	if last <= l.highest || l.first == 0 {
		return nil
	}
	gap := &Range{l.highest + 1, last}
	for n := gap.First; n <= gap.Last && len(l.missing) < maxMissing; n++ {
		l.missing[n] = true
	}
	l.highest = last
	return gap
}
