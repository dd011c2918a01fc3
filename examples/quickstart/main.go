// Command quickstart is the demonstration: a FHIR R4 server with Carillon inside, a
// subscriber, and a few laboratory results. It shows, step by step, how a write
// becomes a numbered notification, and what is left when the engine stops in the
// middle. It needs nothing, leaves nothing behind and ends by itself.
//
//	go run ./examples/quickstart          the story
//	go run ./examples/quickstart -json    with the notification Bundles as they arrive
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

func main() {
	raw := flag.Bool("json", false, "print each notification Bundle as it arrives")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second) // a demonstration that hangs says so
	defer cancel()
	if err := tell(ctx, os.Stdout, *raw); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}
