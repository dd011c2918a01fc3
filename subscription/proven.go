package subscription

import "time"

// quickly is how soon a host has to answer so that it does not count as unproven. Those
// that are share half of the process's attempts, so that those which hang until the
// deadline leave the other half to the rest.
//
// Failure policy: where more hosts than there are attempts hang at one moment, after they
// had all been quick, each has to be found out; relieve ends half of the attempts each
// second meanwhile, and what it ends may be received twice.
const quickly = time.Second

// mostQuick bounds the memory. Who is forgotten has to prove itself again.
const mostQuick = 1 << 16

// prove takes note of whether a host has answered quickly.
func (i *isolation) prove(at place, quick bool) {
	if !quick {
		delete(i.quick, at)
		return
	}
	if _, known := i.quick[at]; !known && len(i.quick) >= mostQuick {
		for any := range i.quick {
			delete(i.quick, any)
			break
		}
	}
	i.quick[at] = struct{}{}
}

// begin takes note that an attempt begins, and ended that one has ended.
func (h *host) begin(now time.Time) {
	if h.under++; h.under == 1 {
		h.heardAt = now
	}
}

func (h *host) ended(now time.Time) {
	h.under--
	h.heardAt = now
}

// silent reports whether nothing has come of the attempts under way for too long to call
// the host quick.
func (h *host) silent(now time.Time) bool { return h.under > 0 && now.Sub(h.heardAt) > quickly }

// relieve is called when every slot has been taken for a while and more is due. Those
// at hosts that had been quick, and have kept silent for too long since, go on as unproven, as
// far as there is room; the others are ended. That is no failure of theirs: they come again.
func (i *isolation) relieve(now time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for p := range i.trusted {
		if now.Sub(p.sent) < quickly {
			continue
		}
		i.prove(p.place, false)
		delete(i.trusted, p)
		select {
		case i.unproven.slots <- struct{}{}:
			p.proven = false
		default:
			p.end()
		}
	}
}
