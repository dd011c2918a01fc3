package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// host is the server of examples/server, running in this process.
type host struct {
	address string
	base    string
	server  *fhirserver.Server
	web     *http.Server
	halt    context.CancelFunc
	halted  chan error // what Run returned
}

// startHost starts the server over a file; what an earlier one has left there goes on.
func startHost(ctx context.Context, file, address string) (*host, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	shipped, err := topics.Shipped(fhirpath.R4)
	if err != nil {
		return nil, err
	}
	h := &host{address: listener.Addr().String(), halted: make(chan error, 1)}
	h.base = "http://" + h.address + "/fhir"
	var cfg fhirserver.Config
	cfg.BaseURL, cfg.Store, cfg.Topics, cfg.AllowPrivate, cfg.Node = h.base, "sqlite:"+file, shipped, true, "quickstart"
	h.server, err = fhirserver.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	h.web = &http.Server{Handler: h.server.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = h.web.Serve(listener) }()
	engine, halt := context.WithCancel(context.WithoutCancel(ctx))
	h.halt = halt
	go func() { h.halted <- h.server.Run(engine) }()
	return h, nil
}

// stopEngine ends sequencing and delivery; the REST API goes on.
func (h *host) stopEngine() error {
	h.halt()
	err := <-h.halted
	h.halted <- nil // for stop
	return err
}

// stop ends everything. It may be called again.
func (h *host) stop() error {
	if h.server == nil {
		return nil
	}
	_ = h.web.Close()
	h.halt()
	if err := <-h.halted; err != nil {
		return err
	}
	err := h.server.Close()
	h.server = nil
	return err
}

// call makes a FHIR request and decodes the answer into out.
func (h *host) call(ctx context.Context, method, path string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, h.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, raw)
	}
	return json.Unmarshal(raw, out)
}

// topics reads the canonicals in the CapabilityStatement.
func (h *host) topics(ctx context.Context) (list []string, err error) {
	var capabilities struct {
		Rest []struct {
			Resource []struct {
				Extension []struct{ ValueCanonical string }
			}
		}
	}
	err = h.call(ctx, "GET", "/metadata", nil, &capabilities)
	for _, rest := range capabilities.Rest {
		for _, resource := range rest.Resource {
			for _, extension := range resource.Extension {
				list = append(list, extension.ValueCanonical)
			}
		}
	}
	return list, err
}

// subscribe creates a Subscription as the Subscriptions R5 Backport guide has it.
func (h *host) subscribe(ctx context.Context, topic, endpoint string) (id string, err error) {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	body := fmt.Sprintf(`{
		"resourceType": "Subscription",
		"meta": {"profile": ["%[1]sbackport-subscription"]},
		"status": "requested",
		"reason": "demonstration",
		"criteria": %[2]q,
		"_criteria": {"extension": [{"url": "%[1]sbackport-filter-criteria", "valueString": "Observation?patient=Patient/ada"}]},
		"channel": {
			"type": "rest-hook",
			"endpoint": %[3]q,
			"payload": "application/fhir+json",
			"_payload": {"extension": [{"url": "%[1]sbackport-payload-content", "valueCode": "full-resource"}]}
		}
	}`, backport, topic, endpoint)
	var created struct{ ID string }
	err = h.call(ctx, "POST", "/Subscription", []byte(body), &created)
	return created.ID, err
}

// awaitActive waits until the server has recorded that the endpoint accepted the
// handshake.
func (h *host) awaitActive(ctx context.Context, id string) error {
	for {
		var subscription struct{ Status string }
		if err := h.call(ctx, "GET", "/Subscription/"+id, nil, &subscription); err != nil || subscription.Status == "active" {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// writeResults writes some of the shipped results.
func (h *host) writeResults(ctx context.Context, s *subscriber, numbers ...int) error {
	for _, n := range numbers {
		name := fmt.Sprintf("bilirubin-%d", n)
		raw, err := resources.ReadFile("resources/" + name + ".json")
		if err != nil {
			return err
		}
		if err := h.write(ctx, s, "Observation", name, value(raw)); err != nil {
			return err
		}
	}
	return nil
}

// write puts one of the shipped resources and tells the subscriber when.
func (h *host) write(ctx context.Context, s *subscriber, resourceType, name, words string) error {
	raw, err := resources.ReadFile("resources/" + name + ".json")
	if err != nil {
		return err
	}
	var resource struct{ ID string }
	if err := json.Unmarshal(raw, &resource); err != nil {
		return err
	}
	s.writes(resourceType+"/"+resource.ID, words)
	var stored json.RawMessage
	return h.call(ctx, "PUT", "/"+resourceType+"/"+resource.ID, raw, &stored)
}
