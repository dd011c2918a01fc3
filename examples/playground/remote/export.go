package remote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Export returns the requests that are remembered as an HTTP file (.http), which editors
// and their plug-ins run: each with its answer's status as a comment. The server's
// authorization is a variable without its value. Answers are left out.
func (s *Server) Export() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# What was done in Carillon's playground, oldest first.\n\n@base = %s\n", s.base)
	if s.authorization != "" {
		b.WriteString("# The value of the header Authorization; it is not written to files.\n@authorization = \n")
	}
	for _, e := range s.Exchanges() {
		title := e.Why
		if title == "" {
			title = e.Method + " " + e.Path
		}
		fmt.Fprintf(&b, "\n### %s\n", line(title))
		if e.Status > 0 {
			fmt.Fprintf(&b, "# %s: %d in %d ms\n", e.At.UTC().Format("2006-01-02T15:04:05.000Z"), e.Status, e.Millis)
		} else {
			fmt.Fprintf(&b, "# %s: %s\n", e.At.UTC().Format("2006-01-02T15:04:05.000Z"), line(e.Error))
		}
		fmt.Fprintf(&b, "%s {{base}}/%s\nAccept: application/fhir+json\n", e.Method, line(e.Path))
		if s.authorization != "" {
			b.WriteString("Authorization: {{authorization}}\n")
		}
		if e.Body != "" && e.Request.Headers["Content-Type"] == "" {
			b.WriteString("Content-Type: application/fhir+json\n")
		}
		for _, name := range slices.Sorted(maps.Keys(e.Request.Headers)) {
			fmt.Fprintf(&b, "%s: %s\n", line(name), line(e.Request.Headers[name]))
		}
		if e.Body != "" {
			b.WriteByte('\n')
			if json.Indent(&b, []byte(e.Body), "", "  ") != nil {
				b.WriteString(e.Body)
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// line is text without what would end a line of the file.
func line(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
}
