// Command playground lets you try subscriptions out in a browser: a FHIR server, a host of
// endpoints and a web page, in one process. It needs nothing, and leaves nothing behind.
//
//	go run ./examples/playground
//
// Open the URL that it prints, and choose "Subscribe and make a change". From there on:
// read topics in plain words, build Subscriptions by a form, make changes, watch
// notifications arrive, cause trouble and see what comes of it, export what you did.
//
// It can talk to another FHIR server, of R4, R4B or R5, as well. That must reach the
// endpoints hosted here; say where they are to listen, and where the server finds them:
//
//	playground -hooks 0.0.0.0:9000 -hooks-url http://my-machine.example.org:9000
//
// Only endpoints, whose addresses nobody can guess, are reachable there. The page has no
// login, so it is on this machine only. Over websockets no address is needed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/fhirpath"
)

func main() { host.Main(run) }

// config is what the command line says.
type config struct {
	addr     string
	hooks    string
	hooksURL string // "": that of hooks
	release  fhirpath.Release
}

// run plays until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, err := parseFlags(args, stderr)
	if err != nil {
		return err
	}
	p, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Carillon playground: open %s/ in a browser (Ctrl-C ends it)\n", p.url)
	return errors.Join(p.serve(ctx), p.close())
}

func parseFlags(args []string, stderr io.Writer) (cfg config, err error) {
	flags := flag.NewFlagSet("playground", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8090", "loopback `address` of the page and the FHIR server; port 0 takes a free one")
	flags.StringVar(&cfg.hooks, "hooks", "127.0.0.1:0", "`address` of the hosted endpoints")
	flags.StringVar(&cfg.hooksURL, "hooks-url", "", "`URL` by which other servers reach -hooks")
	release := flags.String("release", "R4", "FHIR `release` of the server: R4, R4B or R5")
	if err := flags.Parse(args); err != nil {
		return cfg, err
	}
	if flags.NArg() > 0 {
		return cfg, errors.New("there are arguments that are no flags")
	}
	if !host.IsLoopback(cfg.addr) {
		return cfg, errors.New("-addr must be this machine's own, such as 127.0.0.1:8090: the page has no login. Endpoints for other machines are at -hooks")
	}
	cfg.release, err = fhirpath.ParseRelease(*release)
	return cfg, err
}
