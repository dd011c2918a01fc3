package workbench

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/carillon-fhir/carillon/examples/playground/clienthost"
	"github.com/carillon-fhir/carillon/examples/playground/feed"
	"github.com/carillon-fhir/carillon/examples/playground/remote"
)

// Config is what a Workbench is made of. All of it is required.
type Config struct {
	BuiltIn string           // FHIR base of the server in this process
	Host    *clienthost.Host // whose feed is Feed
	Feed    *feed.Log
	Public  bool // the Host is reachable from other machines, as its operator says
}

// Workbench serves the page's API. Make one with New.
type Workbench struct {
	cfg     Config
	mux     *http.ServeMux
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu            sync.Mutex
	server        *remote.Server
	capability    *remote.Capability // nil: not asked yet
	subscriptions []*Subscription    // that are watched, oldest first
	changes       *run               // nil: none is under way
	open          map[string][]made  // by template: what another may update
	patients      []string
	group         string
	viewers       int // pages that follow the feed
	viewed        chan struct{}
}

// New returns a Workbench for the built-in server. Until Close it looks at the
// Subscriptions it knows whenever somebody watches.
func New(cfg Config) (*Workbench, error) {
	b := &Workbench{cfg: cfg, mux: http.NewServeMux(), viewed: make(chan struct{}, 1)}
	if err := b.use("", ""); err != nil {
		return nil, err
	}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.routes()
	b.running.Add(1)
	go func() {
		defer b.running.Done()
		b.watch()
	}()
	return b, nil
}

// Close ends what runs, and waits for it.
func (b *Workbench) Close() {
	b.mu.Lock()
	b.cancel() // from here on start begins nothing
	b.stop()
	b.mu.Unlock()
	b.running.Wait()
}

// use works with another server from now on; "" is the built-in one.
func (b *Workbench) use(base, authorization string) error {
	if base == "" {
		base = b.cfg.BuiltIn
	}
	server, err := remote.New(remote.Config{BaseURL: base, Authorization: authorization, Feed: b.cfg.Feed})
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop()
	b.server, b.capability, b.subscriptions = server, nil, nil
	b.open, b.patients, b.group = map[string][]made{}, nil, ""
	b.cfg.Feed.Add("server", b.shown())
	return nil
}

// Server is what the page knows of the server.
type Server struct {
	Base          string `json:"base"`
	BuiltIn       bool   `json:"builtIn"`
	Authorization bool   `json:"authorization"` // there is one
	Reachable     bool   `json:"reachable"`     // the endpoints hosted here, from there
}

// shown is for the page. b.mu is held.
func (b *Workbench) shown() Server {
	builtIn := b.server.BaseURL() == b.cfg.BuiltIn
	return Server{b.server.BaseURL(), builtIn, b.server.Authorized(), builtIn || b.cfg.Public}
}

func (b *Workbench) current() *remote.Server {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.server
}

// capabilities returns what the server can do, asking it once.
func (b *Workbench) capabilities(ctx context.Context) (*remote.Server, *remote.Capability, error) {
	b.mu.Lock()
	server, known := b.server, b.capability
	b.mu.Unlock()
	if known != nil {
		return server, known, nil
	}
	asked, err := server.Capability(ctx)
	if err != nil {
		return nil, nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.server != server {
		return nil, nil, errors.New("workbench: another server was chosen meanwhile")
	}
	b.capability = asked
	return server, asked, nil
}

// known returns the Subscription of that id, nil if it is not watched. b.mu is held.
func (b *Workbench) known(id string) *Subscription {
	i := slices.IndexFunc(b.subscriptions, func(s *Subscription) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return b.subscriptions[i]
}
