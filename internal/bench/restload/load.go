package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// load is what the clients do.
type load struct {
	config
	receiver *receiver
	client   *http.Client
	created  int // Observations, in all
	patients int // with Subscriptions of their own, now; 0: there are none
	group    int // of Subscriptions
}

// measure makes n Subscriptions, measures, and deletes them.
func (l *load) measure(ctx context.Context, n int, filtered bool) (f Figures, err error) {
	f = Figures{Subscriptions: n, Filtered: filtered}
	l.group++
	l.patients = 0
	each := n // notifications for an Observation
	if filtered {
		l.patients, each = n, 1
	}
	l.receiver.forget()
	begin := time.Now()
	ids, err := l.subscribe(ctx, n)
	if err != nil {
		return f, err
	}
	last := l.settle(n)
	f.Subscribing = float64(n) / last.Sub(begin).Seconds()
	if f.PerSecond, err = l.throughput(ctx, max(l.notifications/each, 10), each, &f.Repeated); err != nil {
		return f, err
	}
	if f.P50, f.P99, err = l.latency(ctx, min(max(2000/each, 20), 300), each, &f.Repeated); err != nil {
		return f, err
	}
	if filtered && l.keep {
		return f, nil
	}
	return f, l.atOnce(len(ids), func(i int) error {
		_, err := l.do(ctx, http.MethodDelete, "Subscription/"+ids[i], nil)
		return err
	})
}

func (l *load) subscribe(ctx context.Context, n int) ([]string, error) {
	ids := make([]string, n)
	return ids, l.atOnce(n, func(i int) error {
		patient := ""
		if l.patients > 0 {
			patient = fmt.Sprintf("load%d", i)
		}
		response, err := l.do(ctx, http.MethodPost, "Subscription", l.subscription(fmt.Sprintf("%s/%d/%d", l.endpoint, l.group, i), patient))
		if err != nil {
			return err
		}
		ids[i] = idOf(response.Header.Get("Location"))
		if ids[i] == "" {
			return errors.New("restload: the server did not say where the Subscription is")
		}
		return nil
	})
}

// idOf is that of the resource of a Location, which may name a version.
func idOf(location string) string {
	resource, _, _ := strings.Cut(location, "/_history/")
	if resource == "" {
		return ""
	}
	return path.Base(resource)
}

// settle waits until all have had their handshakes, or, as some servers send none, until
// nothing has come for a while. It returns when the last came.
func (l *load) settle(n int) time.Time {
	begin := time.Now()
	for ; ; time.Sleep(5 * time.Millisecond) {
		handshakes, since := l.receiver.quiet()
		since = min(since, time.Since(begin))
		if handshakes >= n || since > 3*time.Second {
			return time.Now().Add(-since)
		}
	}
}

// throughput creates as fast as the clients get through.
func (l *load) throughput(ctx context.Context, observations, each int, repeated *int) (perSecond float64, err error) {
	first := l.created
	l.created += observations
	begin := time.Now()
	creating := make(chan error, 1)
	go func() {
		creating <- l.atOnce(observations, func(i int) error { return l.create(ctx, first+i) })
	}()
	_, last, err := l.await(observations*each, first, repeated)
	if err := errors.Join(<-creating, err); err != nil {
		return 0, err
	}
	return float64(observations*each) / last.Sub(begin).Seconds(), nil
}

// latency creates one after the other.
func (l *load) latency(ctx context.Context, observations, each int, repeated *int) (p50, p99 float64, err error) {
	var all []time.Duration
	for range observations {
		number := l.created
		l.created++
		begin := time.Now()
		if err := l.create(ctx, number); err != nil {
			return 0, 0, err
		}
		arrivals, _, err := l.await(each, number, repeated)
		if err != nil {
			return 0, 0, err
		}
		for _, at := range arrivals {
			all = append(all, at.Sub(begin))
		}
	}
	return report.Quantile(all, 0.5).Seconds(), report.Quantile(all, 0.99).Seconds(), nil
}

// await takes n different notifications of Observations from the first on.
func (l *load) await(n, first int, repeated *int) (at []time.Time, last time.Time, err error) {
	type one struct {
		number   int
		endpoint string
	}
	seen := make(map[one]bool, n)
	patience := time.NewTimer(l.patience)
	defer patience.Stop()
	for len(seen) < n {
		select {
		case a := <-l.receiver.arrived:
			if a.number < first {
				*repeated++
				continue
			}
			if key := (one{a.number, a.endpoint}); seen[key] {
				*repeated++
				continue
			} else {
				seen[key] = true
			}
			at, last = append(at, a.at), a.at
		case <-patience.C:
			return nil, last, fmt.Errorf("restload: %d of %d notifications came", len(seen), n)
		}
	}
	return at, last, nil
}

func (l *load) create(ctx context.Context, number int) error {
	patient := "load"
	if l.patients > 0 {
		patient = fmt.Sprintf("load%d", number*7919%l.patients)
	}
	_, err := l.do(ctx, http.MethodPost, "Observation", observation(number, patient))
	return err
}

// atOnce calls f for 0 to n-1, and returns its first error.
func (l *load) atOnce(n int, f func(int) error) error {
	var next atomic.Int64
	errs := make(chan error, l.clients)
	var all sync.WaitGroup
	for range l.clients {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := f(i); err != nil {
					next.Store(int64(n))
					errs <- err
					return
				}
			}
		})
	}
	all.Wait()
	close(errs)
	return <-errs
}

func (l *load) do(ctx context.Context, method, target string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(l.url, "/")+"/"+target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/fhir+json")
	request.Header.Set("Accept", "application/fhir+json")
	response, err := l.client.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("restload: the server answers %s with %d: %.300s", method, response.StatusCode, answer)
	}
	return response, nil
}
