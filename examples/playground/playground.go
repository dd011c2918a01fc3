package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/feed"
	"github.com/carillon-fhir/carillon/examples/playground/page"
	"github.com/carillon-fhir/carillon/examples/playground/workbench"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// retry is short, so that a person sees trouble end, or the status become error.
var retry = []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}

// How far a page may fall behind.
const (
	keptEntries = 4000
	keptBytes   = 64 << 20
)

// playground is all that runs in this process.
type playground struct {
	url   string // of the page
	pages net.Listener
	hooks net.Listener
	mails net.Listener

	server *fhirserver.Server
	host   *clienthost.Host
	bench  *workbench.Workbench
	web    *http.Server
	client *http.Server // the hosted endpoints
	post   *smtp.Server
}

// open makes everything ready, and starts next to nothing.
func open(ctx context.Context, cfg config) (_ *playground, err error) {
	p := &playground{}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	for _, l := range []struct {
		listener *net.Listener
		addr     string
	}{{&p.pages, cfg.addr}, {&p.hooks, cfg.hooks}, {&p.mails, "127.0.0.1:0"}} {
		if *l.listener, err = net.Listen("tcp", l.addr); err != nil {
			return nil, fmt.Errorf("%w (-addr and -hooks say where to listen)", err)
		}
	}
	p.url = "http://" + p.pages.Addr().String()
	public := cfg.hooksURL != ""
	if !public {
		cfg.hooksURL = "http://" + p.hooks.Addr().String()
	}
	if err := p.openServer(ctx, cfg.release); err != nil {
		return nil, err
	}
	events := feed.New(keptEntries, keptBytes)
	p.host = clienthost.New(clienthost.Config{URL: cfg.hooksURL, Feed: events})
	p.bench, err = workbench.New(workbench.Config{BuiltIn: p.url + "/fhir", Host: p.host, Feed: events, Public: public})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	fhir := p.server.Handler()
	for _, pattern := range []string{"/fhir", "/fhir/", "/confirm"} {
		mux.Handle(pattern, fhir)
	}
	mux.Handle("/api/", p.bench)
	mux.Handle("/", page.Handler())
	p.web = webServer(workbench.Guard(mux))
	p.client = webServer(p.host)
	p.post = p.host.MailServer()
	return p, nil
}

func (p *playground) openServer(ctx context.Context, release fhirpath.Release) error {
	cfg := fhirserver.Config{Config: host.Config{
		BaseURL: p.url + "/fhir", Release: release, AllowPrivate: true, Retry: retry, MinHeartbeat: time.Second,
	}}
	cfg.Mail.Server = p.mails.Addr().String()
	if release != fhirpath.R5 {
		cfg.Classic = []string{"Resource"}
	}
	var err error
	if cfg.Topics, err = topics.Shipped(release); err != nil {
		return err
	}
	p.server, err = fhirserver.Open(ctx, cfg)
	return err
}

func webServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // its texts hold what clients sent
	}
}

// serve runs everything until ctx ends or something fails.
func (p *playground) serve(ctx context.Context) error {
	engine, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 3)
	drained := make(chan error, 1)
	go func() { drained <- p.server.Run(engine) }()
	go func() { ended <- p.web.Serve(p.pages) }()
	go func() { ended <- p.client.Serve(p.hooks) }()
	go func() { ended <- p.post.Serve(p.mails) }()
	left := 3
	var err error
	select {
	case <-ctx.Done():
	case err = <-ended:
		left--
	}
	p.bench.Close()
	p.host.Close()
	_ = p.web.Close() // pages follow the feed without end: there is nothing to wait for
	stop()
	err = errors.Join(err, <-drained)
	_, _ = p.client.Close(), p.post.Close()
	for range left {
		<-ended
	}
	return err
}

// close gives back what open has taken; serve has returned.
func (p *playground) close() error {
	for _, listener := range []net.Listener{p.pages, p.hooks, p.mails} {
		if listener != nil {
			_ = listener.Close() // most are, by now
		}
	}
	if p.bench != nil {
		p.bench.Close()
	}
	if p.server != nil {
		return p.server.Close()
	}
	return nil
}
