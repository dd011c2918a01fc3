package fhirproxy

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is an upstream whose habits are those that real ones were seen to have. A
// resource's state is its multipleBirthInteger, by which state=N also searches.
type fake struct {
	minimal      bool // obeys Prefer: return=minimal
	compressed   bool // answers gzip
	relative     bool // Location is relative
	versioned    bool // Location names the version
	bare         bool // no ETag, no body: Location only
	outcomes     bool // answers an OperationOutcome
	keepsSame    bool // an update that changes nothing is no version
	makes200     bool // a create answers 200
	updates200   bool // an update that creates answers 200
	deletesTwice bool // to delete again is 200
	gone404      bool // what was deleted is 404, else 410
	noHistory    bool
	system       bool   // offers a history of everything
	openHistory  bool   // a history does not tell of deletions
	noSearch     bool   // can't search by _lastUpdated
	partial      bool   // a transaction commits entry by entry
	xml          bool   // answers XML to who asks for it
	pages        string // answers two entries at a time; the base that links to the next name

	before, after func(w http.ResponseWriter, r *http.Request) (done bool) // around a request

	mu    sync.Mutex
	all   []*past // in the order of writing
	n     int
	seen  http.Header // of the last request
	reads int
}

type past struct {
	resourceType, id, number, method string
	body                             map[string]any // nil: deleted
	at                               time.Time
}

func (f *fake) start(t testing.TB) string {
	web := httptest.NewServer(f)
	t.Cleanup(web.Close)
	return web.URL + "/base"
}

func (f *fake) newest(resourceType, id string) *past {
	for _, one := range slices.Backward(f.all) {
		if one.resourceType == resourceType && one.id == id {
			return one
		}
	}
	return nil
}

func (f *fake) put(method, resourceType, id string, body map[string]any) *past {
	f.n++
	one := &past{resourceType, id, fmt.Sprintf("%08x-v", f.n*7919), method, body, time.Now().UTC()}
	if body != nil {
		body["id"] = id
		body["meta"] = map[string]any{"versionId": one.number, "lastUpdated": one.at.Format("2006-01-02T15:04:05.000Z")}
	}
	f.all = append(f.all, one)
	return one
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.seen = r.Header.Clone()
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/base"), "/"), "/")
	f.mu.Lock()
	status, answer, one := f.perform(r.Method, path, r.URL.Query(), r.Header.Get("If-None-Exist"), body)
	if bundle, ok := answer.(map[string]any); ok && f.pages != "" && r.Method == http.MethodGet && bundle["entry"] != nil {
		f.page(bundle, r.URL)
	}
	f.mu.Unlock()
	if after != nil && after(w, r) {
		return
	}
	h := w.Header()
	h.Set("X-Upstream", "yes")
	if one != nil {
		if r.Method == http.MethodPost && status < 300 {
			location := "http://" + r.Host + "/base/"
			if f.relative {
				location = ""
			}
			location += one.resourceType + "/" + one.id
			if f.versioned {
				location += "/_history/" + one.number
			}
			h.Set("Location", location)
		}
		if !f.bare {
			h.Set("ETag", `W/"`+one.number+`"`)
		}
	}
	switch {
	case r.Method == http.MethodGet || status >= 300:
	case f.minimal && strings.Contains(r.Header.Get("Prefer"), "minimal"), f.bare && path[0] != "":
		answer = nil
	case f.outcomes && path[0] != "":
		answer = map[string]any{"resourceType": "OperationOutcome"}
	}
	if answer == nil {
		w.WriteHeader(status)
		return
	}
	if f.xml && strings.Contains(r.Header.Get("Accept"), "xml") {
		h.Set("Content-Type", "application/fhir+xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Patient/>")
		return
	}
	h.Set("Content-Type", "application/fhir+json")
	text, _ := json.Marshal(answer)
	if f.compressed && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = z.Write(text)
		_ = z.Close()
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// perform is one interaction.
func (f *fake) perform(method string, path []string, query url.Values, ifNoneExist string, raw []byte) (status int, answer any, one *past) {
	var body map[string]any
	_ = json.Unmarshal(raw, &body)
	if method == http.MethodGet {
		f.reads++
		return f.read(path, query)
	}
	if path[0] == "" {
		return f.batch(body)
	}
	id := ""
	if len(path) > 1 {
		id = path[1]
	}
	if state := query.Get("state"); state != "" && method != http.MethodPost {
		found := f.search(path[0], query)
		if len(found) == 0 && method == http.MethodDelete {
			return 200, nil, nil
		}
		if len(found) == 1 {
			id = found[0].id
		}
		if len(found) > 1 && method == http.MethodDelete {
			for _, one := range found[1:] { // one stays
				f.put(method, path[0], one.id, nil)
			}
			return 200, nil, nil
		}
	}
	last := f.newest(path[0], id)
	there := last != nil && last.body != nil
	switch method {
	case http.MethodPost:
		if criteria, _ := url.ParseQuery(ifNoneExist); len(criteria) > 0 {
			if found := f.search(path[0], criteria); len(found) > 0 {
				return 200, found[0].body, found[0]
			}
		}
		one = f.put(method, path[0], fmt.Sprint("new", f.n+1), body)
		if f.makes200 {
			return 200, one.body, one
		}
		return 201, one.body, one
	case http.MethodPut:
		if id == "" {
			id = fmt.Sprint("new", f.n+1)
		}
		if f.keepsSame && there && fmt.Sprint(last.body["multipleBirthInteger"]) == fmt.Sprint(body["multipleBirthInteger"]) {
			return 200, last.body, last
		}
		one = f.put(method, path[0], id, body)
		if !there && !f.updates200 {
			return 201, one.body, one
		}
		return 200, one.body, one
	case http.MethodPatch:
		if !there {
			return 404, nil, nil
		}
		var patch []struct{ Value any }
		_ = json.Unmarshal(raw, &patch)
		next := map[string]any{}
		for k, v := range last.body {
			next[k] = v
		}
		next["multipleBirthInteger"] = patch[0].Value
		one = f.put(method, path[0], id, next)
		return 200, one.body, one
	}
	if !there && !f.deletesTwice {
		return 404, nil, nil
	}
	if there || f.deletesTwice {
		f.put(method, path[0], id, nil)
	}
	return 200, map[string]any{"resourceType": "OperationOutcome"}, nil
}

func (f *fake) search(resourceType string, query url.Values) (found []*past) {
	ids := map[string]bool{}
	for _, one := range f.all {
		if one.resourceType != resourceType || ids[one.id] {
			continue
		}
		ids[one.id] = true
		last := f.newest(resourceType, one.id)
		if last.body == nil || query.Has("state") && fmt.Sprint(last.body["multipleBirthInteger"]) != query.Get("state") {
			continue
		}
		if at, ok := strings.CutPrefix(query.Get("_lastUpdated"), "ge"); ok {
			if since, err := time.Parse(time.RFC3339, at); err == nil && last.at.Before(since) {
				continue
			}
		}
		found = append(found, last)
	}
	return found
}

func (f *fake) read(path []string, query url.Values) (int, any, *past) {
	switch {
	case path[0] == "metadata":
		return 200, map[string]any{"resourceType": "CapabilityStatement", "implementation": map[string]any{"url": "http://upstream"}, "rest": []any{map[string]any{"mode": "server", "security": map[string]any{"cors": true},
			"resource": []any{map[string]any{"type": "Patient"}, map[string]any{"type": "Subscription", "documentation": "theirs"}}}}}, nil
	case path[0] == "_history" && f.system:
		since, _ := time.Parse(time.RFC3339, query.Get("_since"))
		return 200, f.history(func(one *past) bool { return !one.at.Before(since) }), nil
	case len(path) == 1 && path[0] != "_history":
		if f.noSearch && query.Has("_lastUpdated") {
			return 400, nil, nil
		}
		entries := []any{}
		for _, one := range f.search(path[0], query) {
			entries = append(entries, map[string]any{"resource": one.body})
		}
		return 200, map[string]any{"resourceType": "Bundle", "type": "searchset", "entry": entries}, nil
	case len(path) == 3 && path[2] == "_history" && !f.noHistory:
		return 200, f.history(func(one *past) bool { return one.resourceType == path[0] && one.id == path[1] }), nil
	case len(path) == 4 && !f.noHistory:
		for _, one := range f.all {
			if one.number == path[3] && one.body != nil {
				return 200, one.body, one
			}
		}
	case len(path) == 2 && path[1] != "_history":
		switch last := f.newest(path[0], path[1]); {
		case last != nil && last.body != nil:
			return 200, last.body, last
		case last != nil && !f.gone404:
			return 410, nil, nil
		}
	}
	return 404, nil, nil
}

func (f *fake) history(of func(*past) bool) any {
	entries := []any{}
	for _, one := range slices.Backward(f.all) {
		if !of(one) || f.openHistory && one.body == nil {
			continue
		}
		place := one.resourceType + "/" + one.id
		entry := map[string]any{"request": map[string]any{"method": one.method, "url": place}, "response": map[string]any{"status": "200", "lastModified": one.at.Format(time.RFC3339Nano)}}
		if one.body != nil {
			entry["resource"] = one.body
		}
		entries = append(entries, entry)
	}
	return map[string]any{"resourceType": "Bundle", "type": "history", "entry": entries}
}

// page leaves two entries of a Bundle and says where the next are.
func (f *fake) page(bundle map[string]any, at *url.URL) {
	query := at.Query()
	offset, _ := strconv.Atoi(query.Get("_offset"))
	entries := bundle["entry"].([]any)[offset:]
	bundle["entry"] = entries[:min(2, len(entries))]
	if len(entries) > 2 {
		query.Set("_offset", strconv.Itoa(offset+2))
		bundle["link"] = []any{map[string]any{"relation": "next", "url": f.pages + strings.TrimPrefix(at.Path, "/base") + "?" + query.Encode()}}
	}
}

func (f *fake) batch(bundle map[string]any) (int, any, *past) {
	out := []any{}
	failed := false
	count := len(f.all)
	for _, e := range bundle["entry"].([]any) {
		entry := e.(map[string]any)
		request := entry["request"].(map[string]any)
		u, _ := url.Parse(request["url"].(string))
		raw, _ := json.Marshal(entry["resource"])
		condition, _ := request["ifNoneExist"].(string)
		status, answer, one := f.perform(request["method"].(string), strings.Split(strings.Trim(u.Path, "/"), "/"), u.Query(), condition, raw)
		if entry["resource"] != nil && entry["resource"].(map[string]any)["multipleBirthInteger"] == "bad" {
			f.all, status, answer = f.all[:len(f.all)-1], 400, nil
		}
		failed = failed || status >= 400
		response := map[string]any{"status": strconv.Itoa(status) + " said"}
		if one != nil {
			response["location"] = one.resourceType + "/" + one.id
		}
		if f.bare {
			answer = nil
		}
		out = append(out, map[string]any{"response": response, "resource": answer})
	}
	if failed && bundle["type"] == "transaction" && !f.partial {
		f.all = f.all[:count]
		return 400, map[string]any{"resourceType": "OperationOutcome"}, nil
	}
	return 200, map[string]any{"resourceType": "Bundle", "type": bundle["type"].(string) + "-response", "entry": out}, nil
}
