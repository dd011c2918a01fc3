package channeltest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/internal/suitetest"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	target = subscription.Target
	mail   = subscription.Message
)

// sends is a mailbox whose Send is replaced, with the whole one at hand.
func sends(send func(b *mailbox, whole func() error, ctx context.Context, t target, m mail) error) func(testing.TB, *mailbox) {
	return func(_ testing.TB, b *mailbox) {
		b.send = func(ctx context.Context, t target, m mail) error {
			return send(b, func() error { return b.deliver(ctx, t, m) }, ctx, t, m)
		}
	}
}

// says is a mailbox that says otherwise when an endpoint does what it does.
func says(name string, otherwise func(err error, t target) error) func(testing.TB, *mailbox) {
	return sends(func(_ *mailbox, whole func() error, _ context.Context, t target, _ mail) error {
		err := whole()
		if strings.Contains(t.Endpoint, "/"+name+"/") {
			return otherwise(err, t)
		}
		return err
	})
}

func checksAs(check func(ctx context.Context, t target) error) func(testing.TB, *mailbox) {
	return func(_ testing.TB, b *mailbox) { b.check = check }
}

// late waits as long as a whole mailbox's endpoint, but for what it doesn't heed.
func late(heeds func(ctx context.Context, t target) (context.Context, context.CancelFunc)) func(testing.TB, *mailbox) {
	return sends(func(b *mailbox, whole func() error, ctx context.Context, t target, m mail) error {
		if behavior(t) != "hang" {
			return whole()
		}
		b.put(t.Endpoint, m)
		ctx, cancel := heeds(ctx, t)
		defer cancel()
		return answer(ctx, "hang")
	})
}

type coded struct{ error }

func (coded) SubscriptionError() string { return "server-on-fire" }

// broken are channels that break one clause each.
var broken = []struct {
	name, clause string
	apply        func(t testing.TB, b *mailbox)
}{
	{"has a type of its own each time", "TypeIsConstant", func(_ testing.TB, b *mailbox) {
		b.kind = func() string {
			return fmt.Sprint("mailbox-", b.count("mem://hospital.example/accept/"+channeltest.Canary+"?code=4711"))
		}
	}},
	{"wants to know the timeout", "CheckAcceptsWhatSendCanDo", checksAs(func(ctx context.Context, t target) error {
		if err := checkMailbox(ctx, t); err != nil || t.Timeout > 0 {
			return err
		}
		return &subscription.ElementError{Element: "Subscription.channel", Problem: "has no timeout"}
	})},
	{"tries the endpoint when it is asked", "CheckContactsNobody", func(_ testing.TB, b *mailbox) {
		b.check = func(ctx context.Context, t target) error {
			if err := checkMailbox(ctx, t); err != nil {
				return err
			}
			if behavior(t) == "accept" && b.count(t.Endpoint) == 0 && b.received == 0 {
				b.putBody(t.Endpoint, "", nil)
			}
			return nil
		}
		b.send = func(ctx context.Context, t target, m mail) error {
			b.mu.Lock()
			b.received++
			b.mu.Unlock()
			return b.deliver(ctx, t, m)
		}
	}},
	{"takes every endpoint", "CheckRefusesWhatSendCannotDo", checksAs(func(context.Context, target) error { return nil })},
	{"takes an empty endpoint", "CheckRefusesWhatSendCannotDo", checksAs(func(ctx context.Context, t target) error {
		if t.Endpoint == "" {
			return nil
		}
		return checkMailbox(ctx, t)
	})},
	{"refuses without a reason", "RefusalNamesTheElement", checksAs(func(ctx context.Context, t target) error {
		if checkMailbox(ctx, t) != nil {
			return errors.New("no")
		}
		return nil
	})},
	{"repeats what it refuses", "RefusalHoldsNoSecret", checksAs(func(ctx context.Context, t target) error {
		if checkMailbox(ctx, t) != nil {
			return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: "unknown endpoint " + t.Endpoint}
		}
		return nil
	})},
	{"tries again what can't be sent", "SendRefusesForGoodWhatCheckRefuses", sends(func(_ *mailbox, whole func() error, ctx context.Context, t target, _ mail) error {
		if checkMailbox(ctx, t) != nil {
			return errMailbox
		}
		return whole()
	})},

	{"rewrites numbers", "MessageArrivesAsGiven", sends(func(b *mailbox, whole func() error, _ context.Context, t target, m mail) error {
		if err := whole(); err != nil || !bytes.Contains(m.Body, []byte("1.00")) {
			return err
		}
		b.boxes[t.Endpoint][0].Body = bytes.ReplaceAll(m.Body, []byte("1.00"), []byte("1"))
		return nil
	})},
	{"sends as what it likes", "MessageArrivesAsGiven", sends(func(b *mailbox, whole func() error, _ context.Context, t target, m mail) error {
		if err := whole(); err != nil || !bytes.Contains(m.Body, []byte("1.00")) {
			return err
		}
		b.boxes[t.Endpoint][0].ContentType = "application/json"
		return nil
	})},
	{"cuts at 64 KiB", "LargeMessageArrivesWhole", sends(func(b *mailbox, _ func() error, ctx context.Context, t target, m mail) error {
		m.Body = m.Body[:min(len(m.Body), 64<<10)]
		return b.deliver(ctx, t, m)
	})},
	{"ends the message with a line", "MessageIsReadOnly", sends(func(_ *mailbox, whole func() error, _ context.Context, _ target, m mail) error {
		err := whole()
		_ = append(m.Body, '\n')
		return err
	})},
	{"keeps the message", "MessageIsNotKept", sends(func(b *mailbox, whole func() error, ctx context.Context, t target, m mail) error {
		if behavior(t) != "accept" || ctx.Err() != nil {
			return whole()
		}
		if err := b.deliver(context.Background(), target{Endpoint: "mem://hospital.example/", Timeout: time.Hour}, m); err != nil {
			return err
		}
		b.putBody(t.Endpoint, m.ContentType, m.Body)
		return nil
	})},
	{"tries twice", "SendIsOneAttempt", sends(func(b *mailbox, whole func() error, _ context.Context, t target, m mail) error {
		err := whole()
		if behavior(t) == "fail" {
			b.put(t.Endpoint, m)
		}
		return err
	})},

	{"gives up early", "FailureIsTransient", says("fail", func(err error, _ target) error { return subscription.Permanent(err) })},
	{"never gives up", "RefusalIsPermanent", says("refuse", func(error, target) error { return errMailbox })},
	{"calls it a success", "RefusalIsPermanent", says("refuse", func(error, target) error { return nil })},
	{"does not let go", "LeavingIsGone", says("leave", func(error, target) error { return subscription.Permanent(errMailbox) })},
	{"counts in milliseconds", "DeferringIsRetryAfter", says("defer", func(error, target) error {
		return subscription.RetryAfter(errMailbox, 97*time.Millisecond)
	})},
	{"hides it from the engine", "AbsenceIsNotConnected", says("absent", func(err error, _ target) error { return errors.New(err.Error()) })},
	{"stops after a failure", "FailuresDoNotLinger", sends(func(b *mailbox, whole func() error, _ context.Context, t target, _ mail) error {
		if b.linger.Load() && behavior(t) == "accept" {
			return errMailbox
		}
		b.linger.Store(behavior(t) == "fail" && b.count("mem://hospital.example/accept/"+channeltest.Canary+"?code=4711") == 0)
		return whole()
	})},
	{"talks about where it went", "ErrorsHoldNoSecret", says("fail", func(err error, t target) error { return fmt.Errorf("POST %s: %w", t.Endpoint, err) })},
	{"talks about the host", "ErrorsHoldNoSecret", says("defer", func(error, target) error {
		return subscription.RetryAfter(errors.New("hospital.example is busy"), 97*time.Second)
	})},
	{"talks about the token", "ErrorsHoldNoSecret", says("refuse", func(error, target) error { return subscription.Permanent(errors.New("hunter2 is wrong")) })},
	{"has codes of its own", "ErrorCodesAreOfTheStandard", says("fail", func(err error, _ target) error { return coded{err} })},

	{"does not heed the timeout", "TimeoutEndsSend", late(func(ctx context.Context, t target) (context.Context, context.CancelFunc) {
		if _, bounded := ctx.Deadline(); !bounded && t.Timeout < time.Minute && ctx.Done() == nil && t.Timeout > time.Second {
			return context.WithTimeout(ctx, t.Timeout+time.Millisecond)
		}
		return context.WithTimeout(ctx, t.Timeout)
	})},
	{"calls a timeout permanent", "TimeoutEndsSend", sends(func(_ *mailbox, whole func() error, ctx context.Context, t target, _ mail) error {
		err := whole()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil && t.Timeout < time.Hour {
			return subscription.Permanent(err)
		}
		return err
	})},
	{"does not heed the context's deadline", "DeadlineOfContextEndsSend", late(func(ctx context.Context, t target) (context.Context, context.CancelFunc) {
		if deadline, bounded := ctx.Deadline(); bounded {
			return context.WithDeadline(context.WithoutCancel(ctx), deadline.Add(time.Millisecond))
		}
		return context.WithTimeout(ctx, t.Timeout)
	})},
	{"does not heed a cancellation", "CancellationEndsSend", late(func(ctx context.Context, t target) (context.Context, context.CancelFunc) {
		if _, bounded := ctx.Deadline(); bounded {
			return context.WithTimeout(ctx, t.Timeout)
		}
		return context.WithTimeout(context.WithoutCancel(ctx), min(t.Timeout, 20*time.Second))
	})},
	{"begins what has ended", "EndedContextSendsNothing", sends(func(b *mailbox, whole func() error, ctx context.Context, t target, m mail) error {
		if ctx.Err() != nil {
			b.put(t.Endpoint, m)
		}
		return whole()
	})},

	{"mixes up what is sent at once", "SendsAreConcurrent", together()},
	{"leaves a goroutine", "NoGoroutineIsLeft", func(t testing.TB, b *mailbox) {
		released := make(chan struct{})
		t.Cleanup(func() { close(released) })
		b.send = func(ctx context.Context, t target, m mail) error {
			if behavior(t) == "accept" {
				go func() { <-released }()
			}
			return b.deliver(ctx, t, m)
		}
	}},
}

// together fails while another message is being sent.
func together() func(testing.TB, *mailbox) {
	return func(_ testing.TB, b *mailbox) {
		var sending atomic.Int32
		b.send = func(ctx context.Context, t target, m mail) error {
			defer sending.Add(-1)
			if sending.Add(1) > 1 {
				return errMailbox
			}
			for range 100 {
				runtime.Gosched()
			}
			return b.deliver(ctx, t, m)
		}
	}
}

// Each broken channel fails the clause that it breaks, and no other.
func TestBrokenChannelsFail(t *testing.T) {
	named := map[string]bool{}
	for _, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			for _, c := range channeltest.Clauses() {
				require.Equal(t, c.Name == b.clause, try(t, c, harness(b.apply)).Failed(), c.Name)
			}
			named[b.clause] = true
		})
	}
	for _, c := range channeltest.Clauses() {
		require.True(t, named[c.Name], "no channel breaks %s", c.Name)
	}
	t.Logf("channels=%d caught=%d clauses=%d", len(broken), len(broken), len(named))
}

func whole(testing.TB, *mailbox) {}

// The harness of the broken channels is no fault of its own.
func TestWholeChannelPasses(t *testing.T) { channeltest.Run(t, harness(whole)) }

func TestWholeChannelPassesInRealTime(t *testing.T) {
	h := harness(whole)
	h.Bubble = nil
	channeltest.Run(t, h)
}

// What a harness lacks is skipped, not failed.
func TestLacksAreSkipped(t *testing.T) {
	whole := harness(whole)
	h := channeltest.Harness{New: whole.New, Accepts: whole.Accepts}
	var skipped []string
	for _, c := range channeltest.Clauses() {
		r := try(t, c, h)
		require.False(t, r.Failed(), c.Name)
		if r.Skipped() {
			skipped = append(skipped, c.Name)
		}
	}
	for _, name := range []string{"LeavingIsGone", "TimeoutEndsSend", "CheckRefusesWhatSendCannotDo"} {
		require.True(t, slices.Contains(skipped, name), name)
	}
	require.Len(t, skipped, 12)
}

func TestClausesHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range channeltest.Clauses() {
		require.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
}

// try runs a clause that may fail.
func try(t *testing.T, c channeltest.Clause, h channeltest.Harness) *suitetest.Recorder {
	return suitetest.Try(t, func(t testing.TB) { c.Test(t, h) })
}
