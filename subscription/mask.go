package subscription

import (
	"encoding/json"
	"net/http"
	"strings"
)

// masked stands for the value of a header wherever a Subscription is read: headers
// carry secrets, and a Subscription is no place to look them up (SEC-03). A client
// that writes back what it has read keeps the values that are stored.
const masked = "***"

// maskLine hides the value of a header.
func maskLine(line string) string {
	name, _, ok := strings.Cut(line, ":")
	if !ok {
		return masked
	}
	return name + ": " + masked
}

// isMasked reports whether a header's value is the mask.
func isMasked(line string) bool {
	_, value, ok := strings.Cut(line, ":")
	return strings.TrimSpace(value) == masked || !ok && line == masked
}

// unmask puts the stored values in the place of masks. found: there were any; ok: there
// is a value for each.
//
// A secret stays with whom it was meant for: where it would go to another endpoint, the
// client has to say it again.
func unmask(s, stored *Subscription) (found, ok bool) {
	used := map[string]int{}
	for i, line := range s.Headers {
		name, _, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		used[name]++
		if !isMasked(line) {
			continue
		}
		value, known := "", false
		if stored != nil && stored.Endpoint == s.Endpoint && stored.ChannelType == s.ChannelType {
			value, known = nthHeader(stored.Headers, name, used[name])
		}
		if !known {
			return true, false
		}
		s.Headers[i], found = value, true
	}
	return found, true
}

func (e *Engine) refuseMask() error {
	return refuse(http.StatusUnprocessableEntity, e.form.element("Subscription.channel.header"), "value",
		"A header has "+masked+" for its value, which can only stand for a value that is stored for the same endpoint and owner")
}

// nthHeader returns the n-th line of a name.
func nthHeader(lines []string, name string, n int) (string, bool) {
	for _, line := range lines {
		if other, _, _ := strings.Cut(line, ":"); strings.ToLower(strings.TrimSpace(other)) == name {
			if n--; n == 0 {
				return line, true
			}
		}
	}
	return "", false
}

func quoteAll(list []string) json.RawMessage {
	out := []byte{'['}
	for i, s := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quote(s)...)
	}
	return append(out, ']')
}
