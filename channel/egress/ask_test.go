package egress

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// TestAsk: an answer is understood if it is a success and came whole, and only then.
func TestAsk(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/a\r\n"
	long := strings.Repeat("x", maxResponseBytes)
	no := errors.New("no")
	for name, c := range map[string]struct {
		answer string
		asked  string // what understand gets; "-" is not called
		want   error
	}{
		"body":              {head + "Content-Length: 2\r\n\r\n{}", "200 text/a {}", no},
		"no body":           {"HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n", "202  ", no},
		"chunks":            {head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", "200 text/a {}", no},
		"as long as can be": {head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(long), long), "200 text/a " + long, no},
		"longer":            {head + fmt.Sprintf("Content-Length: %d\r\n\r\n%sx", len(long)+1, long), "-", errOther},
		"endless":           {head + "\r\n" + strings.Repeat(long, 100), "-", errOther},
		"cut off":           {head + "Content-Length: 10\r\n\r\n{}", "-", errClosed},
		"cut off in chunks": {head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{}", "-", errClosed},
		"failure":           {"HTTP/1.1 500 X\r\nContent-Length: 2\r\n\r\n{}", "-", StatusError(500)},
		"refusal":           {"HTTP/1.1 404 X\r\nContent-Length: 2\r\n\r\n{}", "-", subscription.Permanent(StatusError(404))},
		"gone":              {"HTTP/1.1 410 X\r\nContent-Length: 2\r\n\r\n{}", "-", subscription.Gone(StatusError(410))},
	} {
		t.Run(name, func(t *testing.T) {
			var accept string
			s := serve(t, func(r *http.Request, _ []byte, w io.Writer) bool {
				accept = strings.Join(r.Header["Accept"], ", ")
				_, _ = io.WriteString(w, c.answer)
				return false
			})
			asked := "-"
			err := local(t).Ask(t.Context(), subscription.Target{Endpoint: s.url}, message(), func(a Answer) error {
				asked = fmt.Sprintf("%d %s %s", a.Status, a.ContentType, a.Body)
				return no
			})
			require.Equal(t, c.want, err)
			require.Equal(t, c.asked, asked)
			require.Equal(t, "application/fhir+json", accept)

			err = local(t).Ask(t.Context(), subscription.Target{Endpoint: s.url, Headers: []string{"Accept: text/b"}}, message(), func(Answer) error { return nil })
			require.Equal(t, c.want == no, err == nil)
			require.Equal(t, "text/b", accept)
		})
	}
}
