package faulty_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/internal/faulty"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/storetest"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errLost = errors.New("the answer was lost")

func Example() {
	ctx := context.Background()
	disk := memory.New()
	p := faulty.NewProcess(faulty.At(2, true, faulty.Fault{Crash: true}))
	store := p.Store(disk)
	write := func() error { return store.Append(ctx, []subscription.Change{{ResourceType: "Patient"}}) }
	fmt.Println(write())
	fmt.Println(write())
	fmt.Println(write())
	durable, _ := disk.ReadChanges(ctx, 0, 10)
	fmt.Println(len(durable), "changes after calls of", p.Calls())
	// Output:
	// <nil>
	// faulty: the process is dead
	// faulty: the process is dead
	// 2 changes after calls of [Append Append Append]
}

// A process without faults is a store like any other.
func TestProcessPassesOn(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		New: func(testing.TB) subscription.Store { return faulty.NewProcess(nil).Store(memory.New()) },
	})
}

func TestFaultBeforeOrAfterTheEffect(t *testing.T) {
	for _, tc := range []struct {
		name  string
		after bool
		fault faulty.Fault
		want  error
		done  int // effects of three calls
	}{
		{"error before", false, faulty.Fault{Err: errLost}, errLost, 2},
		{"error after", true, faulty.Fault{Err: errLost}, errLost, 3},
		{"crash before", false, faulty.Fault{Crash: true}, faulty.ErrDead, 1},
		{"crash after", true, faulty.Fault{Crash: true}, faulty.ErrDead, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			disk := memory.New()
			p := faulty.NewProcess(faulty.At(2, tc.after, tc.fault))
			s := p.Store(disk)
			for i := range 3 {
				err := s.Append(t.Context(), []subscription.Change{{}})
				if i == 1 {
					require.ErrorIs(t, err, tc.want)
				}
			}
			durable, err := disk.ReadChanges(t.Context(), 0, 10)
			require.NoError(t, err)
			require.Len(t, durable, tc.done)
			require.Equal(t, 1, p.Fired())
			require.Equal(t, !tc.fault.Crash, p.Alive())
		})
	}
}

func TestPauseEndsNoContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory.New()
		p := faulty.NewProcess(faulty.At(1, false, faulty.Fault{Pause: time.Minute}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		require.NoError(t, p.Store(disk).Append(ctx, []subscription.Change{{}}), "what has left the process arrives")
		require.Equal(t, time.Minute, time.Since(begun))
		require.False(t, p.Paused())

		p.Pause()
		late := make(chan error)
		go func() { late <- p.Store(disk).Append(t.Context(), nil) }()
		synctest.Wait()
		p.Kill()
		require.ErrorIs(t, <-late, faulty.ErrDead)
	})
}

func TestWaitEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memory.New()
		s := faulty.NewProcess(faulty.Always(false, faulty.Fault{Wait: time.Minute}, "Append")).Store(disk)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		require.ErrorIs(t, s.Append(ctx, []subscription.Change{{}}), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begun))
		read, err := s.ReadChanges(t.Context(), 0, 1)
		require.NoError(t, err)
		require.Empty(t, read)
	})
}

// slow is a channel whose endpoint answers when the attempt is cut off.
type slow struct{ subscription.Channel }

func (slow) Send(ctx context.Context, _ subscription.Target, _ subscription.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestDeathCutsOffWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := faulty.NewProcess(nil)
		sent := make(chan error)
		go func() { sent <- p.Channel(slow{}).Send(t.Context(), subscription.Target{}, subscription.Message{}) }()
		synctest.Wait()
		p.Kill()
		require.ErrorIs(t, <-sent, faulty.ErrDead)
	})
}

type waking struct{ *memory.Store }

func (waking) Wake(context.Context, string, subscription.Work) error { return nil }
func (waking) Listen(ctx context.Context, _ string, f func(subscription.Work)) error {
	<-ctx.Done()
	return nil
}

type sharding struct{ *memory.Store }

func (sharding) Shards(context.Context) (int, error) { return 3, nil }

func TestOptionalInterfacesAreThoseOfTheStore(t *testing.T) {
	both := struct {
		waking
		sharding
		subscription.Store
	}{Store: memory.New()}
	for _, tc := range []struct {
		store          subscription.Store
		wakes, sharded bool
	}{
		{memory.New(), isWaker(memory.New()), isSharded(memory.New())},
		{waking{memory.New()}, true, isSharded(waking{})},
		{sharding{memory.New()}, isWaker(sharding{}), true},
		{both, true, true},
	} {
		p := faulty.NewProcess(nil)
		s := p.Store(tc.store)
		require.Equal(t, tc.wakes, isWaker(s))
		require.Equal(t, tc.sharded, isSharded(s))
		if w, ok := s.(subscription.Waker); ok {
			require.NoError(t, w.Wake(t.Context(), "a", subscription.WorkChanges))
			listening := make(chan error)
			go func() { listening <- w.Listen(t.Context(), "a", nil) }()
			p.Kill()
			require.ErrorIs(t, <-listening, faulty.ErrDead)
		}
	}
}

func isWaker(s subscription.Store) bool {
	_, ok := s.(subscription.Waker)
	return ok
}

func isSharded(s subscription.Store) bool {
	_, ok := s.(subscription.Sharded)
	return ok
}

func TestRandomIsRepeatable(t *testing.T) {
	fired := func() (list []int) {
		plan := faulty.Random(7, 0.2, faulty.Fault{Err: errLost})
		for i := range 1000 {
			if plan(faulty.Call{}) != (faulty.Fault{}) {
				list = append(list, i)
			}
		}
		return list
	}
	require.Equal(t, fired(), fired())
	require.InDelta(t, 100, len(fired()), 30)
}
