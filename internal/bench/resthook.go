package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/bare"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/subscription"
)

// sink answers POSTs with 200 and allocates nothing, so that all allocations are the
// sender's. It holds its answers back while gate is locked.
type sink struct {
	gate      sync.RWMutex
	listeners []net.Listener
	urls      []string
}

func newSink() (*sink, error) {
	s := new(sink)
	var err error
	if s.listeners, s.urls, err = listenAtAll(); err != nil {
		return nil, err
	}
	for _, l := range s.listeners {
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go s.serve(conn)
			}
		}()
	}
	return s, nil
}

func (s *sink) close() (err error) {
	for _, l := range s.listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

var (
	sinkAnswer = []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	headerEnd  = []byte("\r\n\r\n")
	lengthName = []byte("Content-Length: ")
)

// serve reads one request after the other; each fits into its buffer.
func (s *sink) serve(conn net.Conn) {
	defer conn.Close()
	buffer, have := make([]byte, 32<<10), 0
	for have < len(buffer) {
		n, err := conn.Read(buffer[have:])
		if err != nil {
			return
		}
		have += n
		header, _, ok := bytes.Cut(buffer[:have], headerEnd)
		if !ok {
			continue
		}
		_, rest, _ := bytes.Cut(header, lengthName)
		length := 0
		for _, digit := range rest {
			if digit < '0' || '9' < digit {
				break
			}
			length = 10*length + int(digit-'0')
		}
		if have < len(header)+len(headerEnd)+length {
			continue
		}
		have = 0
		s.gate.RLock()
		//lint:ignore SA2001 it only waits
		s.gate.RUnlock()
		if _, err := conn.Write(sinkAnswer); err != nil {
			return
		}
	}
}

// measureRestHook counts the allocations of a delivery from the claim to its recorded
// outcome: everything before has happened when the receivers begin to answer.
func measureRestHook(o options) (r report.Result, err error) {
	ctx := context.Background()
	n, each := o.of(128, 2000, 2000), o.of(2, 10, 30)
	s, err := newSink()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	db, err := openMemory()
	if err != nil {
		return r, err
	}
	if err := subscribe(ctx, db, n, s.urls[0], ""); err != nil {
		return r, err
	}
	h, err := newHost(db, n)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	store, err := db.store(nil)
	if err != nil {
		return r, err
	}
	var allocs, times report.Sample
	for run := range o.runs() {
		s.gate.Lock()
		var delivered sync.WaitGroup
		for i := range n * each {
			delivered.Add(1)
			if err := h.change(i%n, resourceFor(i%n, run*n*each+i), delivered.Done); err != nil {
				s.gate.Unlock()
				return r, err
			}
		}
		if err := numbered(ctx, store, int64((run+1)*n*each)); err != nil {
			s.gate.Unlock()
			return r, err
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begin := time.Now()
		s.gate.Unlock()
		delivered.Wait()
		times = append(times, time.Since(begin).Seconds()/float64(n*each))
		runtime.ReadMemStats(&after)
		allocs = append(allocs, float64(after.Mallocs-before.Mallocs)/float64(n*each))
	}
	client := &http.Client{Transport: new(http.Transport)}
	defer client.CloseIdleConnections()
	body := bare.AppendBundle(nil, &bare.Event{Resource: observation})
	post := &operation{run: func() error { return barePost(client, s.urls[0], body) }}
	if err := takeTurnsAt(o.runs(), time.Duration(o.of(5, 300, 500))*time.Millisecond, post); err != nil {
		return r, err
	}
	r.Rows = []report.Row{{
		What: "one rest-hook delivery, engine and channel, from the claim to its recorded outcome",
		Ours: strconv.FormatFloat(allocs.Median(), 'f', 0, 64) + " allocations", Ceiling: fmt.Sprintf("one POST of net/http: %.0f", post.allocations()),
		Ratio: allocs.Over(post.allocs).Ratio(), Budget: "≤ 90 allocations", Verdict: report.Judge(allocs.Median() <= 90), Headline: true,
	}}
	r.Figures = map[string]float64{"delivery.allocations": allocs.Median(), "delivery.seconds": times.Median()}
	return r, nil
}

// numbered waits until so many events have their numbers.
func numbered(ctx context.Context, store subscription.Store, events int64) error {
	for range 1200 {
		sum := int64(0)
		for after := int64(0); ; {
			page, err := store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, After: after, Limit: 1000})
			if err != nil {
				return err
			}
			for _, r := range page {
				after = r.Key
				sum += r.Count
			}
			if len(page) < 1000 {
				break
			}
		}
		if sum >= events {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("bench: not all changes were numbered")
}

func barePost(client *http.Client, url string, body []byte) error {
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/fhir+json")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}
