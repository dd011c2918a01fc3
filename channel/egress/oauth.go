package egress

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// OAuth gets access tokens by the grant client_credentials (RFC 6749, 4.4). With
// a Key it is a client of SMART Backend Services. It prints as nothing of itself.
type OAuth struct {
	// TokenURL is the token endpoint. It is dialled under the same guard as the
	// endpoints of Subscriptions.
	TokenURL string
	// ClientID is what the token server knows the client by. Required, as is TokenURL.
	ClientID string
	// Secret proves who the client is (client_secret_basic), or else Key.
	Secret string
	Key    *ClientKey // private_key_jwt
	Scope  string     // "system/Observation.r", say; "" leaves it to the server
}

// Format prints no field, whatever the verb.
func (OAuth) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "OAuth") }

func (o *OAuth) usable() bool {
	return o.TokenURL != "" && o.ClientID != "" && (o.Secret != "") != (o.Key != nil) && (o.Key == nil || o.Key.signer != nil)
}

// ClientKey is the private key with which a client of SMART Backend Services signs
// that it asks for a token. Make one with ParseClientKey. It prints as nothing of
// itself and may be used by several goroutines at once.
type ClientKey struct {
	signer jose.Signer
}

// ErrClientKey says that a text is no key for SMART Backend Services.
var ErrClientKey = errors.New("egress: want the JWK of a private key with kid, RSA of 2048 bits at least (RS384) or P-384 (ES384)")

// ParseClientKey reads a private JSON Web Key whose public half the token server
// knows by its kid. An RSA key signs by RS384, a key on the curve P-384 by ES384, the
// two algorithms that SMART App Launch 2, "Client Authentication: Asymmetric", has
// every server support. The error is ErrClientKey.
func ParseClientKey(jwk []byte) (*ClientKey, error) {
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(jwk); err != nil || key.KeyID == "" || key.Use != "" && key.Use != "sig" {
		return nil, ErrClientKey
	}
	var algorithm jose.SignatureAlgorithm
	switch private := key.Key.(type) {
	case *rsa.PrivateKey:
		if private.N.BitLen() >= 2048 {
			algorithm = jose.RS384
		}
	case *ecdsa.PrivateKey:
		if private.Curve == elliptic.P384() {
			algorithm = jose.ES384
		}
	}
	if algorithm == "" || key.Algorithm != "" && key.Algorithm != string(algorithm) {
		return nil, ErrClientKey
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, ErrClientKey
	}
	return &ClientKey{signer}, nil
}

// Format prints nothing of the key, whatever the verb.
func (*ClientKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "ClientKey") }

// assertionLife is less than the 5 minutes that SMART allows, so that clocks may
// differ.
const assertionLife = 4 * time.Minute

// assertion has one audience as a string: not every server reads a list.
type assertion struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	Expiry   int64  `json:"exp"`
}

// form is what the client posts to the token endpoint, with the header that goes
// with it.
func (o *OAuth) form(now time.Time) (url.Values, http.Header, error) {
	header := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}, "User-Agent": userAgent,
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if o.Scope != "" {
		form.Set("scope", o.Scope)
	}
	if o.Key == nil {
		basic := http.Request{Header: header}
		basic.SetBasicAuth(url.QueryEscape(o.ClientID), url.QueryEscape(o.Secret)) // RFC 6749, 2.3.1
		return form, header, nil
	}
	signed, err := jwt.Signed(o.Key.signer).Claims(assertion{
		Issuer: o.ClientID, Subject: o.ClientID, Audience: o.TokenURL, ID: rand.Text(), Expiry: now.Add(assertionLife).Unix(),
	}).Serialize()
	if err != nil {
		return nil, nil, errCredentials
	}
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", signed)
	return form, header, nil
}
