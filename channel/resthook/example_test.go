package resthook_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"

	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/subscription"
)

func ExampleNew() {
	hooks := resthook.New(resthook.Config{}) // into the Channels of subscription.Config
	defer func() { _ = hooks.Close() }()

	err := hooks.Check(context.Background(), subscription.Target{Endpoint: "https://169.254.169.254/latest"})
	fmt.Println(hooks.Type())
	fmt.Println(err)
	// Output:
	// rest-hook
	// Subscription.channel.endpoint: blocked address
}

// development lets notifications go to this machine over plain HTTP.
var development = resthook.Config{
	InsecureAllowHTTP: true,
	AllowNetworks:     []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
}

var notification = subscription.Message{
	ID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", ContentType: "application/fhir+json", Body: []byte(`{"resourceType":"Bundle"}`),
}

func ExampleChannel_Send() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.Header.Get("Content-Type"), r.Header.Get("Authorization"))
	}))
	defer endpoint.Close()

	hooks := resthook.New(development)
	defer func() { _ = hooks.Close() }()
	err := hooks.Send(context.Background(), subscription.Target{
		Endpoint: endpoint.URL,
		Headers:  []string{"Authorization: Basic a:b"},
	}, notification)
	fmt.Println(err)
	// Output:
	// POST application/fhir+json Basic a:b
	// <nil>
}

func ExampleStatusError() {
	endpoint := httptest.NewServer(http.NotFoundHandler())
	defer endpoint.Close()

	hooks := resthook.New(development)
	defer func() { _ = hooks.Close() }()
	err := hooks.Send(context.Background(), subscription.Target{Endpoint: endpoint.URL}, notification)
	var status resthook.StatusError
	fmt.Println(errors.As(err, &status), int(status))
	// Output: true 404
}

// The value of a header is taken from the host's vault when it is sent.
func ExampleConfig_secrets() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Authorization"))
	}))
	defer endpoint.Close()

	config := development
	config.Secrets = func(_ context.Context, tenant, host, name string) (string, error) {
		if tenant == "north" && "http://"+host == endpoint.URL && name == "lab" {
			return "hunter2", nil
		}
		return "", fs.ErrNotExist
	}
	hooks := resthook.New(config)
	defer func() { _ = hooks.Close() }()

	target := subscription.Target{Tenant: "north", Endpoint: endpoint.URL, Headers: []string{"Authorization: Bearer ${secret:lab}"}}
	fmt.Println(hooks.Send(context.Background(), target, notification))

	target.Endpoint = "http://elsewhere.example/"
	fmt.Println(hooks.Check(context.Background(), target))
	// Output:
	// Bearer hunter2
	// <nil>
	// Subscription.channel.header[0]: refers to a secret that is not available for this endpoint
}

// While keys are rotated, requests are signed with the old and the new one.
func ExampleParseSigningKey() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Webhook-Id"))
		for signature := range strings.SplitSeq(r.Header.Get("Webhook-Signature"), " ") {
			scheme, _, _ := strings.Cut(signature, ",")
			fmt.Println(scheme)
		}
	}))
	defer endpoint.Close()

	var keys []resthook.SigningKey
	for _, text := range []string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="} {
		key, err := resthook.ParseSigningKey(text)
		if err != nil {
			log.Fatal(err)
		}
		keys = append(keys, key)
	}
	config := development
	config.Credentials = func(context.Context, string, string) (resthook.Credentials, error) {
		return resthook.Credentials{SigningKeys: keys}, nil
	}
	hooks := resthook.New(config)
	defer func() { _ = hooks.Close() }()
	fmt.Println(hooks.Send(context.Background(), subscription.Target{Endpoint: endpoint.URL}, notification))
	// Output:
	// 0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01
	// v1
	// v1a
	// <nil>
}

// An access token is asked for once and kept until shortly before it expires.
func ExampleOAuth() {
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, _, _ := r.BasicAuth()
		fmt.Println(client, r.FormValue("grant_type"), r.FormValue("scope"))
		_, _ = w.Write([]byte(`{"access_token":"t1","token_type":"Bearer","expires_in":300}`))
	}))
	defer login.Close()
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Authorization"))
	}))
	defer endpoint.Close()

	config := development
	config.Credentials = func(_ context.Context, _, host string) (resthook.Credentials, error) {
		if "http://"+host != endpoint.URL { // the token endpoint's own host
			return resthook.Credentials{}, nil
		}
		return resthook.Credentials{OAuth: &resthook.OAuth{
			TokenURL: login.URL, ClientID: "carillon", Secret: "s3cret", Scope: "system/Bundle.c",
		}}, nil
	}
	hooks := resthook.New(config)
	defer func() { _ = hooks.Close() }()
	for range 2 {
		fmt.Println(hooks.Send(context.Background(), subscription.Target{Endpoint: endpoint.URL}, notification))
	}
	// Output:
	// carillon client_credentials system/Bundle.c
	// Bearer t1
	// <nil>
	// Bearer t1
	// <nil>
}

// A client of SMART Backend Services proves who it is with a key, the public half
// of which the token server knows.
func ExampleParseClientKey() {
	_, err := resthook.ParseClientKey(bytes.TrimSpace([]byte(`{"kty":"oct","kid":"1","k":"c2VjcmV0"}`)))
	fmt.Println(errors.Is(err, resthook.ErrClientKey))
	// Output: true
}

// A certificate that can't be read is no reason to go without.
func ExampleCredentials() {
	hooks := resthook.New(resthook.Config{
		Credentials: func(_ context.Context, tenant, host string) (resthook.Credentials, error) {
			certificate, err := tls.LoadX509KeyPair("testdata/"+tenant+".crt", "testdata/"+tenant+".key")
			return resthook.Credentials{Certificate: &certificate}, err
		},
	})
	target := subscription.Target{Tenant: "north", Endpoint: "https://fhir.lab.example/hook"}
	fmt.Println(hooks.Check(context.Background(), target))
	fmt.Println(hooks.Send(context.Background(), target, notification))
	// Output:
	// Subscription.channel.endpoint: the server lacks the credentials for this host
	// resthook: credentials not available
}
