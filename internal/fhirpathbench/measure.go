package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

const (
	rounds = 9
	turn   = 30 * time.Millisecond // of one cell in one round
)

// What a column measures.
const (
	evaluation = iota // over a document that is ready
	fromBytes         // parsing the document included
	compilation
)

// column is one engine doing one thing.
type column struct {
	name  string
	kind  int
	ours  bool
	cells []*cell // one for each subject
}

// cell is a figure of the table.
type cell struct {
	why string // it can't be measured; "" if it can

	// step does the work n times. It may say itself how long one took.
	step   func(n int) (each time.Duration, err error)
	n      int
	allocs float64 // NaN: not known
	times  []float64
}

// measure gives each cell its turn in each round. The first round finds out how
// often to repeat and is not counted.
func measure(ctx context.Context, columns []*column) error {
	for round := range rounds + 1 {
		for i := range columns[0].cells {
			for _, c := range columns {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := c.cells[i].measure(round); err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
			}
		}
	}
	return nil
}

func (c *cell) measure(round int) error {
	if c.why != "" {
		return nil
	}
	runtime.GC() // each pays for its own garbage
	if round == 0 {
		return c.calibrate()
	}
	each, _, err := c.run(c.n)
	c.times = append(c.times, each)
	return err
}

func (c *cell) calibrate() error {
	for c.n = 1; ; c.n *= 2 {
		each, allocs, err := c.run(c.n)
		if err != nil {
			return err
		}
		if total := each * float64(c.n); total > float64(turn)/2 {
			c.allocs = allocs
			c.n = max(1, int(float64(turn)/each))
			return nil
		}
	}
}

// run returns the nanoseconds and allocations of one of n repetitions.
func (c *cell) run(n int) (each, allocs float64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	told, err := c.step(n)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if told > 0 {
		return float64(told), math.NaN(), err
	}
	return float64(took) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n), err
}

// nanoseconds is the median.
func (c *cell) nanoseconds() float64 {
	slices.Sort(c.times)
	return c.times[len(c.times)/2]
}

// String is what the table shows.
func (c *cell) String() string {
	if c.why != "" {
		return c.why
	}
	text := thousands(int(math.Round(c.nanoseconds())))
	if !math.IsNaN(c.allocs) {
		text += fmt.Sprintf(", %.0f", c.allocs)
	}
	return text
}

// thousands writes 1234 as 1,234.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
