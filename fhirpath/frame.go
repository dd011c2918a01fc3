package fhirpath

import (
	"context"
	"sync"
	"time"
)

// MaxSteps is how much work one evaluation may do: a step is a visit of an
// element, a comparison, or an iteration. It bounds the size of collections, too.
const MaxSteps = 100_000

// maxText bounds the strings that an evaluation may build, in bytes.
const maxText = 1 << 20

// frame is the state of one evaluation. Frames are pooled with their buffers.
type frame struct {
	ctx   context.Context
	model *model
	env   Env
	focus Node
	now   time.Time

	resource, rootResource Node // once findResource has run

	given   []given // variables that were asked for
	steps   int
	index   int      // $index
	total   []Item   // $total
	defined [][]Item // by defineVariable, by slot
	root    [1]Item
	buffers [][]Item
}

var frames = sync.Pool{New: func() any { return new(frame) }}

// eval is a compiled expression: it appends to out what the expression gives for
// the items that $this is. It keeps neither slice.
type eval func(f *frame, this, out []Item) ([]Item, error)

// step counts one step.
func (f *frame) step() error { return f.charge(1) }

func (f *frame) charge(steps int) error {
	before := f.steps
	f.steps += steps
	if f.steps > MaxSteps {
		return ErrLimit
	}
	if f.steps>>8 != before>>8 {
		return f.ctx.Err()
	}
	return nil
}

// wide is how many members of an object a step may look at.
const wide = 32

// lookup is the charge for finding members of an object by name.
func (n Node) lookup() int {
	members := 0
	for c, end := n.i+1, n.entry().next; c < end; c = n.doc.nodes[c].next {
		members++
	}
	return 1 + members/wide
}

// weight is the charge for reading an element: it grows where the element is so
// large that its reading is no single step.
func (it Item) weight() int {
	switch {
	case it.value != nil || !it.node.Exists():
		return 1
	case it.node.Kind() == Object:
		return 1 + int(it.node.entry().next-it.node.i)/64 + len(it.node.Raw())/4096
	}
	return 1 + len(it.node.Raw())/256
}

// take returns an empty buffer, which put takes back.
func (f *frame) take() []Item {
	if n := len(f.buffers); n > 0 {
		b := f.buffers[n-1]
		f.buffers = f.buffers[:n-1]
		return b
	}
	return make([]Item, 0, 8)
}

// maxBuffer is the capacity beyond which a buffer is left to the collector, and
// maxBuffers how many are kept.
const (
	maxBuffer  = 256
	maxBuffers = 64
)

func (f *frame) put(b []Item) {
	if cap(b) > maxBuffer || len(f.buffers) == maxBuffers {
		return
	}
	clear(b)
	f.buffers = append(f.buffers, b[:0])
}

// release clears what refers to the caller's data and returns f to the pool.
func (f *frame) release() {
	clear(f.given)
	*f = frame{given: f.given[:0], buffers: f.buffers}
	frames.Put(f)
}

// timestamp is the moment of now(), the same for a whole evaluation.
func (f *frame) timestamp() time.Time {
	if f.now.IsZero() {
		if f.now = f.env.Now; f.now.IsZero() {
			f.now = time.Now()
		}
	}
	return f.now
}
