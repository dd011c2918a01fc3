package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// drainTime is how long requests under way may take when a server stops.
const drainTime = 10 * time.Second

// Server is what Serve runs.
type Server interface {
	Handler() http.Handler
	Run(ctx context.Context) error // until ctx ends
	Close() error
}

// Serve listens at an address, opens the server, given the URL of the address, prints where
// it listens and serves until ctx ends: then requests end first, and what they have
// changed is recorded, and delivered now or at the next start. base is the server's FHIR base
// as clients know it, of which the path is printed. At an address that only this machine
// reaches, requests by another name than localhost, the base's or an address are refused.
func Serve(ctx context.Context, addr string, stdout io.Writer, logger *slog.Logger, open func(ctx context.Context, local string) (s Server, base string, err error)) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	local := "http://" + listener.Addr().String()
	server, base, err := open(ctx, local)
	if err != nil {
		return err
	}
	handler := server.Handler()
	if IsLoopback(listener.Addr().String()) {
		handler = guard(base, handler)
	}
	web := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // its texts hold what clients sent
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	fmt.Fprintln(stdout, "listening on", local+pathOf(base))

	engine, stopEngine := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEngine()
	drained := make(chan error, 1)
	go func() { drained <- server.Run(engine) }()

	var serveErr error
	select {
	case <-ctx.Done():
	case serveErr = <-ended:
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if web.Shutdown(last) != nil {
		logger.Warn("requests that did not end in time were cut off")
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
