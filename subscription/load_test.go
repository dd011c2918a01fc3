package subscription

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// shelf is a Store that lists copies of one Subscription, as many as there are keys,
// each filtered by its own patient.
type shelf struct {
	Store
	spec []byte
	n    int64
}

func (s *shelf) ListSubscriptions(_ context.Context, q ListQuery) (page []Record, err error) {
	for key := q.After + 1; key <= s.n && len(page) < q.Limit; key++ {
		spec := bytes.ReplaceAll(s.spec, []byte("Patient/p0"), fmt.Appendf(nil, "Patient/p%d", key))
		page = append(page, Record{Key: key, ID: fmt.Sprint(key), Status: StatusActive, Spec: spec, Sequenced: spec})
	}
	return page, nil
}

type mute struct{}

func (mute) Type() string                                { return "rest-hook" }
func (mute) Check(context.Context, Target) error         { return nil }
func (mute) Send(context.Context, Target, Message) error { return nil }

// newShelf returns an engine over a shelf of n Subscriptions.
func newShelf(tb testing.TB, n int64) *Engine {
	tb.Helper()
	t, err := topic.Parse([]byte(`{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/observation","status":"active",
		"resourceTrigger":[{"resource":"Observation"}],"canFilterBy":[{"resource":"Observation","filterParameter":"patient"}]}`))
	require.NoError(tb, err)
	s := &shelf{n: n}
	e, err := New(Config{Store: s, Release: R4, BaseURL: "https://bench.example.org/r4", Channels: []Channel{mute{}},
		Topics: []*topic.Topic{t}, Authorizer: InsecureAllowAll{}})
	require.NoError(tb, err)
	accepted, err := e.accept(context.Background(), "", "s0", []byte(`{"resourceType":"Subscription","status":"requested","reason":"bench","criteria":"https://bench.example.org/observation",
		"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"patient=Patient/p0"}]},
		"channel":{"type":"rest-hook","endpoint":"https://subscriber.example.org/hook","payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`), e.now(), nil)
	require.NoError(tb, err)
	s.spec = e.specOf(accepted)
	return e
}

// ending is a Store that ends the goroutine in which it is asked for a page.
type ending struct {
	shelf
	at int64
}

func (s *ending) ListSubscriptions(ctx context.Context, q ListQuery) ([]Record, error) {
	if q.After == s.at {
		runtime.Goexit()
	}
	return s.shelf.ListSubscriptions(ctx, q)
}

// A list that ends its goroutine is an error as any other, on whichever page.
func TestListThatEndsItsGoroutine(t *testing.T) {
	for _, at := range []int64{0, pageOfSubscriptions} {
		e := newShelf(t, 2*pageOfSubscriptions)
		s := &ending{*e.cfg.Store.(*shelf), at}
		e.cfg.Store = s
		_, err := loadMatcher(t.Context(), e, 0, 1)
		require.ErrorContains(t, err, "ended the goroutine")
		s.at = -1
		m, err := loadMatcher(t.Context(), e, 0, 1)
		require.NoError(t, err)
		require.Len(t, m.entries, 2*pageOfSubscriptions)
	}
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkLoad reads Subscriptions as the sequencer does when it begins, and tells what
// each of them takes in memory.
func BenchmarkLoad(b *testing.B) {
	const n = 100_000
	e := newShelf(b, n)
	b.ReportAllocs()
	var each float64
	for b.Loop() {
		before := heapInUse()
		m, err := loadMatcher(context.Background(), e, 0, 1)
		require.NoError(b, err)
		require.Len(b, m.entries, n)
		each = (heapInUse() - before) / n
		runtime.KeepAlive(m)
	}
	b.ReportMetric(each, "B/subscription")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/subscription")
}

// What a Subscription takes in memory where it is sequenced is a half of what is promised
// of engine and store together.
func TestMemoryOfEach(t *testing.T) {
	const n = 20_000
	e := newShelf(t, n)
	before := heapInUse()
	m, err := loadMatcher(t.Context(), e, 0, 1)
	require.NoError(t, err)
	require.Len(t, m.entries, n)
	each := (heapInUse() - before) / n
	runtime.KeepAlive(m)
	t.Logf("bytes of each of %d=%.0f", n, each)
	require.Less(t, each, 600.0)
}
