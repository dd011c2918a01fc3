// Package resthook delivers notifications as HTTP requests: the channel type
// rest-hook (CH-REST of docs/conformance.md).
//
// A host gives the engine a [Channel]. The zero [Config] is safe on the open
// internet:
//
//	hooks := resthook.New(resthook.Config{})
//	defer hooks.Close()
//	engine, err := subscription.New(subscription.Config{
//		Channels: []subscription.Channel{hooks},
//		// ...
//	})
//
// Endpoints are strangers' input. So only https is spoken unless
// InsecureAllowHTTP says otherwise; every address is checked when it is dialled,
// after the name was resolved, and refused if it is of a special-purpose range and
// not within AllowNetworks; a proxy of the environment is not used; redirects are
// not followed; an answer is read up to a limit, never unpacked and never kept. A
// hospital whose applications live in a private network allows just that:
//
//	resthook.Config{AllowNetworks: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}}
//
// # What an endpoint demands
//
// Many endpoints want more than headers. [Credentials], by tenant and host, are a
// certificate for mutual TLS and the authorities to trust, an OAuth client, SMART
// Backend Services included, and keys to sign requests with as Standard Webhooks
// does:
//
//	key, err := resthook.ParseClientKey(jwk)
//	resthook.Config{Credentials: func(ctx context.Context, tenant, host string) (resthook.Credentials, error) {
//		if tenant != "north" || host != "fhir.lab.example" {
//			return resthook.Credentials{}, nil
//		}
//		return resthook.Credentials{OAuth: &resthook.OAuth{
//			TokenURL: "https://login.lab.example/token", ClientID: "carillon", Key: key, Scope: "system/Bundle.c",
//		}}, nil
//	}}
//
// All of it fails closed: what should be shown and can't be is a failed attempt, and
// nothing is sent. Each tenant has connections and tokens of its own.
//
// A header's value need not rest in the Subscription. "Authorization: Bearer
// ${secret:lab}" takes it from Config.Secrets when the request is made:
//
//	resthook.Config{Secrets: func(ctx context.Context, tenant, host, name string) (string, error) {
//		return vault.Read(ctx, tenant, host, name) // only for the host that it is meant for
//	}}
//
// # What it refuses and answers
//
// Check refuses, when a Subscription is created, what Send would refuse: other
// schemes, addresses in disguise, ports of other protocols, headers that would
// change the framing or the meaning of the request, secrets that aren't there,
// payloads that are not JSON.
//
// Send makes one POST, by HTTP/2 if the endpoint speaks it. Any 2xx is success,
// whatever the body. 410 tells the engine that the endpoint is gone, 429 and 503 may
// tell it to wait, and a few others that trying again will hardly help; all else is
// transient.
//
// # Classic Subscriptions
//
// A Subscription with query criteria in place of a topic gets no Bundle (CLS of
// docs/conformance.md). Without channel.payload each match is a POST with an empty body to its endpoint.
// With a payload, its endpoint is the base of a FHIR service, to which the resource goes
// as an update, PUT [endpoint]/[type]/[id]; [Channel].ClassicPost sends it to the endpoint
// itself instead. Headers, credentials and answers are as above.
//
// Error texts name the class of what went wrong, such as "resthook: status 500" or
// "resthook: blocked address", and nothing of the endpoint, its answer or the
// request.
package resthook
