package fhirproxy

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// answer is what the upstream says about one write.
type answer struct {
	status   int
	location string
	etag     string
	resource *version // of the answer's body; nil if that is something else
}

// errUnclear: the answer does not say what the write has done.
var errUnclear = errors.New("fhirproxy: the answer does not tell what was written")

// buffer reads an answer's body, which still goes to the client as it is.
func buffer(response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, largest+1))
	_ = response.Body.Close()
	if err != nil || len(body) > largest {
		return nil, errUpstream
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// parse reads a body as JSON; nil if it is something else.
func parse(header http.Header, body []byte) *fhirpath.Doc {
	switch strings.ToLower(header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		if body, err = io.ReadAll(io.LimitReader(z, largest)); err != nil {
			return nil
		}
	default: // the resource is read back
		return nil
	}
	kind, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || !strings.HasSuffix(kind, "json") {
		return nil
	}
	doc, err := fhirpath.Parse(body)
	if err != nil {
		return nil
	}
	return doc
}

// answers reads the answer to each unit; ok is false if it can't be read at all.
func (e *exchange) answers(response *http.Response, body []byte) (of func(*unit) answer, ok bool) {
	doc := parse(response.Header, body)
	if !e.bundle {
		a := answer{status: response.StatusCode, location: response.Header.Get("Location"), etag: response.Header.Get("ETag")}
		if doc != nil {
			a.resource = versionOf(doc.Root())
		}
		return func(*unit) answer { return a }, true
	}
	if doc == nil {
		return nil, false
	}
	var all []answer
	for entry := range doc.Root().Get("entry").Elements() {
		said := entry.Get("response")
		digits, _, _ := strings.Cut(strings.TrimSpace(said.Get("status").Text()), " ")
		status, _ := strconv.Atoi(digits) // 0 is unclear
		all = append(all, answer{status, said.Get("location").Text(), said.Get("etag").Text(), versionOf(entry.Get("resource"))})
	}
	return func(u *unit) answer {
		if u.index < len(all) {
			return all[u.index]
		}
		return answer{}
	}, true
}

// changes says what a unit has written, none if nothing. Its error means that this has to
// be found out.
func (e *exchange) changes(ctx context.Context, u *unit, a answer) ([]change, error) {
	switch {
	case refusal(a.status):
		return nil, nil
	case !e.succeeded(a.status):
		return nil, errUnclear
	case u.method == http.MethodDelete:
		return e.deleted(u, a)
	case u.ifNoneExist && a.status != http.StatusCreated: // there was one
		return nil, nil
	}
	v, err := e.written(ctx, u, a)
	if err != nil {
		return nil, err
	}
	name := v.ref()
	before, known := e.known[name]
	if !known && u.method != http.MethodPost && a.status != http.StatusCreated && !e.hidden[name] {
		return nil, errUnclear // another one than the criteria had found
	}
	if before != nil && before.number == v.number { // an update that changes nothing
		return nil, nil
	}
	e.known[name] = v
	if before == nil && e.hidden[name] && a.status != http.StatusCreated {
		before = &version{raw: []byte{}}
	}
	return []change{v.after(before).by(u.target, a.status)}, nil
}

// deleted: a success does not mean that there was something to delete.
func (e *exchange) deleted(u *unit, a answer) ([]change, error) {
	if len(u.ids) > 1 { // some may have stayed
		return nil, errUnclear
	}
	if len(u.ids) == 0 {
		return nil, nil
	}
	name := ref(u.resourceType, u.ids[0])
	before := e.known[name]
	switch {
	case e.hidden[name]:
		return nil, errUnclear
	case before == nil:
		return nil, nil
	}
	e.known[name] = nil
	gone := &version{resourceType: u.resourceType, id: u.ids[0]}
	return []change{gone.after(before).by(u.target, a.status)}, nil
}

// written returns what the unit has left, from the answer or read back.
func (e *exchange) written(ctx context.Context, u *unit, a answer) (*version, error) {
	if v := a.resource; v != nil && v.resourceType == u.resourceType {
		return v, nil
	}
	id, number := place(a.location, u.resourceType)
	if id == "" && len(u.ids) == 1 {
		id = u.ids[0]
	}
	if id == "" {
		return nil, errUnclear
	}
	if number == "" {
		number = strings.Trim(strings.TrimPrefix(a.etag, "W/"), `"`)
		if !fhirpath.IsID(number) {
			number = ""
		}
	}
	return e.reader.back(ctx, u.resourceType, id, number)
}
