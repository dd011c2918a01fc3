package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/carillon-fhir/carillon/notification/receiver"
)

// listen subscribes with an endpoint of its own, prints what arrives, and takes the
// Subscription back at the end.
func listen(c *client) (*flag.FlagSet, func(context.Context, []string) error) {
	flags, w := new(flag.FlagSet), &wish{channel: "rest-hook"}
	w.flags(flags)
	addr := flags.String("addr", "127.0.0.1:0", "`address` to listen on")
	flags.StringVar(&w.endpoint, "endpoint", "", "`URL` under which the server reaches that address (default: http:// and the address)")
	count := flags.Int("count", 0, "end after so many events; 0: when interrupted")
	return flags, func(ctx context.Context, args []string) error {
		if w.topic == "" || len(args) > 0 {
			return errUsage
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		source, err := receiver.NewServer(receiver.ServerConfig{BaseURL: c.base, Client: &http.Client{Timeout: c.web.Timeout, Transport: authorized{c.header}}})
		if err != nil {
			return err
		}
		seen := 0
		r, err := receiver.New(receiver.Config{
			Source: source,
			Handle: func(_ context.Context, e receiver.Event) error {
				fmt.Fprintf(c.out, "%d  %s  %s  %d bytes\n", e.Number, e.Timestamp.Format(time.RFC3339), focus(&e.Event), len(e.Focus.Resource))
				if seen++; seen == *count {
					stop()
				}
				return nil
			},
			OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Fprintln(c.out, p) },
		})
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", *addr)
		if err != nil {
			return err
		}
		web := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
		ended := make(chan error, 1)
		go func() { ended <- web.Serve(listener) }()
		defer func() {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = web.Shutdown(last) // so that the last notification is answered
			<-ended
		}()
		if w.endpoint == "" {
			w.endpoint = "http://" + listener.Addr().String() + "/"
		}
		s, _, err := c.create(ctx, w)
		if err != nil {
			return err
		}
		id := s.Get("id").Text()
		fmt.Fprintln(c.out, "listening for", id)
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.web.Timeout)
		defer cancel()
		_, err = c.ask(last, http.MethodDelete, "Subscription/"+id, nil)
		return err
	}
}

// authorized adds the headers of the command line to each request.
type authorized struct{ header http.Header }

func (a authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	for name, values := range a.header {
		req.Header[name] = values
	}
	return http.DefaultTransport.RoundTrip(req)
}
