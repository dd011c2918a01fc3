package egress

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// authorization is a token endpoint and the endpoint that wants its tokens.
type authorization struct {
	network *memnet.Network
	channel *Sender
	oauth   *OAuth
	stop    func()

	mu       sync.Mutex
	forms    []url.Values
	basic    []string
	bearers  []string
	good     map[string]bool // tokens that the endpoint takes
	issue    func() (status int, answer string)
	received int
}

const (
	tokenURL  = "https://login.example.com/token"
	hookURL   = "https://hook.example.com/" + canary
	otherHook = "https://other.example.com:8443/" + canary
)

// authorize makes both, in a bubble. Tokens are good for 5 minutes.
func authorize(t *testing.T, o OAuth) *authorization {
	a := &authorization{network: memnet.New(), oauth: &o, good: map[string]bool{}}
	a.issue = func() (int, string) {
		token := fmt.Sprintf("token-%d-%s", len(a.forms), canary)
		a.good["Bearer "+token] = true
		return http.StatusOK, fmt.Sprintf(`{"access_token":%q,"token_type":"bearer","expires_in":300}`, token)
	}
	o.TokenURL = strings.Replace(tokenURL, "https", "http", 1) // in memory there is nothing to hide
	a.oauth = &o
	s := &http.Server{Handler: http.HandlerFunc(a.serve)}
	served := make(chan error)
	go func() { served <- s.Serve(a.network) }()
	a.channel = New(Config{InsecureAllowHTTP: true, Credentials: func(_ context.Context, _, host string) (Credentials, error) {
		if host == "login.example.com" {
			return Credentials{}, nil
		}
		return Credentials{OAuth: a.oauth}, nil
	}})
	a.channel.connect = a.network.DialContext
	a.stop = func() {
		require.NoError(t, a.channel.Close())
		require.NoError(t, s.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	}
	return a
}

func (a *authorization) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r.Host == "login.example.com" {
		_ = r.ParseForm()
		a.forms = append(a.forms, r.PostForm)
		user, password, _ := r.BasicAuth()
		a.basic = append(a.basic, user+" "+password)
		status, answer := a.issue()
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
		return
	}
	a.received++
	bearer := r.Header.Get("Authorization")
	a.bearers = append(a.bearers, bearer)
	if !a.good[bearer] {
		w.WriteHeader(http.StatusUnauthorized)
	}
}

func (a *authorization) send(t *testing.T, tenant, endpoint string) error {
	err := a.channel.Send(t.Context(), subscription.Target{Tenant: tenant, Endpoint: strings.Replace(endpoint, "https", "http", 1)}, message())
	if err != nil {
		require.NotContains(t, err.Error(), canary)
		require.NotContains(t, err.Error(), "example")
	}
	return err
}

func TestTokenIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authorize(t, OAuth{ClientID: "carillon:1", Secret: "s3cret/" + canary, Scope: "system/Bundle.c"})
		defer a.stop()
		for range 10 {
			require.NoError(t, a.send(t, "a", hookURL))
		}
		require.Equal(t, []url.Values{{"grant_type": {"client_credentials"}, "scope": {"system/Bundle.c"}}}, a.forms)
		require.Equal(t, url.QueryEscape("carillon:1")+" "+url.QueryEscape("s3cret/"+canary), a.basic[0])

		require.NoError(t, a.send(t, "b", hookURL))
		require.Len(t, a.forms, 2, "tenants share no token")
		require.NoError(t, a.send(t, "a", otherHook))
		require.Len(t, a.forms, 3, "nor do endpoints")

		time.Sleep(269 * time.Second)
		require.NoError(t, a.send(t, "a", hookURL))
		require.Len(t, a.forms, 3)
		time.Sleep(time.Second)
		require.NoError(t, a.send(t, "a", hookURL))
		require.Len(t, a.forms, 4, "a new one before the old one expires")
	})
}

// TestTokenLife: what the server says of a token's life, and what it means.
func TestTokenLife(t *testing.T) {
	for expires, want := range map[string]time.Duration{
		"": 270 * time.Second, `,"expires_in":3600`: 3570 * time.Second, `,"expires_in":"3600"`: 3570 * time.Second, `,"expires_in":10`: 9 * time.Second,
		`,"expires_in":0`: 270 * time.Second, `,"expires_in":-1`: 270 * time.Second, `,"expires_in":1e300`: 24*time.Hour - 30*time.Second,
		`,"expires_in":null`: 270 * time.Second, `,"expires_in":0.5`: 450 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			a := authorize(t, OAuth{ClientID: "carillon", Secret: "secret"})
			defer a.stop()
			a.good["Bearer a"] = true
			a.issue = func() (int, string) { return 200, `{"access_token":"a","token_type":"Bearer"` + expires + `}` }
			require.NoError(t, a.send(t, "a", hookURL))
			time.Sleep(want - time.Millisecond)
			require.NoError(t, a.send(t, "a", hookURL))
			require.Len(t, a.forms, 1, expires)
			time.Sleep(time.Millisecond)
			require.NoError(t, a.send(t, "a", hookURL))
			require.Len(t, a.forms, 2, expires)
		})
	}
}

func TestTokenIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authorize(t, OAuth{ClientID: "carillon", Secret: "secret"})
		defer a.stop()
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if err := a.send(t, "a", hookURL); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Len(t, a.forms, 1)
		require.Equal(t, 32, a.received)
	})
}

func TestTokenIsRefreshedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := authorize(t, OAuth{ClientID: "carillon", Secret: "secret"})
		defer a.stop()
		require.NoError(t, a.send(t, "a", hookURL))
		clear(a.good) // revoked
		require.NoError(t, a.send(t, "a", hookURL))
		require.Equal(t, 3, a.received)
		require.Len(t, a.forms, 2)

		clear(a.good)
		a.issue = func() (int, string) { return 200, `{"access_token":"useless","token_type":"Bearer"}` }
		require.Equal(t, subscription.Permanent(StatusError(401)), a.send(t, "a", hookURL))
		require.Equal(t, 5, a.received)
		require.Len(t, a.forms, 3)
		require.Equal(t, subscription.Permanent(StatusError(401)), a.send(t, "a", hookURL))
		require.Equal(t, 6, a.received, "a new token that is refused is not tried again")
		require.Len(t, a.forms, 4)
	})
}

// TestTokenOfBackendServices checks the assertion of SMART App Launch 2, "Client
// Authentication: Asymmetric".
func TestTokenOfBackendServices(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	for algorithm, private := range map[jose.SignatureAlgorithm]interface{ Public() any }{
		jose.RS384: rsaPublic{rsaKey}, jose.ES384: ecPublic{ecKey},
	} {
		var key any = rsaKey
		if algorithm == jose.ES384 {
			key = ecKey
		}
		text, err := jose.JSONWebKey{Key: key, KeyID: "key-1", Algorithm: string(algorithm), Use: "sig"}.MarshalJSON()
		require.NoError(t, err)
		client, err := ParseClientKey(text)
		require.NoError(t, err)
		synctest.Test(t, func(t *testing.T) {
			a := authorize(t, OAuth{ClientID: "carillon", Key: client, Scope: "system/Bundle.c"})
			defer a.stop()
			require.NoError(t, a.send(t, "a", hookURL))
			require.NoError(t, a.send(t, "b", hookURL))
			seen := map[string]bool{}
			for _, form := range a.forms {
				require.Equal(t, "client_credentials", form.Get("grant_type"))
				require.Equal(t, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", form.Get("client_assertion_type"))
				token, err := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{algorithm})
				require.NoError(t, err)
				require.Equal(t, "key-1", token.Headers[0].KeyID)
				require.Equal(t, "JWT", token.Headers[0].ExtraHeaders["typ"])
				var claims map[string]any
				require.NoError(t, token.Claims(private.Public(), &claims))
				seen[claims["jti"].(string)] = true
				delete(claims, "jti")
				require.Equal(t, map[string]any{
					"iss": "carillon", "sub": "carillon", "aud": a.oauth.TokenURL, "exp": float64(time.Now().Add(4 * time.Minute).Unix()),
				}, claims)
			}
			require.Len(t, seen, 2, "each assertion has an id of its own")
			require.Equal(t, " ", a.basic[0])
		})
	}
}

type rsaPublic struct{ *rsa.PrivateKey }
type ecPublic struct{ *ecdsa.PrivateKey }

func (k rsaPublic) Public() any { return k.PrivateKey.Public() }
func (k ecPublic) Public() any  { return k.PrivateKey.Public() }

func TestTokenFailures(t *testing.T) {
	const text = "no access token: "
	for answer, want := range map[string]string{
		"200 ":                     text + "no valid response",
		"200 {}":                   text + "no valid response",
		"200 [" + canary:           text + "no valid response",
		`200 {"access_token":"a"}`: text + "no valid response",
		`200 {"access_token":"a","token_type":"mac"}`:                                                        text + "no valid response",
		`200 {"access_token":"","token_type":"bearer"}`:                                                      text + "no valid response",
		`200 {"access_token":"a b","token_type":"bearer"}`:                                                   text + "no valid response",
		`200 {"access_token":"a\r\nX-A: b","token_type":"bearer"}`:                                           text + "no valid response",
		`200 {"access_token":"ä","token_type":"bearer"}`:                                                     text + "no valid response",
		`200 {"access_token":1,"token_type":"bearer"}`:                                                       text + "no valid response",
		`200 {"access_token":"a","token_type":"bearer","expires_in":"soon"}`:                                 text + "no valid response",
		`200 {"a":"` + strings.Repeat("a", maxResponseBytes) + `","access_token":"a","token_type":"bearer"}`: text + "no valid response",
		`201 {"access_token":"a","token_type":"bearer"}`:                                                     text + "status 201",
		`400 {"error":"invalid_client","error_description":"` + canary + `"}`:                                "permanent " + text + "status 400",
		"401 " + canary: "permanent " + text + "status 401",
		"403 " + canary: "permanent " + text + "status 403",
		"302 " + canary: text + "status 302",
		"410 " + canary: text + "status 410",
		"429 " + canary: text + "status 429",
		"500 " + canary: text + "status 500",
	} {
		synctest.Test(t, func(t *testing.T) {
			a := authorize(t, OAuth{ClientID: "carillon", Secret: "secret"})
			defer a.stop()
			a.issue = func() (status int, body string) {
				_, err := fmt.Sscan(answer, &status)
				require.NoError(t, err)
				return status, answer[4:]
			}
			err := a.send(t, "a", hookURL)
			failed := &failure{class: strings.TrimPrefix(want, "permanent ")}
			if strings.HasSuffix(want, "no valid response") {
				failed.cause = errOther
			}
			if strings.HasPrefix(want, "permanent ") {
				require.Equal(t, subscription.Permanent(failed), err, answer)
			} else {
				require.Equal(t, error(failed), err, answer)
			}
			var status StatusError
			require.NotErrorAs(t, err, &status, "it isn't the endpoint's")
			require.Equal(t, "no-response", failed.SubscriptionError())
			require.Zero(t, a.received, "nothing is sent without a token")
		})
	}
}

// TestTokenEndpointIsGuarded: the token endpoint is no way around the guard, nor
// around the attempt's time.
func TestTokenEndpointIsGuarded(t *testing.T) {
	trap := serveText(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true)
	target := subscription.Target{Endpoint: hookURL}
	o := &OAuth{ClientID: "carillon", Secret: "secret"}
	c := New(Config{Credentials: func(_ context.Context, _, host string) (Credentials, error) { return Credentials{OAuth: o}, nil }})
	for _, endpoint := range []string{trap.url, "https://127.0.0.1/token", "file:///etc/passwd", "https://login.example.com:22/", "", "token"} {
		o.TokenURL = endpoint
		require.Equal(t, endpointElement, refusal(t, c, target), endpoint)
		require.Equal(t, errCredentials, c.Send(t.Context(), target, message()), endpoint)
	}
	o.TokenURL = "https://login.example.com/token"
	connect := c.connect
	c.connect = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return connect(ctx, network, "127.0.0.1:"+portOf(trap))
	}
	require.Empty(t, refusal(t, c, target))
	err := c.Send(t.Context(), target, message())
	require.ErrorIs(t, err, ErrBlocked)
	require.EqualError(t, err, "no access token: blocked address")
	require.Zero(t, trap.connections.Load())

	synctest.Test(t, func(t *testing.T) {
		a := authorize(t, *o)
		defer a.stop()
		a.issue = func() (int, string) { time.Sleep(14 * time.Second); return 500, "" }
		start := time.Now()
		err := a.channel.Send(t.Context(), subscription.Target{
			Endpoint: strings.Replace(hookURL, "https", "http", 1), Timeout: 7 * time.Second,
		}, message())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 7*time.Second, time.Since(start))
		time.Sleep(14 * time.Second) // the handler ends
	})
}

func TestCheckAuthorizationOfOAuth(t *testing.T) {
	c := New(Config{Credentials: func(_ context.Context, tenant, _ string) (Credentials, error) {
		if tenant == "a" {
			return Credentials{OAuth: &OAuth{TokenURL: tokenURL, ClientID: "carillon", Secret: "secret"}}, nil
		}
		return Credentials{}, nil
	}})
	target := subscription.Target{Tenant: "a", Endpoint: hookURL, Headers: []string{"X-A: b", "authorization: Bearer " + canary}}
	require.Equal(t, "Subscription.channel.header[1]", refusal(t, c, target))
	require.Equal(t, subscription.Permanent(errTarget), c.Send(t.Context(), target, message()))
	target.Tenant = "b"
	require.Empty(t, refusal(t, c, target))
	for _, o := range []OAuth{
		{}, {TokenURL: tokenURL, Secret: "a"}, {TokenURL: tokenURL, ClientID: "a"}, {ClientID: "a", Secret: "a"},
		{TokenURL: tokenURL, ClientID: "a", Secret: "a", Key: &ClientKey{}}, {TokenURL: tokenURL, ClientID: "a", Key: &ClientKey{}},
	} {
		require.False(t, o.usable())
		require.Equal(t, "OAuth OAuth ClientKey", fmt.Sprintf("%v %#v %+v", o, o, &ClientKey{}))
	}
}

func TestParseClientKey(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	whole, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	for i, key := range []jose.JSONWebKey{
		{Key: small, KeyID: "a"}, {Key: p256, KeyID: "a"}, {Key: edwards, KeyID: "a"}, {Key: p384}, {Key: p384, KeyID: "a", Algorithm: "RS384"},
		{Key: whole, KeyID: "a", Algorithm: "RS256"}, {Key: p384, KeyID: "a", Use: "enc"}, {Key: p384.Public(), KeyID: "a"}, {Key: []byte(canary), KeyID: "a"},
	} {
		text, err := json.Marshal(key)
		require.NoError(t, err)
		_, err = ParseClientKey(text)
		require.Equal(t, ErrClientKey, err, i)
	}
	for _, text := range []string{"", "{}", canary, `{"kty":"RSA"}`} {
		_, err := ParseClientKey([]byte(text))
		require.Equal(t, ErrClientKey, err)
	}
	text, err := json.Marshal(jose.JSONWebKey{Key: whole, KeyID: "a"})
	require.NoError(t, err)
	_, err = ParseClientKey(text)
	require.NoError(t, err)
}
