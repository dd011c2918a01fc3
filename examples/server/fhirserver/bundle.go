package fhirserver

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// link is Bundle.link.
type link struct{ relation, url string }

// bundle writes a Bundle of results. Resources go into it byte by byte.
type bundle struct {
	buf     []byte
	entries int
}

func newBundle(kind string, total *int, links []link) *bundle {
	b := &bundle{}
	b.raw(`{"resourceType":"Bundle","id":"`, newID(), `","type":"`, kind, `","timestamp":"`, time.Now().UTC().Format(instant), `"`)
	if total != nil {
		b.raw(`,"total":`, strconv.Itoa(*total))
	}
	for i, l := range links {
		b.raw([]string{`,"link":[`, `,`}[min(i, 1)], `{"relation":"`, l.relation, `","url":`)
		b.text(l.url)
		b.raw("}")
	}
	if len(links) > 0 {
		b.raw("]")
	}
	return b
}

func (b *bundle) raw(parts ...string) {
	for _, p := range parts {
		b.buf = append(b.buf, p...)
	}
}

func (b *bundle) text(s string) {
	quoted, _ := json.Marshal(s) // a string: it cannot fail
	b.buf = append(b.buf, quoted...)
}

// entry begins an entry; its first member is the resource at fullURL, if there is one.
func (b *bundle) entry(fullURL string, resource []byte) {
	b.raw([]string{`,"entry":[`, `,`}[min(b.entries, 1)], "{")
	b.entries++
	if fullURL != "" {
		b.raw(`"fullUrl":`)
		b.text(fullURL)
		b.raw(",")
	}
	if resource != nil {
		b.raw(`"resource":`)
		b.buf = append(b.buf, resource...)
		b.raw(",")
	}
}

// bytes ends the Bundle.
func (b *bundle) bytes() []byte {
	if b.entries > 0 {
		b.raw("]")
	}
	b.raw("}")
	return b.buf
}

// match adds a match of a search.
func (b *bundle) match(base string, v *version) {
	b.entry(base+"/"+v.reference(), v.body)
	b.raw(`"search":{"mode":"match"}}`)
}

// past adds a version to a history.
func (b *bundle) past(base string, v *version) {
	b.entry(base+"/"+v.reference(), v.body)
	b.raw(`"request":{"method":"`, v.method, `","url":"`, v.requestURL(), `"},"response":{"status":"`, v.status, `"`)
	b.raw(`,"etag":`)
	b.text(v.etag())
	b.raw(`,"lastModified":"`, v.updated.Format(instant), `"}}`)
}

// response adds what came of one entry of a batch or transaction.
func (b *bundle) response(base string, a *answer) {
	body, report := a.body, []byte(nil)
	if a.isOutcome {
		body, report = nil, a.body
	}
	fullURL := ""
	if body != nil && a.reference != "" {
		fullURL = base + "/" + a.reference
	}
	b.entry(fullURL, body)
	b.raw(`"response":{"status":"`, strings.TrimSpace(strconv.Itoa(a.status)+" "+http.StatusText(a.status)), `"`)
	for _, member := range []struct{ name, value string }{{"location", a.location}, {"etag", a.etag}} {
		if member.value != "" {
			b.raw(`,"`, member.name, `":`)
			b.text(member.value)
		}
	}
	if !a.lastModified.IsZero() {
		b.raw(`,"lastModified":"`, a.lastModified.Format(instant), `"`)
	}
	if report != nil {
		b.raw(`,"outcome":`)
		b.buf = append(b.buf, report...)
	}
	b.raw("}}")
}
