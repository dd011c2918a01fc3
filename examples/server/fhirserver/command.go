package fhirserver

import (
	"context"
	"flag"
	"io"
	"log/slog"

	"github.com/carillon-fhir/carillon/examples/host"
)

// ParseFlags returns what the command line of a command asks for, and the address to
// listen on; flag.ErrHelp, if it asks what there is.
func ParseFlags(command string, args []string, stderr io.Writer) (cfg Config, addr string, err error) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	var common host.Flags
	common.Add(flags, "Resource")
	flags.StringVar(&cfg.TenantHeader, "tenant-header", "", "`name` of the header that says whose resources a request is about")
	flags.IntVar(&cfg.MaxBytes, "max-bytes", 10<<20, "largest body and resource in `bytes`")
	if err := flags.Parse(args); err != nil {
		return cfg, "", err
	}
	if err := common.Complete(flags); err != nil {
		return cfg, "", err
	}
	cfg.Config = common.Config
	cfg.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	return cfg, common.Addr, nil
}

// ListenAndServe opens a Server and serves it at an address until ctx ends; see host.Serve.
// Without a BaseURL it is known by that address.
func ListenAndServe(ctx context.Context, addr string, stdout io.Writer, cfg Config) error {
	return host.Serve(ctx, addr, stdout, cfg.Logger, func(ctx context.Context, local string) (host.Server, string, error) {
		if cfg.BaseURL == "" {
			cfg.BaseURL = local + "/fhir"
		}
		s, err := Open(ctx, cfg)
		return s, cfg.BaseURL, err
	})
}
