package main

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// span is what is asked of a span that has arrived.
type span struct{ id, parent, service string }

// collector takes spans over OTLP.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	got  []*collect.ExportTraceServiceRequest
	text strings.Builder
}

func newCollector(t *testing.T) *collector {
	c := new(collector)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "POST /v1/traces", r.Method+" "+r.URL.Path)
		body := io.Reader(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" {
			unpacked, err := gzip.NewReader(r.Body)
			if !assert.NoError(t, err) {
				return
			}
			body = unpacked
		}
		raw, err := io.ReadAll(body)
		assert.NoError(t, err)
		one := new(collect.ExportTraceServiceRequest)
		assert.NoError(t, proto.Unmarshal(raw, one))
		c.mu.Lock()
		defer c.mu.Unlock()
		c.got = append(c.got, one)
		c.text.Write(raw)
	}))
	t.Cleanup(c.Close)
	return c
}

// trace returns the spans of a trace, by their name and the node that has sent them.
func (c *collector) trace(id string) map[string]span {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := map[string]span{}
	for _, request := range c.got {
		for _, of := range request.ResourceSpans {
			about := map[string]string{}
			for _, a := range of.Resource.Attributes {
				about[a.Key] = a.Value.GetStringValue()
			}
			for _, scope := range of.ScopeSpans {
				for _, s := range scope.Spans {
					if hex.EncodeToString(s.TraceId) == id {
						spans[s.Name+" by "+about["service.instance.id"]] = span{hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId), about["service.name"]}
					}
				}
			}
		}
	}
	return spans
}

// all is everything that has arrived, as bytes.
func (c *collector) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}
