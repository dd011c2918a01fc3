// Command restload applies to a FHIR server the load that clients do, from outside, and
// says how many notifications it sends a second and how long one takes from the REST
// create to its receipt. It is the same for any server:
//
//	go run ./internal/bench/restload -url http://127.0.0.1:8080/fhir
//	go run ./internal/bench/restload -url http://other:8080/fhir -topic http://other/topic -endpoint http://10.0.0.5:9000 -listen :9000
//
// It creates rest-hook Subscriptions to receivers of its own, with the whole resource as
// content: 1, 100 and 1000 for all Observations, and then 100,000 that are each filtered
// by a patient. Each Observation that it creates has a mark by which its notifications
// are known. First it creates as fast as 16 clients get through; then one by one, each
// after all notifications of the one before have come, which gives the latencies.
//
// The server has to have a topic for created Observations that can be filtered by
// patient; -print-topic shows one. Afterwards the Subscriptions are deleted, but those of
// the last kind with -keep.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// config is what the command line says.
type config struct {
	url, topic, release, listen, endpoint string
	unfiltered                            []int
	filtered, clients, notifications      int
	patience                              time.Duration
	keep                                  bool
}

func main() {
	log.SetFlags(0)
	var c config
	flag.StringVar(&c.url, "url", "", "FHIR base `URL` of the server")
	flag.StringVar(&c.release, "release", "R4", "FHIR `release` of the server: R4, R4B or R5")
	flag.StringVar(&c.topic, "topic", topicURL, "canonical `URL` of the topic")
	flag.StringVar(&c.listen, "listen", "127.0.0.1:0", "`address` where notifications are received")
	flag.StringVar(&c.endpoint, "endpoint", "", "`URL` of that address, as the server reaches it (default: from -listen)")
	unfiltered := flag.String("unfiltered", "1,100,1000", "`numbers` of Subscriptions that get every Observation")
	flag.IntVar(&c.filtered, "filtered", 100_000, "`number` of Subscriptions that are filtered by a patient each; 0: left out")
	flag.IntVar(&c.clients, "clients", 16, "`number` of clients that create at once")
	flag.IntVar(&c.notifications, "notifications", 20_000, "`number` of notifications that are awaited for a rate")
	flag.DurationVar(&c.patience, "patience", 2*time.Minute, "how long to wait for the last of something")
	flag.BoolVar(&c.keep, "keep", false, "leave the Subscriptions that are filtered")
	asJSON := flag.Bool("json", false, "print figures for programs")
	show := flag.Bool("print-topic", false, "print a topic that fits, for R4, and do nothing else")
	flag.Parse()
	if *show {
		fmt.Println(topicR4)
		return
	}
	for text := range strings.SplitSeq(*unfiltered, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			log.Fatal("restload: -unfiltered must be a list of numbers")
		}
		c.unfiltered = append(c.unfiltered, n)
	}
	if c.url == "" {
		log.Fatal("restload: -url is required")
	}
	if c.clients < 1 || c.notifications < 1 {
		log.Fatal("restload: -clients and -notifications must be positive")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	figures, err := run(ctx, c)
	if err != nil {
		log.Fatal(err)
	}
	if *asJSON {
		err = json.NewEncoder(os.Stdout).Encode(figures)
	} else {
		print(figures)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// Figures are what one number of Subscriptions came to.
type Figures struct {
	Subscriptions int     `json:"subscriptions"`
	Filtered      bool    `json:"filtered"`
	Subscribing   float64 `json:"subscribing"` // Subscriptions a second, until the server has verified them
	PerSecond     float64 `json:"perSecond"`   // notifications
	P50           float64 `json:"p50"`         // seconds from create to receipt
	P99           float64 `json:"p99"`
	Repeated      int     `json:"repeated"` // notifications that came more than once
}

func print(all []Figures) {
	fmt.Print("| Subscriptions | made a second | notifications a second | create to receipt, p50 / p99 | repeated |\n|---|---|---|---|---|\n")
	for _, f := range all {
		kind := "each gets all"
		if f.Filtered {
			kind = "each filtered by a patient"
		}
		fmt.Printf("| %d, %s | %.0f | %.0f | %.2f / %.2f ms | %d |\n", f.Subscriptions, kind, f.Subscribing, f.PerSecond, f.P50*1e3, f.P99*1e3, f.Repeated)
	}
}

func run(ctx context.Context, c config) (all []Figures, err error) {
	r, err := newReceiver(c.listen)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if c.endpoint == "" {
		c.endpoint = r.url
	}
	l := &load{config: c, receiver: r, client: &http.Client{
		Timeout: time.Minute, Transport: &http.Transport{MaxIdleConns: 2 * c.clients, MaxIdleConnsPerHost: c.clients},
	}}
	defer l.client.CloseIdleConnections()
	for _, n := range c.unfiltered {
		f, err := l.measure(ctx, n, false)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	if c.filtered > 0 {
		f, err := l.measure(ctx, c.filtered, true)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
