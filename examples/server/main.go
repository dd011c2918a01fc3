// Command server is the reference host: a FHIR server, of R4, R4B or R5, whose clients can subscribe.
//
//	go run ./examples/server -store sqlite:fhir.db -allow-private
//
// It serves the FHIR API at /fhir and websockets at /fhir/ws, prints where when it is ready, and on SIGTERM or
// SIGINT ends the requests and deliveries under way and exits.
//
// Several of them may share a PostgreSQL database, behind one address. Each has a name
// of its own, and all the same topics and -base-url:
//
//	createdb fhir
//	server -store 'postgres:dbname=fhir' -node n1 -addr 127.0.0.1:8081 -base-url http://fhir.example.org/fhir
//	server -store 'postgres:dbname=fhir' -node n2 -addr 127.0.0.1:8082 -base-url http://fhir.example.org/fhir
//	server -store 'postgres:dbname=fhir' -node n3 -addr 127.0.0.1:8083 -base-url http://fhir.example.org/fhir
//
// Any of them takes any request, and any delivers. One that dies is replaced when its
// leases have run out (-lease), one that is started again under its name goes on at
// once. A password has its place in PGPASSWORD or ~/.pgpass, not on the command line.
//
// With -smtp, Subscriptions may have the channel email:
//
//	SMTP_FROM='FHIR server <fhir@example.org>' SMTP_USERNAME=fhir SMTP_PASSWORD=... \
//		server -smtp smtp.example.org:587 -base-url https://fhir.example.org/fhir
//
// Mails go over TLS only: by STARTTLS, or from the beginning at port 465. Whoever is
// written to is asked first, and answers at /confirm beside the base, so that has to
// lead here, too.
//
// With -metrics it serves what Prometheus asks for at /metrics beside the base;
// docs/monitoring has a dashboard and alerts for them.
//
// The tests start a PostgreSQL of their own from the machine's binaries, or take the
// server whose DSN is in CARILLON_TEST_POSTGRES; without either they skip.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// drainTime is how long requests under way may take when the server stops.
const drainTime = 10 * time.Second

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, addr, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	local := "http://" + listener.Addr().String()
	if cfg.BaseURL == "" {
		cfg.BaseURL = local + "/fhir"
	}
	local += pathOf(cfg.BaseURL)
	cfg.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	server, err := fhirserver.Open(ctx, cfg)
	if err != nil {
		return err
	}
	web := &http.Server{
		Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // its texts hold what clients sent
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	fmt.Fprintln(stdout, "listening on", local)

	engine, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	drained := make(chan error, 1)
	go func() { drained <- server.Run(engine) }()

	var serveErr error
	select {
	case <-ctx.Done():
	case serveErr = <-ended:
	}
	// Requests end first: what they change is recorded, and delivered now or at the
	// next start.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if web.Shutdown(last) != nil {
		cfg.Logger.Warn("requests that did not end in time were cut off")
		web.Close()
	}
	stopEngine()
	return errors.Join(serveErr, <-drained, server.Close())
}

// pathOf is the path of a FHIR base.
func pathOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.EscapedPath(), "/")
}

// allTypes is what -classic has for all resource types.
const allTypes = "Resource"

// parseFlags returns what the command line asks for and the address to listen on.
func parseFlags(args []string, stderr io.Writer) (cfg fhirserver.Config, addr string, err error) {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&cfg.BaseURL, "base-url", "", "FHIR base `URL` as clients know it, the same for all nodes (default: from -addr, with the path /fhir)")
	release := flags.String("release", "R4", "FHIR `release` of the resources: R4, R4B or R5")
	statusRelease := flags.String("status-release", "", "`release` in whose form notifications tell the status: R4B on an R4 server, for clients such as Medplum's (default: -release)")
	flags.StringVar(&cfg.Store, "store", "memory", "`store`: memory, sqlite:FILE, or postgres:DSN, which many nodes may share; a DSN is a URL or host=... dbname=...")
	folder := flags.String("topics", "", "`folder` of topics (*.json) to add to those shipped, or to replace them by url")
	flags.BoolVar(&cfg.AllowPrivate, "allow-private", false, "allow http endpoints and endpoints at loopback and private addresses (development only)")
	classic := flags.String("classic", allTypes, "resource `types`, with commas, for which Subscriptions may have query criteria, in R4 and R4B; "+allTypes+" stands for all, an empty list for none: every create and update of these types is recorded")
	flags.StringVar(&cfg.TenantHeader, "tenant-header", "", "`name` of the header that says whose resources a request is about")
	flags.IntVar(&cfg.MaxBytes, "max-bytes", 10<<20, "largest body and resource in `bytes`")
	flags.StringVar(&cfg.Node, "node", "", "`name` of this process among those that share the store (default: the host's); a restart under it takes its leases back at once")
	flags.StringVar(&cfg.Mail.Server, "smtp", "", "`host:port` of the server that takes mails for Subscriptions by email, over TLS (with -allow-private, STARTTLS if it offers it)")
	flags.BoolVar(&cfg.Metrics, "metrics", false, "serve metrics for Prometheus at /metrics, to whoever reaches the address")
	retry := flags.String("retry", "", "`waits` between attempts to deliver, such as 1s,2s,5s; after the last the status is error")
	flags.DurationVar(&cfg.Lease, "lease", 60*time.Second, "how long a silent node keeps its work; an attempt to deliver may take half of it, at most 30s")
	flags.DurationVar(&cfg.MinHeartbeat, "min-heartbeat", time.Second, "shortest heartbeat; a shorter heartbeatPeriod is raised to it")
	flags.DurationVar(&cfg.HandshakeDelay, "handshake-delay", 0, "wait before a new Subscription's handshake")
	if err := flags.Parse(args); err != nil {
		return cfg, "", err
	}
	if flags.NArg() > 0 {
		return cfg, "", errors.New("server: there are arguments that are no flags")
	}
	if *statusRelease != "" {
		if cfg.StatusRelease, err = fhirpath.ParseRelease(*statusRelease); err != nil {
			return cfg, "", err
		}
	}
	cfg.Mail.ImplicitTLS = strings.HasSuffix(cfg.Mail.Server, ":465")
	cfg.Mail.From, cfg.Mail.Username, cfg.Mail.Password = os.Getenv("SMTP_FROM"), os.Getenv("SMTP_USERNAME"), os.Getenv("SMTP_PASSWORD")
	if cfg.Release, err = fhirpath.ParseRelease(*release); err != nil {
		return cfg, "", err
	}
	if *classic != "" && (cfg.Release != fhirpath.R5 || *classic != allTypes) {
		cfg.Classic = strings.Split(*classic, ",")
	}
	if *retry != "" {
		for wait := range strings.SplitSeq(*retry, ",") {
			d, err := time.ParseDuration(strings.TrimSpace(wait))
			if err != nil || d <= 0 {
				return cfg, "", errors.New("server: -retry must be a list of durations such as 1s,2s,5s")
			}
			cfg.Retry = append(cfg.Retry, d)
		}
	}
	if *folder == "" {
		cfg.Topics, err = topics.Shipped(cfg.Release)
	} else {
		cfg.Topics, err = topics.WithFolder(cfg.Release, *folder)
	}
	return cfg, addr, err
}
