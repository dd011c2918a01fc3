package soak

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const observations = `{"resourceType":"SubscriptionTopic","url":"https://soak.example.org/observation","status":"active","resourceTrigger":[{"resource":"Observation"}],"canFilterBy":[{"resource":"Observation","filterParameter":"patient"}]}`

// world is an engine with subscriptions, each of which has a patient of its own: the n-th
// change of the patient is to be its event n. So what has arrived is judged as it comes,
// and nothing grows with the run but what is looked for.
type world struct {
	t       *testing.T
	engine  *subscription.Engine
	heard   []listener
	arrived chan time.Time // has one for each new event
	faults  faults
	stop    func()
	sends   atomic.Int64 // that a receiver has taken
}

// listener is what has arrived of one subscription.
type listener struct {
	mu         sync.Mutex
	last       int64
	repeated   int
	outOfOrder int
	foreign    int
}

// newWorld starts an engine with n verified subscriptions.
func newWorld(t *testing.T, n int) *world {
	w := &world{t: t, heard: make([]listener, n), arrived: make(chan time.Time, 1<<16)}
	db, err := modernc.Open(filepath.Join(t.TempDir(), "soak.db"))
	require.NoError(t, err)
	store := sqlite.New(db, sqlite.Config{})
	require.NoError(t, store.Migrate(t.Context()))
	parsed, err := topic.Parse([]byte(observations))
	require.NoError(t, err)
	channel := resthook.New(resthook.Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	var active sync.WaitGroup
	active.Add(n)
	w.engine, err = subscription.New(subscription.Config{
		Store: &flaky{store, &w.faults}, Channels: []subscription.Channel{channel}, Topics: []*topic.Topic{parsed},
		Release: subscription.R4, BaseURL: "https://soak.example.org/r4", Authorizer: subscription.InsecureAllowAll{},
		Retry:       []time.Duration{10 * time.Millisecond, 50 * time.Millisecond, time.Second, time.Second, time.Second, time.Second, time.Second, time.Second},
		SendTimeout: 4 * time.Second, Lease: 6 * time.Second, Poll: 100 * time.Millisecond, Retention: 10 * time.Second,
		OnStatus: func(_ context.Context, s subscription.StatusUpdate) error {
			if s.Status == subscription.StatusActive {
				active.Done()
			}
			return nil
		},
	})
	require.NoError(t, err)
	receiver := httptest.NewServer(http.HandlerFunc(w.receive))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.engine.Run(ctx) }()
	w.stop = func() {
		cancel()
		require.NoError(t, <-ended)
		receiver.Close()
		require.NoError(t, channel.Close())
		require.NoError(t, db.Close())
	}
	for i := range n {
		_, err := w.engine.Create(t.Context(), "", fmt.Appendf(nil, `{"resourceType":"Subscription","status":"requested","reason":"soak","criteria":"https://soak.example.org/observation",
			"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"patient=Patient/p%d"}]},
			"channel":{"type":"rest-hook","endpoint":"%s/%d","payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`,
			i, receiver.URL, i))
		require.NoError(t, err)
	}
	active.Wait()
	return w
}

// receive takes a notification, or refuses it.
func (w *world) receive(answer http.ResponseWriter, r *http.Request) {
	began := time.Now()
	body, err := io.ReadAll(r.Body)
	of, nameErr := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
	if err != nil || nameErr != nil {
		answer.WriteHeader(http.StatusBadRequest)
		return
	}
	n, err := notification.Parse(body)
	if err != nil || n.Type == notification.Handshake {
		return
	}
	lost := false // the answer
	if w.faults.hit(endpointFaults) {
		if lost = rand.IntN(2) == 0; !lost {
			answer.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.faults.repeats.Add(1)
	}
	w.sends.Add(1)
	for _, e := range n.Events {
		if w.heard[of].take(e.Number, strings.Contains(string(e.Focus.Resource), fmt.Sprintf(`"id":"s%d-%d"`, of, e.Number))) {
			w.arrived <- began
		}
	}
	if lost {
		panic(http.ErrAbortHandler)
	}
}

// take reports whether an event is new.
func (l *listener) take(number int64, own bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !own {
		l.foreign++
	}
	switch {
	case number == l.last+1:
		l.last = number
		return true
	case number <= l.last:
		l.repeated++
	default:
		l.outOfOrder++
	}
	return false
}

// change is the n-th of a subscription's patient. It has 2 KB.
func change(of int, n int64) subscription.ResourceChange {
	return subscription.ResourceChange{Interaction: subscription.Create, Resource: fmt.Appendf(nil,
		`{"resourceType":"Observation","id":"s%d-%d","status":"final","subject":{"reference":"Patient/p%d"},"code":{"text":"%s"}}`,
		of, n, of, strings.Repeat("x", 1900))}
}
