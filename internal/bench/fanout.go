package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	library "github.com/coder/websocket"

	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// measureFanout sends one event to 10,000 bound websockets, whose clients are another
// process, until that has received all: of one Subscription, whose notification is made
// once; of a Subscription each; and bare, by a loop over the library's connections that
// writes texts of the same size.
func measureFanout(o options) (r report.Result, err error) {
	n := o.of(50, 10_000, 10_000)
	if files := openFiles(); files < n+200 {
		n = files - 200
	}
	rounds := o.of(2, 7, 20)
	var one, each, bare report.Sample
	for range o.of(1, 2, 7) { // to connect takes longer than to send
		ours, size, err := fanoutOfEngine(n, 1, rounds)
		if err != nil {
			return r, err
		}
		loop, err := fanoutOfLoop(n, size, rounds)
		if err != nil {
			return r, err
		}
		many, _, err := fanoutOfEngine(n, n, rounds)
		if err != nil {
			return r, err
		}
		one, bare, each = append(one, ours), append(bare, loop), append(each, many)
	}
	row := func(what string, s report.Sample) report.Row {
		ratio := s.Over(bare)
		return report.Row{
			What: fmt.Sprintf("one event to %s bound websockets, all received, %s", report.Count(float64(n)), what), Ours: report.Seconds(s.Median()),
			Ceiling: "a loop over the library's connections: " + report.Seconds(bare.Median()), Ratio: ratio.Ratio(),
			Budget: "≤ 1.5", Verdict: report.Judge(ratio.Median() <= 1.5), Headline: true,
		}
	}
	r.Rows = []report.Row{row("of one Subscription", one), row("of a Subscription each", each)}
	r.Figures = map[string]float64{"fanout.seconds": each.Median() / float64(n)}
	return r, nil
}

// openFiles is how many a process may have open.
func openFiles() int {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil || l.Cur > 1<<20 {
		return 1 << 20
	}
	return int(l.Cur)
}

// fanoutOfEngine returns the median time of an event, and how long its texts are.
func fanoutOfEngine(n, subscriptions, rounds int) (seconds float64, size int, err error) {
	ctx := context.Background()
	channel, err := websocket.New(websocket.Config{URL: "ws://bench.example.org/r4/ws", BindTimeout: time.Minute})
	if err != nil {
		return 0, 0, err
	}
	engine, err := newEngine(memory.New(), channel, anyTopic)
	if err != nil {
		return 0, 0, err
	}
	stop := start(engine)
	defer func() { err = errors.Join(err, stop()) }()
	tokens := make([]string, n)
	ids := make([]string, subscriptions)
	for i := range ids {
		created, err := engine.Create(ctx, "", []byte(`{"resourceType":"Subscription","status":"requested","reason":"bench","criteria":"https://bench.example.org/observation",
			"channel":{"type":"websocket","payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`))
		if err != nil {
			return 0, 0, err
		}
		ids[i] = created.ID
	}
	for i := range tokens {
		token, err := engine.BindingToken(ctx, "", ids[i%subscriptions:i%subscriptions+1])
		if err != nil {
			return 0, 0, err
		}
		tokens[i] = "bind-with-token " + token.Token
	}
	web, address, err := serve(channel.Handler(engine))
	if err != nil {
		return 0, 0, err
	}
	c, err := hire(address, tokens)
	if err != nil {
		return 0, 0, errors.Join(err, web.Close())
	}
	defer func() { err = errors.Join(err, c.end(), web.Close()) }()
	if _, err := c.round(); err != nil { // the handshakes
		return 0, 0, err
	}
	runtime.GC()
	var times report.Sample
	for i := range rounds {
		resource := fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":%q},"subject":{"reference":"Patient/p0"}}`, i, strings.Repeat("x", 150))
		begin := time.Now()
		if err := engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: resource}); err != nil {
			return 0, 0, err
		}
		bytes, err := c.round()
		if err != nil {
			return 0, 0, err
		}
		times = append(times, time.Since(begin).Seconds())
		size = bytes / n
	}
	return times.Median(), size, nil
}

// fanoutOfLoop is the ceiling.
func fanoutOfLoop(n, size, rounds int) (seconds float64, err error) {
	var mu sync.Mutex
	var all []*library.Conn
	web, address, err := serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := library.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		mu.Lock()
		all = append(all, conn)
		mu.Unlock()
		for err == nil {
			_, _, err = conn.Read(context.Background())
		}
	}))
	if err != nil {
		return 0, err
	}
	c, err := hire(address, make([]string, n))
	if err != nil {
		return 0, errors.Join(err, web.Close())
	}
	defer func() { err = errors.Join(err, c.end(), web.Close()) }()
	for ready := false; !ready; time.Sleep(time.Millisecond) {
		mu.Lock()
		ready = len(all) == n
		mu.Unlock()
	}
	runtime.GC()
	var times report.Sample
	for i := range rounds {
		begin := time.Now()
		var work sync.WaitGroup
		for w := range 4 {
			work.Go(func() {
				text := []byte(strings.Repeat("x", size))
				for k := w; k < len(all); k += 4 {
					copy(text, strconv.Itoa(i*n+k)) // each gets a text of its own
					_ = all[k].Write(context.Background(), library.MessageText, text)
				}
			})
		}
		work.Wait()
		if _, err := c.round(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin).Seconds())
	}
	return times.Median(), nil
}

func serve(handler http.Handler) (web *http.Server, address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	web = &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = web.Serve(listener) }()
	return web, listener.Addr().String(), nil
}
