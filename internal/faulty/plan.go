package faulty

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Call is one call of a method, before it takes effect or after.
type Call struct {
	Number int    // counts the calls of the process, of all methods, from 1
	Method string // such as "CommitEvents" or "Send"
	After  bool
}

// Fault is what happens to a call. The zero value is nothing.
type Fault struct {
	Pause time.Duration // the process is paused here, for so long
	Wait  time.Duration // so much later; the end of the caller's context ends it early, with its error
	Crash bool          // the process is dead
	Err   error         // what the call returns, in place of its own result if that was a success
}

// Plan says what happens to a call. It is asked before the call takes effect and,
// if it then did, after; by several goroutines at once. nil is no plan: all is well.
type Plan func(c Call) Fault

// At is the plan of one fault, at one call.
func At(number int, after bool, f Fault) Plan {
	return func(c Call) Fault {
		if c.Number == number && c.After == after {
			return f
		}
		return Fault{}
	}
}

// Always is a fault of every call of the methods, or of all methods if none is named.
func Always(after bool, f Fault, methods ...string) Plan {
	return func(c Call) Fault {
		if c.After == after && (len(methods) == 0 || slices.Contains(methods, c.Method)) {
			return f
		}
		return Fault{}
	}
}

// First is the plan that does what the first of plans does that does anything.
func First(plans ...Plan) Plan {
	return func(c Call) Fault {
		for _, p := range plans {
			if f := p(c); f != (Fault{}) {
				return f
			}
		}
		return Fault{}
	}
}

// Random is a plan by which a call fails with the probability p, with one of faults,
// before or after its effect. The same seed gives the same sequence of decisions.
func Random(seed uint64, p float64, faults ...Fault) Plan {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 1))
	return func(Call) Fault {
		mu.Lock()
		defer mu.Unlock()
		if random.Float64() >= p/2 { // it is asked twice
			return Fault{}
		}
		return faults[random.IntN(len(faults))]
	}
}
