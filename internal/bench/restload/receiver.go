package main

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// receiver is where the notifications come.
type receiver struct {
	url    string
	server *http.Server

	mu         sync.Mutex
	handshakes int
	last       time.Time // when something came
	arrived    chan arrival
}

// arrival is a notification of a marked Observation.
type arrival struct {
	number   int
	endpoint string
	at       time.Time
}

func newReceiver(address string) (*receiver, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + listener.Addr().String(), arrived: make(chan arrival, 1<<16)}
	r.server = &http.Server{Handler: r, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = r.server.Serve(listener) }()
	return r, nil
}

func (r *receiver) close() { _ = r.server.Close() }

var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// ServeHTTP answers 200 to everything.
func (r *receiver) ServeHTTP(_ http.ResponseWriter, request *http.Request) {
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	if _, err := body.ReadFrom(request.Body); err != nil {
		return
	}
	now := time.Now()
	marked := false
	for rest := body.Bytes(); ; {
		_, after, found := bytes.Cut(rest, []byte(mark))
		if !found {
			break
		}
		marked, rest = true, after
		r.arrived <- arrival{leadingNumber(after), request.URL.Path, now}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = now
	if !marked {
		r.handshakes++
	}
}

// forget begins to count anew.
func (r *receiver) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handshakes = 0
}

// quiet reports how many came without a mark, and how long ago the last came.
func (r *receiver) quiet() (handshakes int, since time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.handshakes, time.Since(r.last)
}

func leadingNumber(text []byte) (n int) {
	for _, digit := range text {
		if digit < '0' || '9' < digit {
			break
		}
		n = 10*n + int(digit-'0')
	}
	return n
}
