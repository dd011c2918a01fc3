package subscription

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

func ifMatch(r *http.Request) (string, error) {
	tag := r.Header.Get("If-Match")
	if tag == "" {
		return "", nil
	}
	version, weak := strings.CutPrefix(tag, `W/"`)
	if version, ok := strings.CutSuffix(version, `"`); weak && ok && version != "" {
		return version, nil
	}
	return "", refuse(http.StatusBadRequest, "", "invalid", `If-Match must be a version, such as W/"3"`)
}

func (h *handler) query(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err == nil && r.Method == http.MethodPost {
		var raw []byte
		if raw, err = io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20)); err == nil {
			var form url.Values
			form, err = url.ParseQuery(string(raw))
			for name, values := range form {
				query[name] = append(query[name], values...)
			}
		}
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "invalid", "The parameters can't be read")
	}
	return query, nil
}

func (h *handler) body(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" &&
		(err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json")) {
		return nil, refuse(http.StatusUnsupportedMediaType, "", "not-supported", "The body must be application/fhir+json")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(h.engine.cfg.MaxBytes)))
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "", "too-long", "The body is too large")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "", "incomplete", "The body did not arrive whole")
	}
	return raw, nil
}

func acceptsJSON(r *http.Request) bool {
	wanted := r.URL.Query().Get("_format")
	if wanted == "" {
		wanted = strings.Join(r.Header.Values("Accept"), ",")
	}
	return wanted == "" || strings.Contains(wanted, "json") || strings.Contains(wanted, "*/*") || strings.Contains(wanted, "application/*")
}
