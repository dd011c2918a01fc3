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

// ifMatch returns the version that the client demands, "" if none.
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

// query returns a request's parameters, of the URL and, by POST, of a form.
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

// body reads a JSON body of at most Config.MaxBytes.
func (h *handler) body(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	if contentType := r.Header.Get("Content-Type"); contentType != "" && !h.engine.isJSON(contentType) {
		return nil, refuse(http.StatusUnsupportedMediaType, "", "not-supported", "The body must be application/fhir+json of this release, in UTF-8")
	}
	return h.rawBody(w, r)
}

// rawBody reads a body of at most Config.MaxBytes.
func (h *handler) rawBody(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, refuse(http.StatusUnsupportedMediaType, "", "not-supported", "The body must not be encoded")
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

// acceptsJSON obeys _format, else Accept.
func (e *Engine) acceptsJSON(r *http.Request) bool {
	if format := r.URL.Query().Get("_format"); format != "" {
		return format == "json" || e.isJSON(strings.ReplaceAll(format, " ", "+")) // an unescaped + reads as a space
	}
	accepted := strings.Join(r.Header.Values("Accept"), ",")
	if accepted == "" {
		return true
	}
	for one := range strings.SplitSeq(accepted, ",") {
		mediaType, params, err := mime.ParseMediaType(one)
		if err != nil || params["q"] != "" && strings.Trim(params["q"], "0.") == "" { // q=0: not this one
			continue
		}
		delete(params, "q")
		if mediaType == "*/*" || mediaType == "application/*" || e.isJSON(mime.FormatMediaType(mediaType, params)) {
			return true
		}
	}
	return false
}

// isJSON reports whether a media type is FHIR's JSON of the release served here.
func (e *Engine) isJSON(contentType string) bool {
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || mediaType != "application/fhir+json" && mediaType != "application/json" {
		return false
	}
	version, charset := params["fhirversion"], strings.ToLower(params["charset"])
	return (version == "" || isVersion(version, e.cfg.Release)) && (charset == "" || charset == "utf-8")
}

// isPatch reports whether a media type is that of JSON Patch.
func isPatch(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/json-patch+json"
}

// preconditions refuses those that are not obeyed: to ignore one could overwrite what
// the client wanted to keep.
func preconditions(r *http.Request) error {
	for header, methods := range map[string]string{
		"If-Match": "GET POST", "If-None-Match": "PUT POST PATCH DELETE", "If-None-Exist": "GET PUT PATCH DELETE",
		"If-Unmodified-Since": "GET PUT POST PATCH DELETE",
	} {
		if r.Header.Get(header) != "" && strings.Contains(methods, r.Method) {
			return refuse(http.StatusBadRequest, "", "not-supported", header+" is not supported here")
		}
	}
	return nil
}

// lenient reports whether a client wants search parameters that are not known to be ignored;
// the self link then shows which were not. Else they are refused.
func lenient(r *http.Request) bool {
	for _, header := range r.Header.Values("Prefer") {
		for preference := range strings.FieldsFuncSeq(header, func(r rune) bool { return r == ',' || r == ';' }) {
			if strings.TrimSpace(preference) == "handling=lenient" {
				return true
			}
		}
	}
	return false
}
