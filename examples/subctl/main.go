// Subctl creates and looks after Subscriptions on any FHIR server that has topic-based
// ones, of R4 or R4B (Backport guide) or R5:
//
//	subctl topics
//	subctl create -topic CANONICAL -filter 'Encounter?patient=Patient/1' -endpoint https://me.example.org/hook
//	subctl list -status active
//	subctl status ID
//	subctl events -since 10 ID
//	subctl resend -since 10 ID
//	subctl explain -resource after.json -previous before.json ID
//	subctl listen -topic CANONICAL
//	subctl delete ID
//
// Flags before the command: -server URL (or SUBCTL_SERVER; default
// http://127.0.0.1:8080/fhir), -header 'Name: value' (for each request; may be repeated),
// -json (the server's own answers instead of tables), -timeout.
//
// It exits with 0 if all is well, 1 if the server refuses or can't be reached, 2 if the
// command line can't be understood, and 3 if a Subscription is in the status error or off,
// or an explained change leads to no notification.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit codes.
const (
	exitRefused = 1
	exitUsage   = 2
	exitFailing = 3
)

// errUsage is a command line that can't be understood; flag has said why.
var errUsage = errors.New("usage: subctl [-server URL] [-header 'Name: value'] [-json] topics|create|list|status|events|resend|explain|listen|delete ...; subctl COMMAND -h says more")

// errFailing is what a command found that exits with 3.
var errFailing = errors.New("")

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := command(ctx, args, stdout, stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		fmt.Fprintln(stderr, err)
		return exitUsage
	case errors.Is(err, errFailing):
		return exitFailing
	}
	fmt.Fprintln(stderr, "subctl:", err)
	return exitRefused
}

// headers are the values of the repeated flag -header.
type headers struct{ http.Header }

func (h headers) String() string { return "" }

func (h headers) Set(text string) error {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return errors.New("want 'Name: value'")
	}
	h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

var commands = map[string]func(c *client) (*flag.FlagSet, func(ctx context.Context, args []string) error){
	"topics":  topics,
	"create":  create,
	"list":    list,
	"status":  status,
	"events":  events,
	"resend":  resend,
	"explain": explain,
	"listen":  listen,
	"delete":  remove,
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("subctl", flag.ContinueOnError)
	flags.SetOutput(stderr)
	c := &client{header: http.Header{}, out: stdout, web: &http.Client{Timeout: 30 * time.Second}}
	server := os.Getenv("SUBCTL_SERVER")
	if server == "" {
		server = "http://127.0.0.1:8080/fhir"
	}
	flags.StringVar(&c.base, "server", server, "FHIR base `URL`")
	flags.Var(headers{c.header}, "header", "`header` of each request, such as 'Authorization: Bearer ...'")
	flags.BoolVar(&c.json, "json", false, "print the server's answers instead of tables")
	flags.DurationVar(&c.web.Timeout, "timeout", c.web.Timeout, "for one request")
	if err := flags.Parse(args); err != nil {
		return misread(err)
	}
	c.base = strings.TrimRight(c.base, "/")
	made := commands[flags.Arg(0)]
	if made == nil {
		return errUsage
	}
	own, do := made(c)
	own.Init("subctl "+flags.Arg(0), flag.ContinueOnError)
	own.SetOutput(stderr)
	if err := own.Parse(flags.Args()[1:]); err != nil {
		return misread(err)
	}
	return do(ctx, own.Args())
}

func misread(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	return errUsage
}
