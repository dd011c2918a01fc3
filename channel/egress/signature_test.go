package egress

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
)

func signingKey(t testing.TB, text string) SigningKey {
	key, err := ParseSigningKey(text)
	require.NoError(t, err)
	return key
}

// symmetric is the n-th secret in its text form.
func symmetric(n int) string {
	return "whsec_" + base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("secret number %018d", n)))
}

// asymmetric is the n-th private key in its text form, and the public one.
func asymmetric(n int) (text string, public ed25519.PublicKey) {
	private := ed25519.NewKeyFromSeed([]byte(fmt.Sprintf("seed number %020d", n)))
	return "whsk_" + base64.StdEncoding.EncodeToString(private), private.Public().(ed25519.PublicKey)
}

// TestSignVectors has the example of the specification of Standard Webhooks, and
// what its authors' library makes of the same.
func TestSignVectors(t *testing.T) { // row S9
	const id, secret = "msg_p5jXN8AQM9LWM0D4loKWxJek", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	body := []byte(`{"test": 2432232314}`)
	at := time.Unix(1614265330, 0)
	header := http.Header{}
	require.NoError(t, sign(header, []SigningKey{signingKey(t, secret)}, id, at, body))
	require.Equal(t, http.Header{
		"Webhook-Id": {id}, "Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}, header)
	reference, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	theirs, err := reference.Sign(id, at, body)
	require.NoError(t, err)
	require.Equal(t, theirs, header.Get("Webhook-Signature"))

	text, public := asymmetric(1)
	require.NoError(t, sign(header, []SigningKey{signingKey(t, text), signingKey(t, secret)}, id, at, body))
	first, second, _ := strings.Cut(header.Get("Webhook-Signature"), " ")
	require.Equal(t, theirs, second)
	signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(first, "v1a,"))
	require.NoError(t, err)
	require.True(t, ed25519.Verify(public, []byte(id+".1614265330."+string(body)), signature))
}

func TestParseSigningKey(t *testing.T) {
	encode := base64.StdEncoding.EncodeToString
	text, _ := asymmetric(1)
	for text, scheme := range map[string]string{
		"whsec_" + encode(make([]byte, 24)): "v1", "whsec_" + encode(make([]byte, 64)): "v1",
		"whsk_" + encode(make([]byte, 32)): "v1a", text: "v1a",
	} {
		key := signingKey(t, text)
		for _, verb := range []string{"%v", "%+v", "%#v", "%d", "%x", "%s", "%q"} {
			require.Equal(t, "SigningKey("+scheme+")", fmt.Sprintf(verb, key))
		}
	}
	for _, text := range []string{
		"", "whsec_", "whsk_", canary, encode(make([]byte, 24)), "whsec_" + encode(make([]byte, 23)), "whsec_" + encode(make([]byte, 65)),
		"whsk_" + encode(make([]byte, 33)), "whsk_" + encode(make([]byte, 64)), "whpk_" + encode(make([]byte, 32)), "whsec_*", "WHSEC_" + encode(make([]byte, 24)),
		"whsec_" + encode(make([]byte, 25))[:34], "whsec_" + encode(make([]byte, 24)) + "\n ",
	} {
		key, err := ParseSigningKey(text)
		require.Equal(t, ErrSigningKey, err, "%q", text)
		require.Nil(t, key.sign)
	}
}

// TestSendSigned is row S9: each key changes while a message is tried again and
// again; a receiver with the old or the new one takes each attempt, which has the
// same id and the time of its own.
func TestSendSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []SigningKey
		var request *http.Request
		var content []byte
		network := memnet.New()
		stop := serveMemory(t, network, func(r *http.Request, body []byte) int {
			request, content = r, body
			return http.StatusServiceUnavailable
		})
		c := New(Config{InsecureAllowHTTP: true, Credentials: func(_ context.Context, tenant, host string) (Credentials, error) {
			require.Equal(t, "a/hook.example.com:8080", tenant+"/"+host)
			return Credentials{SigningKeys: keys}, nil
		}})
		c.connect = network.DialContext
		m := message()
		m.ID = "d1b5ef67-9bb1-5b0f-8fd7-9c1a4f6a2f57"
		target := subscription.Target{Tenant: "a", Endpoint: "http://HOOK.example.com:8080/" + canary}
		attempts, timestamps := 0, map[string]bool{}
		for rotation := range 20 { // the receiver follows after five attempts
			oldSecret, newSecret := symmetric(rotation), symmetric(rotation+1)
			oldPrivate, oldPublic := asymmetric(rotation)
			newPrivate, newPublic := asymmetric(rotation + 1)
			keys = []SigningKey{signingKey(t, oldSecret), signingKey(t, newSecret), signingKey(t, oldPrivate), signingKey(t, newPrivate)}
			for range 10 {
				time.Sleep(90 * time.Second)
				require.Equal(t, StatusError(503), c.Send(t.Context(), target, m))
				attempts++
				require.Equal(t, m.Body, content)
				require.Equal(t, m.ID, request.Header.Get("webhook-id"))
				timestamps[request.Header.Get("webhook-timestamp")] = true
				require.Equal(t, strconv.FormatInt(time.Now().Unix(), 10), request.Header.Get("webhook-timestamp"))
				for _, secret := range []string{oldSecret, newSecret} {
					receiver, err := standardwebhooks.NewWebhook(secret)
					require.NoError(t, err)
					require.NoError(t, receiver.Verify(content, request.Header))
				}
				receiver, err := standardwebhooks.NewWebhook(symmetric(rotation + 2))
				require.NoError(t, err)
				require.Error(t, receiver.Verify(content, request.Header), "a key that is no more or not yet")
				signed := m.ID + "." + request.Header.Get("webhook-timestamp") + "." + string(content)
				valid := 0
				for signature := range strings.SplitSeq(request.Header.Get("webhook-signature"), " ") {
					if encoded, ok := strings.CutPrefix(signature, "v1a,"); ok {
						raw, err := base64.StdEncoding.DecodeString(encoded)
						require.NoError(t, err)
						if ed25519.Verify(oldPublic, []byte(signed), raw) || ed25519.Verify(newPublic, []byte(signed), raw) {
							valid++
						}
					}
				}
				require.Equal(t, 2, valid)
			}
		}
		require.Len(t, timestamps, attempts)
		require.GreaterOrEqual(t, attempts, 200)

		m.ID = ""
		require.Equal(t, errUnsigned, c.Send(t.Context(), target, m), "never sent unsigned")
		keys = []SigningKey{{}}
		require.Equal(t, errCredentials, c.Send(t.Context(), target, m))
		keys = nil
		require.Equal(t, StatusError(503), c.Send(t.Context(), target, m))
		require.Empty(t, request.Header.Get("webhook-id"))
		require.NoError(t, c.Close())
		stop()
		t.Logf("S9 attempts=%d rotations=20", attempts)
	})
}
