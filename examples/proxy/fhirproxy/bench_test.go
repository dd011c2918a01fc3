package fhirproxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/subscription"
)

// BenchmarkPassThrough measures a request that no topic is about, through the proxy and
// through a bare httputil.ReverseProxy, in turns, and reports the ratio of the medians.
func BenchmarkPassThrough(b *testing.B) {
	answer := `{"resourceType":"Device","id":"1","text":"` + strings.Repeat("x", 2000) + `"}`
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/fhir+json")
		_, _ = io.WriteString(w, answer)
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableCompression, transport.MaxIdleConnsPerHost = true, 100
	defer transport.CloseIdleConnections()
	bare := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.SetXForwarded()
	}})
	defer bare.Close()
	shipped, err := topics.Shipped(subscription.R4)
	if err != nil {
		b.Fatal(err)
	}
	p, err := Open(context.Background(), Config{Upstream: upstream.URL, Config: host.Config{BaseURL: "http://fhir.test", Topics: shipped}})
	if err != nil {
		b.Fatal(err)
	}
	ours := httptest.NewServer(p.Handler())
	defer func() {
		ours.Close()
		_ = p.Close()
	}()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, c := range []struct{ name, method, body string }{{"read", "GET", ""}, {"write", "PUT", answer}} {
		b.Run(c.name, func(b *testing.B) {
			once := func(base string) time.Duration {
				began := time.Now()
				r, err := http.NewRequest(c.method, base+"/Device/1", strings.NewReader(c.body))
				if err != nil {
					b.Fatal(err)
				}
				response, err := client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				return time.Since(began)
			}
			var ofOurs, ofBare []time.Duration
			for b.Loop() {
				ofBare = append(ofBare, once(bare.URL))
				ofOurs = append(ofOurs, once(ours.URL))
			}
			slices.Sort(ofOurs)
			slices.Sort(ofBare)
			mine, theirs := ofOurs[len(ofOurs)/2], ofBare[len(ofBare)/2]
			b.ReportMetric(float64(mine.Microseconds()), "µs/proxied")
			b.ReportMetric(float64(theirs.Microseconds()), "µs/bare")
			b.ReportMetric(float64(mine)/float64(theirs), "ratio")
		})
	}
}

// BenchmarkWrite measures an update that a topic wants, over SQLite that is durable, and the
// same to the upstream itself, in turns.
func BenchmarkWrite(b *testing.B) {
	f := &fake{}
	upstream := f.start(b)
	s := before(b, upstream)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	n := 0
	once := func(base, id string) time.Duration {
		n++
		f.mu.Lock()
		f.all = f.all[max(0, len(f.all)-10):] // it searches through all
		f.mu.Unlock()
		began := time.Now()
		r, err := http.NewRequest("PUT", base+"/Patient/"+id, strings.NewReader(patient(id, n)))
		if err != nil {
			b.Fatal(err)
		}
		response, err := client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return time.Since(began)
	}
	var ours, bare []time.Duration
	for b.Loop() {
		bare = append(bare, once(upstream, "a"))
		ours = append(ours, once(s.web.URL+"/fhir", "b"))
	}
	slices.Sort(ours)
	slices.Sort(bare)
	b.ReportMetric(float64(ours[len(ours)/2].Microseconds()), "µs/proxied")
	b.ReportMetric(float64(bare[len(bare)/2].Microseconds()), "µs/bare")
}
