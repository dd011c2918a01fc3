package soak

import (
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Row O3: at full load, with faults, nothing grows and nothing is lost. Full load is as much
// as is delivered: as many changes are under way as pending allows.
func TestRun(t *testing.T) {
	const subscriptions, writers, pending = 100, 16, 512
	long := os.Getenv("CARILLON_SOAK") != ""
	lasts, every := 2*time.Second, 200*time.Millisecond
	if long {
		lasts, every = 5*time.Minute, 5*time.Second
	}
	w := newWorld(t, subscriptions)
	w.faults.on.Store(true)
	written := make([]int64, subscriptions) // by the writer whose it is
	slots := make(chan struct{}, pending)
	stop := make(chan struct{})
	var writing sync.WaitGroup
	for first := range writers {
		writing.Go(func() {
			for of := first; ; of = next(of, writers, subscriptions) {
				select {
				case <-stop:
					return
				case slots <- struct{}{}:
				}
				written[of]++
				if err := w.engine.OnResourceChange(t.Context(), change(of, written[of])); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	freed := make(chan struct{})
	go func() {
		for {
			select {
			case <-w.arrived:
				<-slots
			case <-freed:
				return
			}
		}
	}()
	var heap, goroutines, descriptors []int
	for began := time.Now(); time.Since(began) < lasts; {
		time.Sleep(every) // the row is about time that passes
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		heap, goroutines = append(heap, int(m.HeapAlloc)), append(goroutines, runtime.NumGoroutine())
		descriptors = append(descriptors, openFiles())
	}
	close(stop)
	writing.Wait()
	w.faults.on.Store(false)
	total := 0
	for of, n := range written {
		total += int(n)
		require.Eventually(t, func() bool { return w.heard[of].upTo() >= n }, time.Minute, 10*time.Millisecond, "events were lost")
	}
	close(freed)
	w.stop()
	repeated := 0
	for of := range w.heard {
		l := &w.heard[of]
		require.Equal(t, written[of], l.last, "an event that nobody wrote")
		require.Zero(t, l.outOfOrder)
		require.Zero(t, l.foreign, "a number names another change")
		repeated += l.repeated
	}
	require.LessOrEqual(t, repeated, int(w.faults.repeats.Load()))
	t.Logf("O3 lasts=%v events=%d sends=%d faults=%d repeated=%d lost=0 gaps=0 twice=0 heap=%d..%dKiB goroutines=%d..%d descriptors=%d..%d", lasts, total,
		w.sends.Load(), w.faults.number.Load(), repeated, slices.Min(heap)>>10, slices.Max(heap)>>10, slices.Min(goroutines), slices.Max(goroutines), slices.Min(descriptors), slices.Max(descriptors))
	if !long {
		return // that nothing grows shows after minutes
	}
	require.GreaterOrEqual(t, total, 100_000)
	for name, of := range map[string][]int{"heap": heap, "goroutines": goroutines, "descriptors": descriptors} {
		quarter := len(of) / 4
		early, late := median(of[quarter:2*quarter]), median(of[3*quarter:])
		require.LessOrEqual(t, late, early+max(early/5, 16), "%s grows", name)
	}
}

// next is the subscription after one of those that a writer writes for.
func next(of, writers, subscriptions int) int {
	if of += writers; of >= subscriptions {
		of %= writers
	}
	return of
}

func (l *listener) upTo() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func median(of []int) int {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// openFiles is how many descriptors the process has; 0 where the system does not tell.
func openFiles() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}
