package subscription

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// read serves a read, conditional by If-None-Match.
func (h *handler) read(r *http.Request, id string) (answer, error) {
	var shown shape
	for name, values := range r.URL.Query() {
		for _, value := range values {
			switch name {
			case "_format", "_pretty":
			case "_summary", "_elements":
				if err := shown.read(h.engine.form, name, value); err != nil {
					return answer{}, err
				}
			default:
				return answer{}, refuseParameter(name, "it is not known here")
			}
		}
	}
	if shown.summary == "count" {
		return answer{}, refuseParameter("_summary", "count is for searches")
	}
	s, err := h.engine.Get(r.Context(), h.tenant(r), id)
	if err != nil {
		return answer{}, err
	}
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == "*" || tag == `"`+s.VersionID+`"` {
			return answer{status: http.StatusNotModified, stored: &s}, nil
		}
	}
	s.Resource = shown.show(h.engine.form, s.Resource)
	return answer{status: http.StatusOK, stored: &s}, nil
}

// vread serves the current version, which is the only one that is kept.
func (h *handler) vread(r *http.Request, id, version string) (answer, error) {
	if r.Method != http.MethodGet {
		return answer{}, notAllowed("GET, HEAD")
	}
	s, err := h.engine.Get(r.Context(), h.tenant(r), id)
	if err == nil && s.VersionID != version {
		if n, wrong := strconv.ParseInt(version, 10, 64); wrong == nil && n > 0 && strconv.FormatInt(n, 10) == version && n < s.revision {
			err = refuse(http.StatusNotFound, "", "not-supported", "Only the current version of a Subscription is kept")
		} else {
			err = refuse(http.StatusNotFound, "", "not-found", "There is no such version")
		}
	}
	return answer{status: http.StatusOK, stored: &s}, err
}

// history serves the history of one Subscription: its current version.
func (h *handler) history(r *http.Request, id string) (answer, error) {
	if r.Method != http.MethodGet {
		return answer{}, notAllowed("GET, HEAD")
	}
	since, count, err := historyParameters(r)
	if err != nil {
		return answer{}, err
	}
	s, err := h.engine.Get(r.Context(), h.tenant(r), id)
	if err != nil {
		return answer{}, err
	}
	type request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	}
	type response struct {
		Status       string `json:"status"`
		ETag         string `json:"etag"`
		LastModified string `json:"lastModified"`
	}
	type entry struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
		Request  request         `json:"request"`
		Response response        `json:"response"`
	}
	var entries []entry
	total := 0
	if !s.LastUpdated.Before(since) {
		total = 1
	}
	if total > 0 && count > 0 {
		status := "200"
		if s.VersionID == "1" {
			status = "201"
		}
		entries = append(entries, entry{h.engine.location("Subscription", id), s.Resource, request{"PUT", "Subscription/" + id},
			response{status, `W/"` + s.VersionID + `"`, s.LastUpdated.UTC().Format("2006-01-02T15:04:05.000Z")}})
	}
	raw, _ := json.Marshal(struct { // strings and valid JSON only: can't fail
		ResourceType string              `json:"resourceType"`
		ID           string              `json:"id"`
		Type         string              `json:"type"`
		Timestamp    string              `json:"timestamp"`
		Total        int                 `json:"total"`
		Link         []map[string]string `json:"link"`
		Entry        []entry             `json:"entry,omitempty"`
	}{"Bundle", newID(), "history", time.Now().UTC().Format(time.RFC3339), total,
		[]map[string]string{{"relation": "self", "url": h.engine.location("Subscription", id, "_history")}}, entries})
	return answer{status: http.StatusOK, body: raw}, nil
}

func historyParameters(r *http.Request) (since time.Time, count int, err error) {
	count = 1
	for name, values := range r.URL.Query() {
		switch {
		case slices.Contains([]string{"_format", "_pretty"}, name):
		case name == "_since" && len(values) == 1:
			if since, err = time.Parse(time.RFC3339Nano, values[0]); err != nil {
				return since, 0, refuseParameter(name, "an instant is needed")
			}
		case name == "_count" && len(values) == 1:
			if count, err = strconv.Atoi(values[0]); err != nil || count < 0 {
				return since, 0, refuseParameter(name, "a number is needed")
			}
		default:
			return since, 0, refuseParameter(name, "it is not known here, or given too often")
		}
	}
	return since, count, nil
}
