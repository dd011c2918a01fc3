package console

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/subscription"
)

// Config says what a Console may do. The zero value is a good choice: it only shows.
type Config struct {
	// Authorize decides whether whoever sends a request may do something to a Subscription.
	// It is also asked when a page is shown, so that there are buttons for what is permitted
	// only. nil: nobody may do anything. The engine's Authorizer has to permit it as well: it
	// is asked as for a client, with the request's context, where the host's own middleware has
	// put who that is.
	Authorize func(r *http.Request, a Action, tenant, id string) bool

	// Traffic is what the Engine has as its Observer, or as one of several. nil: rates
	// and kinds of failures are not shown.
	Traffic *Traffic
}

// Console is the operators' page. It holds no patient data, no ids of resources, no values
// of filters, and no URLs and header values; it does show which tenants there are, who of
// them subscribes to what, and which hosts fail. Whoever gets through to it sees all
// of that: mount it behind what makes sure that only operators do.
//
// It serves under whatever prefix it is mounted, with or without http.StripPrefix. It may
// be called at the same time, and whether or not the Engine runs.
type Console struct {
	engine *subscription.Engine
	cfg    Config
	census census
	origin *http.CrossOriginProtection
	began  time.Time
}

// New makes the console of an Engine. It starts nothing.
func New(e *subscription.Engine, cfg Config) *Console {
	return &Console{engine: e, cfg: cfg, origin: http.NewCrossOriginProtection(), began: time.Now()}
}

//go:embed assets
var assets embed.FS

// page answers a request for one page.
type page struct {
	method string // GET or POST
	serve  func(c *Console, r *http.Request) (answer, error)
}

// pages are all there are. They lie side by side, so that links between them need not
// know the prefix.
var pages = map[string][]page{
	"":              {{http.MethodGet, (*Console).home}},
	"subscriptions": {{http.MethodGet, (*Console).list}},
	"subscription":  {{http.MethodGet, (*Console).detail}},
	"topics":        {{http.MethodGet, (*Console).topics}},
	"hosts":         {{http.MethodGet, (*Console).hosts}},
	"explain":       {{http.MethodGet, (*Console).question}, {http.MethodPost, (*Console).explain}},
	"act":           {{http.MethodPost, (*Console).act}},
}

// answer is what a page says.
type answer struct {
	status   int    // 0: 200
	template string // name of the file
	title    string
	data     any
	location string // instead of all that: where to go on, by GET
}

// maxBody is the largest form that is taken: a resource to explain, and its previous state.
const maxBody = 4 << 20

// ServeHTTP serves the pages, by GET and HEAD; questions and actions come by POST, from a
// page of this very origin.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	guard(w.Header())
	if r.URL.Path == "" { // http.StripPrefix has left nothing: relative links need the slash
		asked, _, _ := strings.Cut(r.RequestURI, "?")
		redirect(w, http.StatusMovedPermanently, (&url.URL{Path: "./" + path.Base(asked) + "/"}).String())
		return
	}
	name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	if asset, ok := assetTypes[name]; ok {
		c.asset(w, r, name, asset)
		return
	}
	a, err := c.answer(w, r, name)
	if err != nil {
		a = failure(err)
	}
	c.write(w, name, a)
}

// answer finds the page and asks it.
func (c *Console) answer(w http.ResponseWriter, r *http.Request, name string) (answer, error) {
	var allow []string
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http leaves the body out
	}
	for _, p := range pages[name] {
		if p.method != method {
			if allow = append(allow, p.method); p.method == http.MethodGet {
				allow = append(allow, http.MethodHead)
			}
			continue
		}
		if method == http.MethodPost {
			if c.origin.Check(r) != nil {
				return answer{}, &problem{http.StatusForbidden, "The request came from another site"}
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if err := r.ParseForm(); err != nil {
				var tooLarge *http.MaxBytesError
				if errors.As(err, &tooLarge) {
					return answer{}, &problem{http.StatusRequestEntityTooLarge, "What was sent is larger than 4 MB"}
				}
				return answer{}, &problem{http.StatusBadRequest, "What was sent is not a form"}
			}
		}
		return p.serve(c, r)
	}
	if len(allow) > 0 {
		w.Header().Set("Allow", strings.Join(allow, ", "))
		return answer{}, &problem{http.StatusMethodNotAllowed, "This page is not for that method"}
	}
	return answer{}, &problem{http.StatusNotFound, "There is no such page"}
}

// guard sets what keeps a browser from asking others, and others from using the browser.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with none at all, forms would come from nowhere
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

var assetTypes = map[string]string{
	"style.css":  "text/css; charset=utf-8",
	"refresh.js": "text/javascript; charset=utf-8",
	"icon.svg":   "image/svg+xml",
}

func (c *Console) asset(w http.ResponseWriter, r *http.Request, name, contentType string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	raw, err := assets.ReadFile("assets/" + name)
	if err != nil {
		panic(err) // it is embedded, as a test shows
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(raw)
}

// templates has a set for each page: the layout with that page's content.
var templates = func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(functions).ParseFS(assets, "assets/layout.html", "assets/parts.html"))
	sets := map[string]*template.Template{}
	for _, name := range []string{"home", "list", "detail", "topics", "hosts", "explain", "failure"} {
		sets[name] = template.Must(template.Must(layout.Clone()).ParseFS(assets, "assets/"+name+".html"))
	}
	return sets
}()

// view is what the layout shows around a page.
type view struct {
	Title, Page, Node string
	Data              any
}

func (c *Console) write(w http.ResponseWriter, name string, a answer) {
	if a.location != "" {
		redirect(w, http.StatusSeeOther, a.location)
		return
	}
	var body bytes.Buffer
	if err := templates[a.template].Execute(&body, view{a.title, name, c.engine.Node(), a.data}); err != nil {
		http.Error(w, "console: a page can't be shown", http.StatusInternalServerError) // the data is ours: a test shows each page
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = w.Write(body.Bytes())
}

// redirect goes on to a place relative to the one that was asked for; http.Redirect would
// take what http.StripPrefix has left for the whole path.
func redirect(w http.ResponseWriter, status int, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(status)
}
