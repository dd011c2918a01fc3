package subscription

import (
	"mime"
	"strings"
)

// ParsePayload parses the MIME type of Subscription.channel.payload into its type, in
// lower case, and its parameters. It also takes the parameter attach as the standard
// writes it, without the quotes that its slash would need (CH-EML-04):
//
//	text/plain;attach=application/fhir+json
//
// It is for channels, whose Check decides which of them they can send.
func ParsePayload(payload string) (mediaType string, parameters map[string]string, err error) {
	parts := strings.Split(payload, ";")
	for i, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(name), "attach") && !strings.ContainsAny(value, `"\`) {
			parts[i+1] = name + `="` + strings.TrimSpace(value) + `"`
		}
	}
	return mime.ParseMediaType(strings.Join(parts, ";"))
}
