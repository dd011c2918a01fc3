package receiver_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification/receiver"
)

// What the reference library of Standard Webhooks signs is believed, and nothing else.
// spec: SEC-06
func TestSignaturesBelieveWhatStandardWebhooksSigns(t *testing.T) {
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	other := "whsec_" + base64.StdEncoding.EncodeToString([]byte("fedcba9876543210fedcba9876543210"))
	signer, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	body := []byte(`{"resourceType":"Bundle"}`)
	now := time.Now()
	signature, err := signer.Sign("m-1", now, body)
	require.NoError(t, err)
	both, err := receiver.Signatures(other, secret)
	require.NoError(t, err)
	wrong, err := receiver.Signatures(other)
	require.NoError(t, err)

	request := func(edit func(http.Header)) *http.Request {
		h := http.Header{}
		h.Set("Webhook-Id", "m-1")
		h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
		h.Set("Webhook-Signature", signature)
		edit(h)
		return &http.Request{Header: h}
	}
	same := func(http.Header) {}
	require.NoError(t, both(request(same), body))
	require.NoError(t, both(request(func(h http.Header) { h.Set("Webhook-Signature", "v1,AAAA v2,x "+signature) }), body))
	require.ErrorIs(t, wrong(request(same), body), receiver.ErrUnverified)
	for name, edit := range map[string]func(http.Header){
		"another id":        func(h http.Header) { h.Set("Webhook-Id", "m-2") },
		"no id":             func(h http.Header) { h.Del("Webhook-Id") },
		"another time":      func(h http.Header) { h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix()+1, 10)) },
		"no time":           func(h http.Header) { h.Del("Webhook-Timestamp") },
		"no signature":      func(h http.Header) { h.Del("Webhook-Signature") },
		"another scheme":    func(h http.Header) { h.Set("Webhook-Signature", "v1a"+signature[2:]) },
		"not base64":        func(h http.Header) { h.Set("Webhook-Signature", "v1,***") },
		"an empty one":      func(h http.Header) { h.Set("Webhook-Signature", "v1,") },
		"without a divider": func(h http.Header) { h.Set("Webhook-Signature", "v1") },
	} {
		require.ErrorIs(t, both(request(edit), body), receiver.ErrUnverified, name)
	}
	require.ErrorIs(t, both(request(same), []byte(`{"resourceType":"Bundle" }`)), receiver.ErrUnverified)

	for _, age := range []time.Duration{-time.Hour, time.Hour} { // replayed, or a clock far off
		at := now.Add(age)
		signature, err := signer.Sign("m-1", at, body)
		require.NoError(t, err)
		require.ErrorIs(t, both(request(func(h http.Header) {
			h.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
			h.Set("Webhook-Signature", signature)
		}), body), receiver.ErrUnverified)
	}
}

func TestSignaturesByPublicKey(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	verify, err := receiver.Signatures("whpk_" + base64.StdEncoding.EncodeToString(public))
	require.NoError(t, err)
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	signature := ed25519.Sign(private, []byte("m-1."+timestamp+".body"))
	req := &http.Request{Header: http.Header{
		"Webhook-Id": {"m-1"}, "Webhook-Timestamp": {timestamp},
		"Webhook-Signature": {"v1a," + base64.StdEncoding.EncodeToString(signature)},
	}}
	require.NoError(t, verify(req, []byte("body")))
	require.ErrorIs(t, verify(req, []byte("bodY")), receiver.ErrUnverified)
}

func TestSignaturesRefuseOtherKeys(t *testing.T) {
	for _, key := range []string{"", "whsec_", "whsec_AAAA", "whsk_AAAA", "whpk_AAAA", "secret", "whsec_***"} {
		_, err := receiver.Signatures(key)
		require.Error(t, err, key)
	}
}

// An empty value would be what a request without the header has.
func TestSharedSecretIsNeverEmpty(t *testing.T) {
	require.ErrorIs(t, receiver.SharedSecret("X-Secret", "")(&http.Request{}, nil), receiver.ErrUnverified)
}
