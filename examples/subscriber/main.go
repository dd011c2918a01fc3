// Subscriber is a program that is told of changes and never misses one: it subscribes over
// a websocket, so that it needs no address of its own, and prints each event. Stop it, change
// something, and start it again: what happened meanwhile arrives first.
//
//	go run ./examples/server
//	go run ./examples/subscriber -topic https://carillon-fhir.github.io/topics/encounter-start
//
// Its Subscription and the number of the last event handled are in the file -state.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/carillon-fhir/carillon/notification/receiver"
	"github.com/carillon-fhir/carillon/notification/receiver/websocket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	base := flag.String("server", "http://127.0.0.1:8080/fhir", "FHIR base `URL` of an R4 server")
	topic := flag.String("topic", "https://carillon-fhir.github.io/topics/encounter-start", "`canonical` of the topic")
	state := flag.String("state", "subscriber", "`path` of what is remembered, without the endings .id and .json")
	flag.Parse()
	if err := run(ctx, *base, *topic, *state, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "subscriber:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, base, topic, state string, out io.Writer) error {
	base = strings.TrimRight(base, "/")
	id, err := subscription(ctx, base, topic, state+".id")
	if err != nil {
		return err
	}
	source, err := receiver.NewServer(receiver.ServerConfig{BaseURL: base})
	if err != nil {
		return err
	}
	positions, err := receiver.OpenFile(state + ".json")
	if err != nil {
		return err
	}
	r, err := receiver.New(receiver.Config{
		Handle: func(_ context.Context, e receiver.Event) error {
			_, err := fmt.Fprintf(out, "%d  %s\n", e.Number, e.Focus.FullURL)
			return err
		},
		OnProblem: func(_ context.Context, p receiver.Problem) { fmt.Fprintln(out, "!", p) },
		Source:    source,
		Positions: positions,
	})
	if err != nil {
		return err
	}
	client, err := websocket.New(websocket.Config{
		BaseURL: base, Subscriptions: []string{id}, Receiver: r,
		OnError: func(err error) { fmt.Fprintln(out, "!", err) },
	})
	if err != nil {
		return err
	}
	return client.Run(ctx)
}

// subscription returns the id of the Subscription that an earlier run has made, or makes one.
func subscription(ctx context.Context, base, topic, file string) (string, error) {
	kept, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(kept)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	body, err := json.Marshal(map[string]any{
		"resourceType": "Subscription", "status": "requested", "reason": "examples/subscriber", "criteria": topic,
		"channel": map[string]any{
			"type": "websocket", "payload": "application/fhir+json",
			"_payload": map[string]any{"extension": []any{map[string]any{
				"url":       "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content",
				"valueCode": "id-only",
			}}},
		},
	})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/Subscription", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var created struct{ ID string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&created); err != nil || resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the server refuses the Subscription: %s", resp.Status)
	}
	return created.ID, os.WriteFile(file, []byte(created.ID+"\n"), 0o600)
}
