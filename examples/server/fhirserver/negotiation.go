package fhirserver

import (
	"mime"
	"net/http"
	"strings"
)

// The media types of bodies; all but these are refused.
const (
	fhirContent  = "application/fhir+json"
	patchContent = "application/json-patch+json"
	formContent  = "application/x-www-form-urlencoded"
)

// acceptable refuses a request for any other format than FHIR's JSON. _format goes
// before Accept.
func (s *Server) acceptable(r *http.Request) error {
	if r.URL.Query().Has("_format") {
		// The + of application/fhir+json is often sent bare, and is then a space.
		if !s.isFHIRJSON(strings.ReplaceAll(r.URL.Query().Get("_format"), " ", "+")) {
			return errNotAcceptable
		}
		return nil
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		if s.isFHIRJSON(part) {
			return nil
		}
	}
	return errNotAcceptable
}

var errNotAcceptable = refuse(http.StatusNotAcceptable, "not-supported", "this server speaks application/fhir+json of its own release of FHIR only")

func (s *Server) isFHIRJSON(mediaType string) bool {
	kind, parameters, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return false
	}
	switch kind {
	case fhirContent, "application/json", "text/json", "json", "application/*", "*/*":
	default:
		return false
	}
	version, ok := parameters["fhirversion"]
	return (!ok || version != "" && strings.HasPrefix(s.cfg.Release.Version(), version) && strings.Contains(version, ".")) && parameters["q"] != "0"
}

// contentType returns the kind of a request's body.
func (s *Server) contentType(r *http.Request) (string, error) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return "", refuse(http.StatusUnsupportedMediaType, "not-supported", "the body must not be compressed")
	}
	header := r.Header.Get("Content-Type")
	if header == "" {
		return fhirContent, nil
	}
	kind, parameters, err := mime.ParseMediaType(header)
	charset := strings.ToLower(parameters["charset"])
	switch {
	case err != nil || charset != "" && charset != "utf-8":
	case kind == patchContent || kind == formContent:
		return kind, nil
	case s.isFHIRJSON(header) && !strings.Contains(kind, "*"):
		return fhirContent, nil
	}
	return "", refuse(http.StatusUnsupportedMediaType, "not-supported", "the body must be application/fhir+json of the server's release of FHIR, in UTF-8")
}
