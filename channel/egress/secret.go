package egress

import (
	"context"
	"strings"
)

// A header's value refers to a secret by this form; what is between is its name, of
// at most 128 letters, digits and the characters . _ - and /.
const (
	secretOpens  = "${secret:"
	secretCloses = "}"
)

// secrets puts the values of secrets in the places of references to them. Its
// problem is Check's: what is wrong with the header, or with the secret.
type secrets struct {
	ctx          context.Context
	sender       *Sender
	tenant, host string
}

func (s secrets) resolve(value string) (resolved, problem string) {
	before, rest, found := strings.Cut(value, secretOpens)
	if !found {
		return value, ""
	}
	var b strings.Builder
	for found {
		b.WriteString(before)
		name, after, closed := strings.Cut(rest, secretCloses)
		if !closed || !isSecretName(name) {
			return "", "want ${secret:NAME}, NAME of letters, digits, dots, slashes, underscores and hyphens"
		}
		if s.sender.config.Secrets == nil {
			return "", "refers to a secret, and there are none"
		}
		secret, err := s.sender.config.Secrets(s.ctx, s.tenant, s.host, name)
		if err != nil {
			return "", "refers to a secret that is not available for this endpoint"
		}
		if secret == "" || !isText(secret) {
			return "", "refers to a secret that is no header value"
		}
		b.WriteString(secret)
		before, rest, found = strings.Cut(after, secretOpens)
	}
	b.WriteString(before)
	return b.String(), ""
}

func isSecretName(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && strings.IndexByte("._-/", c) < 0 {
			return false
		}
	}
	return name != "" && len(name) <= 128
}
