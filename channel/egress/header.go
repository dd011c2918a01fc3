package egress

import (
	"net/http"
	"net/textproto"
	"strings"
)

// Limits of a Subscription's headers. Servers refuse requests whose headers are
// larger than 8 to 16 KiB.
const (
	maxHeaders     = 32
	maxHeadersSize = 8 << 10
)

// reserved are headers that say how the request is framed and carried, which hop
// reads them, what the engine itself has to say, and that a POST is something else.
var reserved = map[string]bool{
	"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Keep-Alive": true,
	"Te": true, "Trailer": true, "Trailers": true, "Upgrade": true, "Expect": true, "Http2-Settings": true,
	"Content-Type": true, "Content-Encoding": true, "Accept-Encoding": true,
	"X-Http-Method-Override": true, "X-Http-Method": true, "X-Method-Override": true,
}

var reservedPrefixes = []string{"Proxy-", "Webhook-", "Sec-Websocket-"}

// addHeaders adds the values of Subscription.channel.header, "Name: value" each
// (CH-REST-03, CH-REST-09), to h. It returns the index of the first that is
// refused and why, or -1. authorized means that the host gives the Authorization.
func addHeaders(h http.Header, headers []string, s secrets, authorized bool) (index int, problem string) {
	size := 0
	values := make([]string, 0, min(len(headers), maxHeaders)) // one array for all
	replaced := false                                          // the default User-Agent
	for i, line := range headers {
		name, value, problem := splitHeader(line)
		if problem == "" {
			value, problem = s.resolve(value)
		}
		if problem != "" {
			return i, problem
		}
		if size += len(name) + len(value); i >= maxHeaders || size > maxHeadersSize {
			return i, "want at most 32 headers of 8192 bytes in all"
		}
		switch {
		case name == "Authorization" && authorized:
			return i, "the server authorizes itself to this endpoint with OAuth"
		case name == "User-Agent" && !replaced:
			replaced = true
			delete(h, name)
		}
		values = append(values, value)
		if at := len(values) - 1; h[name] == nil {
			h[name] = values[at:len(values):len(values)]
		} else {
			h[name] = append(h[name], value)
		}
	}
	return -1, ""
}

// splitHeader returns the canonical name and the value.
func splitHeader(line string) (name, value, problem string) {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return "", "", "want Name: value"
	}
	name, value = strings.Trim(name, " "), strings.Trim(value, " ")
	if !isToken(name) {
		return "", "", "want a name of letters, digits and hyphens"
	}
	if value == "" || !isText(value) {
		return "", "", "want a value of visible ASCII characters"
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	if reserved[name] {
		return "", "", "this header is not the Subscription's to set"
	}
	for _, prefix := range reservedPrefixes {
		if strings.HasPrefix(name, prefix) {
			return "", "", "this header is not the Subscription's to set"
		}
	}
	return name, value, ""
}

// isToken is RFC 9110's token.
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isText reports whether s is ASCII without control characters.
func isText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
