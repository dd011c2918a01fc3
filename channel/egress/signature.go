package egress

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SigningKey signs requests as Standard Webhooks does, so that an endpoint can tell
// them from others': the headers Webhook-Id, the same for each attempt to send the
// same events, Webhook-Timestamp and Webhook-Signature. Make one with
// ParseSigningKey. It prints as its scheme only.
type SigningKey struct {
	scheme string // of the signature: v1 or v1a
	sign   func(content []byte) []byte
}

// ErrSigningKey says that a text is no signing key.
var ErrSigningKey = errors.New("egress: want whsec_ and 24 to 64 bytes, or whsk_ and an ed25519 private key, in base64")

// ParseSigningKey reads a key in the form of Standard Webhooks: "whsec_" and a
// secret of 24 to 64 bytes for HMAC-SHA256 (scheme v1), or "whsk_" and an ed25519
// private key or its seed (scheme v1a), both in base64. The error is ErrSigningKey.
func ParseSigningKey(text string) (SigningKey, error) {
	prefix, encoded, _ := strings.Cut(text, "_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return SigningKey{}, ErrSigningKey
	}
	switch {
	case prefix == "whsec" && 24 <= len(key) && len(key) <= 64:
		return SigningKey{"v1", func(content []byte) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write(content)
			return mac.Sum(nil)
		}}, nil
	case prefix == "whsk" && len(key) == ed25519.SeedSize:
		key = ed25519.NewKeyFromSeed(key)
	case prefix == "whsk" && len(key) == ed25519.PrivateKeySize:
		if whole := ed25519.NewKeyFromSeed(key[:ed25519.SeedSize]); !whole.Equal(ed25519.PrivateKey(key)) {
			return SigningKey{}, ErrSigningKey
		}
	default:
		return SigningKey{}, ErrSigningKey
	}
	return SigningKey{"v1a", func(content []byte) []byte { return ed25519.Sign(key, content) }}, nil
}

// Format prints the scheme, whatever the verb.
func (k SigningKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "SigningKey("+k.scheme+")") }

// sign adds the headers that say who sent what and when. The identity is of our own
// making and says nothing of the content.
func sign(header http.Header, keys []SigningKey, id string, now time.Time, body []byte) error {
	if len(keys) == 0 {
		return nil
	}
	if !isMessageID(id) {
		return errUnsigned
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	content := make([]byte, 0, len(id)+len(timestamp)+len(body)+2)
	content = append(append(content, id...), '.')
	content = append(append(content, timestamp...), '.')
	content = append(content, body...)
	var signatures []byte
	for i, key := range keys {
		if i > 0 {
			signatures = append(signatures, ' ')
		}
		signatures = append(append(signatures, key.scheme...), ',')
		signatures = base64.StdEncoding.AppendEncode(signatures, key.sign(content))
	}
	header["Webhook-Id"] = []string{id}
	header["Webhook-Timestamp"] = []string{timestamp}
	header["Webhook-Signature"] = []string{string(signatures)}
	return nil
}

// isMessageID reports whether id is there and can't be taken for more than itself:
// dots divide what is signed.
func isMessageID(id string) bool {
	for i := range len(id) {
		if c := id[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 256
}
