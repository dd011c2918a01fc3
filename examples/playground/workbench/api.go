package workbench

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/compose"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
	"github.com/carillon-fhir/carillon/notification/receiver"
)

// routes is the API. Bodies are JSON, both ways; failures are {"error": words}.
func (b *Workbench) routes() {
	b.mux.HandleFunc("GET /api/state", b.state)
	b.mux.HandleFunc("GET /api/feed", b.stream)
	b.mux.HandleFunc("GET /api/export.http", b.export)
	b.mux.HandleFunc("PUT /api/server", serve(b.chooseServer))
	b.mux.HandleFunc("GET /api/capability", serve(b.getCapability))
	b.mux.HandleFunc("GET /api/topics", serve(b.getTopics))
	b.mux.HandleFunc("GET /api/templates", serve(func(*http.Request, *struct{}) (any, error) { return compose.Templates(), nil }))
	b.mux.HandleFunc("POST /api/compose", serve(b.compose))
	b.mux.HandleFunc("POST /api/request", serve(b.request))
	b.mux.HandleFunc("POST /api/endpoints", serve(b.openEndpoint))
	b.mux.HandleFunc("DELETE /api/endpoints/{key}", serve(b.deleteEndpoint))
	b.mux.HandleFunc("PUT /api/endpoints/{key}/trouble", serve(b.trouble))
	b.mux.HandleFunc("POST /api/endpoints/{key}/bind", serve(b.bind))
	b.mux.HandleFunc("POST /api/endpoints/{key}/recover", serve(b.recover))
	b.mux.HandleFunc("POST /api/group", serve(b.postGroup))
	b.mux.HandleFunc("POST /api/changes", serve(b.postChanges))
	b.mux.HandleFunc("DELETE /api/changes", serve(b.stopChanges))
}

// ServeHTTP serves what lies below /api/.
func (b *Workbench) ServeHTTP(w http.ResponseWriter, r *http.Request) { b.mux.ServeHTTP(w, r) }

// maxRequest is the largest body that the page sends, in bytes.
const maxRequest = 4 << 20

// serve is a handler that takes and gives JSON.
func serve[In any](do func(r *http.Request, in *In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err == nil && len(raw) > 0 {
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				answer(w, http.StatusUnsupportedMediaType, map[string]string{"error": "the body must be JSON"})
				return
			}
			err = json.Unmarshal(raw, &in)
		}
		if err != nil {
			answer(w, http.StatusBadRequest, map[string]string{"error": "the body can't be read"})
			return
		}
		out, err := do(r, &in)
		if err != nil {
			_, words, found := strings.Cut(err.Error(), ": ")
			if !found {
				words = err.Error()
			}
			answer(w, http.StatusUnprocessableEntity, map[string]string{"error": words})
			return
		}
		answer(w, http.StatusOK, out)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if body == nil {
		body = struct{}{}
	}
	_ = json.NewEncoder(w).Encode(body) // a page that is gone
}

// state is everything that a page shows, and where the feed goes on.
func (b *Workbench) state(w http.ResponseWriter, _ *http.Request) {
	last := b.cfg.Feed.Last() // what happens from here on may be told twice, but nothing is missed
	b.mu.Lock()
	subscriptions := make([]Subscription, 0, len(b.subscriptions))
	for _, s := range b.subscriptions {
		subscriptions = append(subscriptions, *s)
	}
	var progress *Progress
	if b.changes != nil {
		p := b.changes.Progress
		progress = &p
	}
	server, people, log := b.shown(), b.people(), b.server
	b.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{
		"last": last, "server": server, "subscriptions": subscriptions, "changes": progress, "people": people,
		"endpoints": b.cfg.Host.Endpoints(), "arrivals": b.cfg.Host.Arrivals(), "requests": log.Exchanges(),
	})
}

func (b *Workbench) export(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="playground.http"`)
	_, _ = w.Write(b.current().Export()) // a page that is gone
}

func (b *Workbench) chooseServer(r *http.Request, in *struct{ Base, Authorization string }) (any, error) {
	if err := b.use(in.Base, in.Authorization); err != nil {
		return nil, err
	}
	return b.getCapability(r, nil)
}

func (b *Workbench) getCapability(r *http.Request, _ *struct{}) (any, error) {
	_, capability, err := b.capabilities(r.Context())
	return capability, err
}

func (b *Workbench) getTopics(r *http.Request, _ *struct{}) (any, error) {
	server, capability, err := b.capabilities(r.Context())
	if err != nil {
		return nil, err
	}
	return server.Topics(r.Context(), capability)
}

func (b *Workbench) compose(r *http.Request, form *compose.Form) (any, error) {
	_, capability, err := b.capabilities(r.Context())
	if err != nil {
		return nil, err
	}
	resource, err := compose.Subscription(capability.FHIRRelease(), *form)
	return map[string]string{"resource": string(resource)}, err
}

// request makes one to the server, and watches the Subscriptions that it is about.
func (b *Workbench) request(r *http.Request, in *remote.Request) (any, error) {
	server := b.current()
	e, err := server.Do(r.Context(), *in)
	if err != nil {
		return nil, err
	}
	path, _, _ := strings.Cut(in.Path, "?")
	resourceType, rest, _ := strings.Cut(path, "/")
	if resourceType != "Subscription" || e.Status < 200 || e.Status > 299 {
		return e, nil
	}
	switch {
	case in.Method == http.MethodDelete:
		b.forget(rest)
	case e.Answer == "" && in.Method == http.MethodPost: // a server that returns no representation
		if reference, id, ok := cutReference(e.Headers["Location"]); ok && reference == "Subscription" {
			b.readAgain(r.Context(), server, id)
		}
	case in.Method == http.MethodGet && rest == "": // a search
		for _, resource := range found(e.Answer) {
			b.follow(server, resource)
		}
	default:
		b.follow(server, []byte(e.Answer))
	}
	return e, nil
}

// found returns the resources of a searchset.
func found(searchset string) (list []json.RawMessage) {
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if json.Unmarshal([]byte(searchset), &bundle) != nil {
		return nil
	}
	for _, entry := range bundle.Entry {
		list = append(list, entry.Resource)
	}
	return list
}

func (b *Workbench) readAgain(ctx context.Context, server *remote.Server, id string) {
	if e, err := server.Do(ctx, remote.Request{Method: http.MethodGet, Path: "Subscription/" + id}); err == nil && e.Status == http.StatusOK {
		b.follow(server, []byte(e.Answer))
	}
}

func (b *Workbench) openEndpoint(_ *http.Request, in *struct{ Channel string }) (any, error) {
	return b.cfg.Host.Open(in.Channel)
}

func (b *Workbench) deleteEndpoint(r *http.Request, _ *struct{}) (any, error) {
	return nil, b.cfg.Host.Delete(r.PathValue("key"))
}

func (b *Workbench) trouble(r *http.Request, in *clienthost.Trouble) (any, error) {
	return nil, b.cfg.Host.SetTrouble(r.PathValue("key"), *in)
}

func (b *Workbench) bind(r *http.Request, in *struct{ Subscription string }) (any, error) {
	return nil, b.cfg.Host.Bind(r.PathValue("key"), b.current(), in.Subscription)
}

var errNoEvents = errors.New("workbench: the server does not give these events; it may have no $events, or have them no longer")

func (b *Workbench) recover(r *http.Request, in *struct {
	Subscription string
	clienthost.Range
}) (any, error) {
	server := b.current()
	source, err := receiver.NewServer(receiver.ServerConfig{BaseURL: server.BaseURL(), Client: server.HTTPClient()})
	if err != nil {
		return nil, err
	}
	n, err := b.cfg.Host.Recover(r.Context(), r.PathValue("key"), source, in.Subscription, in.Range)
	if err != nil {
		return nil, errNoEvents
	}
	return map[string]int{"events": n}, nil
}

func (b *Workbench) postGroup(r *http.Request, in *struct{ Size int }) (any, error) {
	return b.makeGroup(r.Context(), in.Size)
}

func (b *Workbench) postChanges(r *http.Request, in *Changes) (any, error) {
	return b.start(r.Context(), *in)
}

func (b *Workbench) stopChanges(*http.Request, *struct{}) (any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop()
	return nil, nil
}
