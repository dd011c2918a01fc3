package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// loopback lets notifications go to this machine over plain HTTP, and keeps as many
// connections as the engine uses, as the bare loop does.
var loopback = resthook.Config{
	InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	MaxIdleConnsPerHost: workers,
}

const (
	subscribers = 1000 // each filtered by its own patient
	saturated   = 20000
	openLoop    = 5 * time.Second
	rate        = 500 // changes a second
	workers     = 64
	anyTopic    = `{"resourceType":"SubscriptionTopic","url":"https://bench.example.org/observation","status":"active","resourceTrigger":[{"resource":"Observation"}],"canFilterBy":[{"resource":"Observation","filterParameter":"patient"}]}`
)

// host is a server with the engine over a SQLite file, and a receiver.
type host struct {
	engine    *subscription.Engine
	receiver  *httptest.Server
	committed []time.Time // by the resource's number
	received  atomic.Int64
	mu        sync.Mutex
	latencies []time.Duration
}

func measureDelivery() ([]row, error) {
	folder, err := os.MkdirTemp("", "carillon-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	db, err := modernc.Open(filepath.Join(folder, "bench.db"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(context.Background()); err != nil {
		return nil, err
	}
	h := &host{committed: make([]time.Time, saturated+rate*int(openLoop/time.Second))}
	h.receiver = httptest.NewServer(http.HandlerFunc(h.receive))
	defer h.receiver.Close()
	if h.engine, err = newEngine(store, anyTopic); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.engine.Run(ctx) }()
	if err := h.subscribe(ctx); err != nil {
		cancel()
		return nil, err
	}

	bare := barePosts(h.receiver.URL + "/bare")
	begin := time.Now()
	if err := h.produce(ctx, 0, saturated, 0); err != nil {
		cancel()
		return nil, err
	}
	h.await(saturated)
	perSecond := float64(saturated) / time.Since(begin).Seconds()
	h.latencies = nil
	if err := h.produce(ctx, saturated, len(h.committed), time.Second/rate); err != nil {
		cancel()
		return nil, err
	}
	h.await(len(h.committed))
	p50, p99 := quantiles(h.latencies)
	cancel()
	return []row{
		{fmt.Sprintf("end to end over SQLite (synchronous=FULL), rest-hook, full-resource, %d subscriptions, as fast as it goes", subscribers),
			fmt.Sprintf("%.0f notifications/s", perSecond), fmt.Sprintf("bare POST loop, %d workers: %.0f/s", workers, bare.perSecond)},
		{fmt.Sprintf("from the call of the hook, its commit included, to receipt at %d changes/s, p50 / p99", rate),
			fmt.Sprintf("%.2f / %.2f ms", p50.Seconds()*1e3, p99.Seconds()*1e3),
			fmt.Sprintf("one bare POST at a time: %.2f / %.2f ms", bare.p50.Seconds()*1e3, bare.p99.Seconds()*1e3)},
	}, <-ended
}

// receive does next to nothing: it takes the focus's number from the notification, so
// that what is measured is the sender.
func (h *host) receive(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if _, err := body.ReadFrom(r.Body); err != nil || r.URL.Path == "/bare" {
		return
	}
	_, rest, found := bytes.Cut(body.Bytes(), []byte(`"fullUrl":"https://bench.example.org/r4/Observation/o`))
	number := 0
	for _, digit := range rest {
		if digit < '0' || '9' < digit {
			break
		}
		number = 10*number + int(digit-'0')
	}
	if !found { // a handshake
		return
	}
	h.mu.Lock()
	h.latencies = append(h.latencies, now.Sub(h.committed[number]))
	h.mu.Unlock()
	h.received.Add(1)
}

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func (h *host) subscribe(ctx context.Context) error {
	for i := range subscribers {
		raw := fmt.Appendf(nil, `{"resourceType":"Subscription","status":"requested","reason":"bench","criteria":"https://bench.example.org/observation",
			"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"patient=Patient/p%d"}]},
			"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`,
			i, h.receiver.URL+"/hook")
		if _, err := h.engine.Create(ctx, "", raw); err != nil {
			return err
		}
	}
	for {
		found, err := h.engine.Search(ctx, "", map[string][]string{"status": {"active"}, "_count": {"0"}})
		if err != nil || found.Total == subscribers {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// produce makes the changes numbered from first to last, each for one subscriber, at
// most one per interval.
func (h *host) produce(ctx context.Context, first, last int, interval time.Duration) error {
	var next atomic.Int64
	next.Store(int64(first))
	begin := time.Now()
	errs := make(chan error, workers)
	for range workers {
		go func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= last {
					errs <- nil
					return
				}
				time.Sleep(time.Until(begin.Add(time.Duration(n-first) * interval)))
				resource := bytes.Replace(observation, []byte(`"id":"o1"`), fmt.Appendf(nil, `"id":"o%d"`, n), 1)
				resource = bytes.Replace(resource, []byte("Patient/p1"), fmt.Appendf(nil, "Patient/p%d", n%subscribers), 1)
				h.mu.Lock()
				h.committed[n] = time.Now() // when the hook is called: its own commit is part of the way
				h.mu.Unlock()
				if err := h.engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: json.RawMessage(resource)}); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	var err error
	for range workers {
		if e := <-errs; e != nil {
			err = e
		}
	}
	return err
}

func (h *host) await(n int) {
	for h.received.Load() < int64(n) {
		time.Sleep(time.Millisecond)
	}
}

type posts struct {
	perSecond float64
	p50, p99  time.Duration
}

// barePosts is the ceiling: the same body, the same receiver, nothing else.
func barePosts(url string) posts {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	post := func() {
		res, err := client.Post(url, "application/fhir+json", bytes.NewReader(observation))
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}
	var single []time.Duration
	for range 2000 {
		begin := time.Now()
		post()
		single = append(single, time.Since(begin))
	}
	var wg sync.WaitGroup
	begin := time.Now()
	for range workers {
		wg.Go(func() {
			for range saturated / workers {
				post()
			}
		})
	}
	wg.Wait()
	p := posts{perSecond: float64(saturated/workers*workers) / time.Since(begin).Seconds()}
	p.p50, p.p99 = quantiles(single)
	return p
}

func quantiles(d []time.Duration) (p50, p99 time.Duration) {
	slices.Sort(d)
	return d[len(d)/2], d[len(d)*99/100]
}
