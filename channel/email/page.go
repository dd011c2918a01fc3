package email

import (
	"context"
	"errors"
	"html/template"
	"net/http"

	"github.com/carillon-fhir/carillon/subscription"
)

// Answers is who is told what a receiver says: a *subscription.Engine.
type Answers interface {
	// Confirm makes the Subscription active; subscription.ErrNotFound: the token is unknown,
	// was used, or has run out.
	Confirm(ctx context.Context, token string) error
	// Decline turns it off; its errors are those of Confirm.
	Decline(ctx context.Context, token string) error
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>Notifications</title></head><body>
<h1>Notifications</h1>
<p>{{.Text}}</p>
{{if .Token}}<form method="post"><input type="hidden" name="token" value="{{.Token}}">
<p><button name="answer" value="yes">Yes, send them to me</button></p>
<p><button name="answer" value="no">No, I did not ask for them</button></p>
</form>
{{end}}</body></html>
`))

const (
	textQuestion  = "Somebody asked for notifications to be sent to you by mail. Do you want them?"
	textConfirmed = "Thank you. Notifications are sent to you from now on."
	textDeclined  = "Thank you. Nothing more will be sent to you."
	textUnknown   = "This link is no longer good: it was used, is too old, or what it asked about has changed."
	textLater     = "This did not work. Please try again in a while."
	textInvalid   = "This is no link of a mail that we sent."
)

// Handler is the page of Config.ConfirmationURL, at whatever path it is mounted, on any
// node. Following the link of a mail only shows the question, since programs that look
// for harmful mail follow links, too: the answer is a POST. It logs nothing, and lets
// the browser tell nobody the token.
func Handler(to Answers) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			token := r.URL.Query().Get("token")
			if !isToken(token) {
				show(w, http.StatusBadRequest, textInvalid, "")
				return
			}
			show(w, http.StatusOK, textQuestion, token)
		case http.MethodPost:
			status, text := answer(to, w, r)
			show(w, status, text, "")
		default:
			h.Set("Allow", "GET, HEAD, POST")
			show(w, http.StatusMethodNotAllowed, textInvalid, "")
		}
	})
}

// answer does what the receiver says.
func answer(to Answers, w http.ResponseWriter, r *http.Request) (status int, text string) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	token := r.PostFormValue("token")
	if !isToken(token) {
		return http.StatusBadRequest, textInvalid
	}
	say, text := to.Confirm, textConfirmed
	switch r.PostFormValue("answer") {
	case "yes":
	case "no":
		say, text = to.Decline, textDeclined
	default:
		return http.StatusBadRequest, textInvalid
	}
	switch err := say(r.Context(), token); {
	case errors.Is(err, subscription.ErrNotFound):
		return http.StatusNotFound, textUnknown
	case err != nil:
		return http.StatusServiceUnavailable, textLater
	}
	return http.StatusOK, text
}

func show(w http.ResponseWriter, status int, text, token string) {
	w.WriteHeader(status)
	_ = page.Execute(w, struct{ Text, Token string }{text, token}) // a client that is gone
}

// isToken reports whether this may be one of the engine's tokens.
func isToken(token string) bool {
	if token == "" || len(token) > 1<<10 {
		return false
	}
	for i := range len(token) {
		if c := token[i]; !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
