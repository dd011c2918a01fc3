package email

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// answers keeps what it is told.
type answers struct {
	told []string
	err  error
}

func (a *answers) Confirm(_ context.Context, token string) error { return a.tell("confirm " + token) }
func (a *answers) Decline(_ context.Context, token string) error { return a.tell("decline " + token) }
func (a *answers) tell(what string) error                        { a.told = append(a.told, what); return a.err }

func TestPage(t *testing.T) {
	const token = "ABCDEF234567.bm9ydGg"
	for _, c := range []struct {
		method, query, form string
		fails               error
		status              int
		told, text          string
	}{
		{"GET", "token=" + token, "", nil, 200, "", textQuestion},
		{"HEAD", "token=" + token, "", nil, 200, "", textQuestion},
		{"GET", "", "", nil, 400, "", textInvalid},
		{"GET", "token=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E", "", nil, 400, "", textInvalid},
		{"GET", "token=" + token + "&answer=yes", "", nil, 200, "", textQuestion},
		{"POST", "", "token=" + token + "&answer=yes", nil, 200, "confirm " + token, textConfirmed},
		{"POST", "token=" + token, "token=" + token + "&answer=no", nil, 200, "decline " + token, textDeclined},
		{"POST", "token=" + token + "&answer=yes", "", nil, 400, "", textInvalid},
		{"POST", "", "token=" + token, nil, 400, "", textInvalid},
		{"POST", "", "token=" + token + "&answer=maybe", nil, 400, "", textInvalid},
		{"POST", "", "token=a%0d%0ab&answer=yes", nil, 400, "", textInvalid},
		{"POST", "", "answer=yes&token=" + strings.Repeat("a", 5000), nil, 400, "", textInvalid},
		{"POST", "", "token=" + token + "&answer=yes", subscription.ErrNotFound, 404, "confirm " + token, "no longer good"},
		{"POST", "", "token=" + token + "&answer=yes", errors.New("disk of " + token), 503, "confirm " + token, "try again"},
		{"PUT", "token=" + token, "", nil, 405, "", textInvalid},
		{"DELETE", "token=" + token, "", nil, 405, "", textInvalid},
	} {
		a := &answers{err: c.fails}
		r := httptest.NewRequest(c.method, "/confirm?"+c.query, strings.NewReader(c.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		Handler(a).ServeHTTP(w, r)
		require.Equal(t, c.status, w.Code, "%s %s %s", c.method, c.query, c.form)
		require.Equal(t, c.told, strings.Join(a.told, ";"))
		body := w.Body.String()
		require.Contains(t, body, c.text)
		require.NotContains(t, body, "<script")
		require.NotContains(t, body, "disk")
		require.Equal(t, c.status == 200 && c.method != "POST", strings.Contains(body, token), "only the question has it")
		h := w.Header()
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		require.Equal(t, "DENY", h.Get("X-Frame-Options"))
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'")
		for name, values := range h {
			require.NotContains(t, strings.Join(values, " "), token, name)
		}
	}
}

// press follows the link of a mail and presses one of the buttons, as a browser does.
func press(t *testing.T, handler http.Handler, link, answer string) int {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, link, nil))
	require.Equal(t, http.StatusOK, w.Code)
	_, rest, ok := strings.Cut(w.Body.String(), `name="token" value="`)
	require.True(t, ok)
	token, _, _ := strings.Cut(rest, `"`)
	u, err := url.Parse(link)
	require.NoError(t, err)
	require.Equal(t, u.Query().Get("token"), token)
	r := httptest.NewRequest(http.MethodPost, "/confirm", strings.NewReader(url.Values{"token": {token}, "answer": {answer}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	_, err = io.Copy(io.Discard, w.Body)
	require.NoError(t, err)
	return w.Code
}
