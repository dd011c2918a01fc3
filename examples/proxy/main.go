// Command proxy stands before a FHIR server, of R4, R4B or R5, and adds subscriptions to it.
//
//	go run ./examples/proxy -upstream https://ehr.example.org/r4 -release R4 -store sqlite:proxy.db
//
// Clients use it in place of the server: what is about Subscriptions, topics and their
// operations it serves itself, as well as websockets at ws below its base; all else passes
// through. It prints where it listens when it is ready, and on SIGTERM or SIGINT ends the
// requests and deliveries under way and exits. Package fhirproxy says what it promises, and
// who may subscribe.
//
// UPSTREAM_AUTHORIZATION is the value of the header Authorization by which the proxy
// itself reads from the server, such as "Bearer ..."; a secret has no place on the command
// line. The variables for mail are those of examples/server.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/proxy/fhirproxy"
)

func main() { host.Main(run) }

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, addr, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	cfg.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	return host.Serve(ctx, addr, stdout, cfg.Logger, func(ctx context.Context, local string) (host.Server, string, error) {
		if cfg.BaseURL == "" {
			cfg.BaseURL = local + "/fhir"
		}
		p, err := fhirproxy.Open(ctx, cfg)
		return p, cfg.BaseURL, err
	})
}

// parseFlags returns what the command line asks for and the address to listen on.
func parseFlags(args []string, stderr io.Writer) (cfg fhirproxy.Config, addr string, err error) {
	flags := flag.NewFlagSet("proxy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var common host.Flags
	common.Add(flags, "")
	flags.StringVar(&cfg.Upstream, "upstream", "", "FHIR base `URL` of the server behind (required)")
	flags.DurationVar(&cfg.Poll, "poll", 0, "how often to ask the upstream's _history for writes that went around the proxy; 0: once, at the start")
	flags.BoolVar(&cfg.InsecureAllowAll, "insecure-allow-all", false, "let everybody subscribe to everything and get whole resources, whatever the upstream would let them read (development, and closed networks)")
	if err := flags.Parse(args); err != nil {
		return cfg, "", err
	}
	if err := common.Complete(flags); err != nil {
		return cfg, "", err
	}
	cfg.Config = common.Config
	cfg.Authorization = os.Getenv("UPSTREAM_AUTHORIZATION")
	return cfg, common.Addr, nil
}
