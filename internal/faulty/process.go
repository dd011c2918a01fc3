package faulty

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrDead is what every call of a dead process returns. Nobody is left to read it
// but the goroutines of the test.
var ErrDead = errors.New("faulty: the process is dead")

// Process is one node's process. It is safe for concurrent use.
type Process struct {
	plan Plan
	ctx  context.Context // ends when the process dies
	die  context.CancelFunc

	mu     sync.Mutex
	calls  []string       // the methods called, in order
	fired  map[string]int // errors, by method; other faults under ""
	under  int            // calls under way
	crowd  int            // the most of them
	paused chan struct{}  // nil: running; closed by Resume
}

// NewProcess returns a living process. plan may be nil.
func NewProcess(plan Plan) *Process {
	p := &Process{plan: plan, fired: map[string]int{}}
	p.ctx, p.die = context.WithCancel(context.Background())
	return p
}

// Kill ends the process: what it has called and not been answered may have taken
// effect or not.
func (p *Process) Kill() {
	p.fire("")
	p.die()
}

// Dead is closed when the process has died.
func (p *Process) Dead() <-chan struct{} { return p.ctx.Done() }

// Alive reports whether the process has not died yet.
func (p *Process) Alive() bool { return p.ctx.Err() == nil }

// Pause lets every call wait where it is, before its effect or after, until Resume
// or Kill.
//
// A call that was made before the pause goes on as if no time had passed: its
// context has not ended, since the process had no moment to notice.
func (p *Process) Pause() {
	p.fire("")
	p.pause()
}

func (p *Process) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
}

// Paused reports whether the process is paused.
func (p *Process) Paused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused != nil
}

// Resume ends a pause.
func (p *Process) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// Calls returns the methods that were called, in order: the call numbered n is at
// n-1.
func (p *Process) Calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.calls)
}

// Fired returns how many faults there were; if methods are named, only how many
// errors of these.
func (p *Process) Fired(methods ...string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for method, fired := range p.fired {
		if len(methods) == 0 || slices.Contains(methods, method) {
			n += fired
		}
	}
	return n
}

// Crowd returns how many calls were under way at once, at most.
func (p *Process) Crowd() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crowd
}

func (p *Process) fire(method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fired[method]++
}

func (p *Process) number(method string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, method)
	p.under++
	p.crowd = max(p.crowd, p.under)
	return len(p.calls)
}

func (p *Process) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.under--
}

// Do makes a call of the process' own, such as the commit of a host's transaction,
// with the faults that are planned for it.
func (p *Process) Do(ctx context.Context, method string, effect func(ctx context.Context) error) error {
	number := p.number(method)
	defer p.done()
	ctx, err := p.point(ctx, Call{number, method, false})
	if err != nil {
		return err
	}
	effectErr := effect(ctx)
	if _, err := p.point(ctx, Call{number, method, true}); err != nil && (effectErr == nil || errors.Is(err, ErrDead)) {
		return err
	}
	return effectErr
}

// point is where a call may fail. It returns the context to go on with.
func (p *Process) point(ctx context.Context, c Call) (context.Context, error) {
	ctx, err := p.gate(ctx)
	if err != nil || p.plan == nil {
		return ctx, err
	}
	f := p.plan(c)
	if f == (Fault{}) {
		return ctx, nil
	}
	if f.Err != nil {
		p.fire(c.Method)
	} else {
		p.fire("")
	}
	if f.Pause > 0 {
		p.pause()
		time.AfterFunc(f.Pause, p.Resume)
		if ctx, err = p.gate(ctx); err != nil {
			return ctx, err
		}
	}
	if f.Wait > 0 {
		timer := time.NewTimer(f.Wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx, ctx.Err()
		case <-p.Dead():
			return ctx, ErrDead
		}
	}
	if f.Crash {
		p.die()
		return ctx, ErrDead
	}
	return ctx, f.Err
}

// gate waits for the end of a pause.
func (p *Process) gate(ctx context.Context) (context.Context, error) {
	p.mu.Lock()
	paused := p.paused
	p.mu.Unlock()
	if paused != nil {
		if ctx.Err() == nil {
			ctx = context.WithoutCancel(ctx)
		}
		select {
		case <-paused:
		case <-p.Dead():
		}
	}
	if p.ctx.Err() != nil {
		return ctx, ErrDead
	}
	return ctx, nil
}
