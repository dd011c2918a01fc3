package clienthost

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// receiptTime is how long a request may take to arrive whole.
const receiptTime = 30 * time.Second

// ServeHTTP takes what servers send to the addresses of endpoints: notifications by
// rest-hook, messages, and what Subscriptions with query criteria get. Where there is no
// endpoint it answers 410 Gone.
func (h *Host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/hooks/")
	key, rest, _ := strings.Cut(path, "/")
	if !ok || key == "" {
		http.NotFound(w, r)
		return
	}
	e, trouble, known := h.attempt(key)
	if !known || e.Channel != RestHook && e.Channel != Message {
		http.Error(w, "there is no such endpoint", http.StatusGone)
		return
	}
	if r.Method != http.MethodPost && r.Method != http.MethodPut {
		w.Header().Set("Allow", "POST, PUT")
		http.Error(w, "an endpoint takes notifications by POST, and resources by PUT", http.StatusMethodNotAllowed)
		return
	}
	// Tests' writers have no deadlines.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(receiptTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	a := Arrival{At: time.Now(), Endpoint: key, Channel: e.Channel, Request: strings.TrimSpace(r.Method + " /" + rest)}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		a.Kind, a.Answer = Unreadable, "413: too large"
		h.arrive(a, nil)
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		return // it did not arrive
	}
	if e.Channel == RestHook && (len(body) == 0 || r.Method == http.MethodPut) {
		a.Kind = Classic
	}
	if e.Channel == Message {
		body = unwrap(body)
	}
	status := trouble.answer(r, &a)
	h.arrive(a, body)
	switch {
	case status == 0:
		panic(http.ErrAbortHandler) // which cuts the connection
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "2")
	}
	w.WriteHeader(status)
}

// answer says what the sender gets: 0 is a connection that is cut.
func (t Trouble) answer(r *http.Request, a *Arrival) (status int) {
	switch t.Kind {
	case Down:
		a.Answer = "no answer: the endpoint is down"
		return 0
	case Reject:
		a.Answer = fmt.Sprintf("refused with %d", t.Status)
		return t.Status
	case Lose:
		a.Answer = "200, but thrown away"
		return http.StatusOK
	case Break:
		a.Taken, a.Answer = true, "taken, but the answer got lost"
		return 0
	case Slow:
		if !t.wait(r.Context()) {
			a.Answer = "the server did not wait for an answer"
			return 0
		}
		a.Taken, a.Answer = true, fmt.Sprintf("200 after %d s", t.Delay)
		return http.StatusOK
	}
	a.Taken, a.Answer = true, "200"
	return http.StatusOK
}
