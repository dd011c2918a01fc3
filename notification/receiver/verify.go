package receiver

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Verifier decides whether a request comes from the server, by its headers and its body
// as it arrived. An error means that it does not.
type Verifier func(req *http.Request, body []byte) error

// ErrUnverified is the error of the Verifiers of this package.
var ErrUnverified = errors.New("receiver: the request can't be verified")

// SharedSecret believes requests that have a header of exactly this value, as
// Subscription.channel.header asks the server to send it. Several values serve to change
// it: the new one beside the old.
func SharedSecret(header string, values ...string) Verifier {
	return func(req *http.Request, _ []byte) error {
		given, ok := sha256.Sum256([]byte(req.Header.Get(header))), 0
		for _, value := range values {
			want := sha256.Sum256([]byte(value))
			if value != "" {
				ok |= subtle.ConstantTimeCompare(given[:], want[:])
			}
		}
		if ok == 0 {
			return ErrUnverified
		}
		return nil
	}
}

// signatureAge is how far a signature's time may be from this clock, as Standard Webhooks
// recommends: what is replayed later is not believed.
const signatureAge = 5 * time.Minute

// Signatures believes requests that are signed as Standard Webhooks says, by any of
// the given keys: "whsec_" and the shared secret (scheme v1), or "whpk_" and an ed25519
// public key (scheme v1a), both in base64. A key of another form is an error.
func Signatures(keys ...string) (Verifier, error) {
	var checks []func(content []byte, scheme string, signature []byte) bool
	for _, text := range keys {
		prefix, encoded, _ := strings.Cut(text, "_")
		key, err := base64.StdEncoding.DecodeString(encoded)
		switch {
		case err == nil && prefix == "whsec" && 24 <= len(key) && len(key) <= 64:
			checks = append(checks, func(content []byte, scheme string, signature []byte) bool {
				mac := hmac.New(sha256.New, key)
				mac.Write(content)
				return scheme == "v1" && hmac.Equal(signature, mac.Sum(nil))
			})
		case err == nil && prefix == "whpk" && len(key) == ed25519.PublicKeySize:
			checks = append(checks, func(content []byte, scheme string, signature []byte) bool {
				return scheme == "v1a" && ed25519.Verify(key, content, signature)
			})
		default:
			return nil, errors.New("receiver: want whsec_ and 24 to 64 bytes, or whpk_ and an ed25519 public key, in base64")
		}
	}
	return func(req *http.Request, body []byte) error {
		id, timestamp := req.Header.Get("Webhook-Id"), req.Header.Get("Webhook-Timestamp")
		seconds, err := strconv.ParseInt(timestamp, 10, 64)
		if err != nil || id == "" || time.Since(time.Unix(seconds, 0)).Abs() > signatureAge {
			return ErrUnverified
		}
		content := append([]byte(id+"."+timestamp+"."), body...)
		for one := range strings.FieldsSeq(req.Header.Get("Webhook-Signature")) {
			scheme, encoded, _ := strings.Cut(one, ",")
			signature, err := base64.StdEncoding.DecodeString(encoded)
			for _, check := range checks {
				if err == nil && check(content, scheme, signature) {
					return nil
				}
			}
		}
		return ErrUnverified
	}, nil
}
