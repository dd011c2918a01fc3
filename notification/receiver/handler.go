package receiver

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/carillon-fhir/carillon/notification"
)

// ServeHTTP takes the notifications of a rest-hook (CH-REST-01): a POST with a
// Bundle in JSON. Its answers:
//
//	200  every event in it has been handled
//	400  the body is no notification, or did not arrive whole
//	401  Config.Verify refuses it
//	404  its subscription is not expected
//	405, 413, 415  it is no POST, larger than Config.MaxBytes, or not JSON
//	500  Handle or Positions failed: the server should send it again
//	503  events before it could not be fetched yet: the same
//
// The body says nothing more.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	status := r.serve(w, req)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	w.WriteHeader(status)
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) int {
	if req.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	if !isJSON(req.Header.Get("Content-Type")) || req.Header.Get("Content-Encoding") != "" {
		return http.StatusUnsupportedMediaType
	}
	// A sender that drips must not hold what others need. Writers in tests have no deadline.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(r.cfg.Timeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, int64(r.cfg.MaxBytes)))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	if r.cfg.Verify != nil && r.cfg.Verify(req, body) != nil {
		return http.StatusUnauthorized
	}
	list, err := notification.ParseAll(body)
	if err != nil {
		return http.StatusBadRequest
	}
	for _, n := range list { // one, from servers that follow the standard (BND-17)
		err := r.Receive(req.Context(), n)
		switch {
		case errors.Is(err, ErrUnexpected):
			return http.StatusNotFound
		case errors.Is(err, ErrWaiting):
			return http.StatusServiceUnavailable
		case err != nil:
			return http.StatusInternalServerError
		}
	}
	return http.StatusOK
}

// isJSON is liberal: servers send application/json, text/json and parameters of all
// kinds. A media type that is missing is taken for JSON.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == "application/fhir+json" || mediaType == "application/json" || mediaType == "text/json")
}
