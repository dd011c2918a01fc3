package subscription

import (
	"encoding/json"
	"net/http"
	"strings"
)

// masked stands for the value of a header wherever a Subscription is read: headers
// carry secrets, and a Subscription is no place to look them up (spec.md SEC-03). A client
// that writes back what it has read keeps the values that are stored.
const masked = "***"

// mask hides the values of a resource's headers.
func mask(resource object) {
	channel := members(parsed(resource["channel"]))
	if len(channel["header"]) == 0 {
		return
	}
	var lines []string
	for line := range parsed(channel["header"]).Elements() {
		if name, _, ok := strings.Cut(line.Text(), ":"); ok {
			lines = append(lines, name+": "+masked)
		} else {
			lines = append(lines, masked)
		}
	}
	channel["header"] = quoteAll(lines)
	resource["channel"] = channel.raw()
}

// isMasked reports whether a header's value is the mask.
func isMasked(line string) bool {
	_, value, ok := strings.Cut(line, ":")
	return strings.TrimSpace(value) == masked || !ok && line == masked
}

// unmask puts the stored values in the place of masks. It reports whether there were
// any.
//
// A secret stays with whom it was meant for: where it would go to another endpoint, the
// client has to say it again.
func unmask(s, stored *Subscription) (found bool, err error) {
	used := map[string]int{}
	for i, line := range s.Headers {
		name, _, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		used[name]++
		if !isMasked(line) {
			continue
		}
		value, ok := "", false
		if stored != nil && stored.Endpoint == s.Endpoint && stored.ChannelType == s.ChannelType {
			value, ok = nthHeader(stored.Headers, name, used[name])
		}
		if !ok {
			return true, refuseMask()
		}
		s.Headers[i], found = value, true
	}
	return found, nil
}

func refuseMask() error {
	return refuse(http.StatusUnprocessableEntity, "Subscription.channel.header", "value",
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
