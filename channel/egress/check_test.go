package egress

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/stretchr/testify/require"
)

// refusal returns the element that Check refuses, or "".
func refusal(t *testing.T, c *Sender, target subscription.Target) string {
	t.Helper()
	err := c.Check(t.Context(), target)
	if err == nil {
		return ""
	}
	var element *subscription.ElementError
	require.True(t, errors.As(err, &element), "%v", err)
	require.NotContains(t, err.Error(), canary)
	require.NotEmpty(t, element.Problem)
	return element.Element
}

// hostileHosts name a blocked address, in all the ways that some reader knows (row
// S1 of the delivery tests).
var hostileHosts = []string{
	// loopback, unspecified
	"127.0.0.1", "127.1.2.3", "127.255.255.255", "0.0.0.0", "0.1.2.3", "localhost", "LOCALHOST", "a.localhost",
	"[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]",
	// private, shared, link-local, metadata services
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200",
	"100.127.255.255", "169.254.169.254", "169.254.170.2", "192.0.0.192", "168.63.129.16", "[fd00:ec2::254]", "[fe80::1]",
	"[fc00::1]", "[fdff::1]", "[fec0::1]",
	// documentation, benchmarks, relays, protocol assignments
	"192.0.0.8", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "192.88.99.1",
	"192.31.196.1", "192.52.193.1", "192.175.48.1", "[2001:db8::1]", "[3fff::1]", "[2001:2::1]", "[2001:20::1]",
	"[100::1]", "[2620:4f:8000::1]", "[5f00::1]",
	// multicast, reserved, broadcast
	"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]",
	// IPv4 within IPv6
	"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::169.254.169.254]",
	"[64:ff9b::a9fe:a9fe]", "[64:ff9b::127.0.0.1]", "[64:ff9b:1::a00:1]", "[2002:a9fe:a9fe::]", "[2002:7f00:1::1]",
	"[2001:0:a9fe:a9fe::]", "[2001::1]", "[::ffff:0:127.0.0.1]",
	// zones
	"[fe80::1%25lo]", "[::1%25lo]", "[2606:4700::1%25eth0]",
	// numbers that resolvers read
	"2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0", "127.0.0.01",
	"10.1", "0xa9fea9fe", "2852039166", "1.2.3.4.5", "999.1.1.1", "127.0.0.1.", "0x", "1.0x",
}

func TestCheckRefusesHostileHosts(t *testing.T) {
	require.GreaterOrEqual(t, len(hostileHosts), 60)
	c := New(Config{InsecureAllowHTTP: true})
	for _, host := range hostileHosts {
		for _, form := range []string{"https://%s/", "http://%s", "https://%s:8443/a"} {
			endpoint := fmt.Sprintf(form, host)
			require.Equal(t, endpointElement, refusal(t, c, subscription.Target{Endpoint: endpoint}), endpoint)
			err := c.Send(t.Context(), subscription.Target{Endpoint: endpoint}, message())
			require.Equal(t, subscription.Permanent(errTarget), err, endpoint)
		}
	}
	t.Logf("S1 hosts=%d refused by Check", len(hostileHosts))
}

// spec: ACC-04, SEC-04, PAY-11
func TestCheckEndpoint(t *testing.T) { // row S4
	refused := []string{
		"", " ", "/hook", "hook.example.com", "//hook.example.com/", "https:", "https:/", "https://", "https:///path", "https:hook.example.com",
		"http://hook.example.com/", "file:///etc/passwd", "gopher://hook.example.com/", "unix:///run/docker.sock", "ws://hook.example.com/",
		"wss://hook.example.com/", "javascript:alert(1)", "data:text/plain,a", "ftp://hook.example.com/", "mailto:a@example.com",
		"urn:uuid:1", "https+unix://hook.example.com/", " https://hook.example.com/", "https://hook.example.com/ ", "https://hook.example.com/a b",
		"https://user@hook.example.com/", "https://user:" + canary + "@hook.example.com/", "https://@hook.example.com/", "https://hook.example.com#" + canary,
		"https://hook.example.com/#", "https://hook.example.com./", "https://.hook.example.com/", "https://hook..example.com/", "https://:443/",
		"https://hook.example.com:/", "https://hook.example.com:0/", "https://hook.example.com:00/", "https://hook.example.com:65536/",
		"https://hook.example.com:443a/", "https://hook.example.com:-1/", "https://hook.example.com:22/", "https://hook.example.com:25/",
		"https://hook.example.com:022/", "https://hook.example.com:0443/", "https://hook.example.com:5432/", "https://hook.example.com:6379/", "https://hook.example.com:11211/",
		"https://hook.exämple.com/", "https://hook.ex\u0430mple.com/", "https://１２７.0.0.1/", "https://hook。example.com/", "https://hook.example.com/ä",
		"https://%31%32%37.0.0.1/", "https://hook.example.com%00/", "https://hook.example.com\x00/", "https://hook.example.com/\r\nHost: a",
		"https://hook.example.com\\@127.0.0.1/", "https://[abc]/", "https://[::1/", "https://-a.example.com/", "https://a-.example.com/",
		"https://ex!ample.com/", "https://" + strings.Repeat("a", 64) + ".com/", "https://" + strings.Repeat("a.", 127) + "com/",
		"https://hook.example.com/" + strings.Repeat("a", maxEndpoint), "https://hook.example.com/%zz",
	}
	require.GreaterOrEqual(t, len(refused), 40)
	accepted := []string{
		"https://hook.example.com", "https://hook.example.com/", "HTTPS://HOOK.example.com/a/b?c=d&e=%20f", "https://hook.example.com:8443/",
		"https://1.1.1.1/", "https://8.8.8.8:443/", "https://[2606:4700:4700::1111]/", "https://xn--mnchen-3ya.example/", "https://a_b.example.com/",
		"https://1a.example.com/", "https://intranet/",
	}
	c := New(Config{})
	for _, endpoint := range refused {
		require.Equal(t, endpointElement, refusal(t, c, subscription.Target{Endpoint: endpoint}), "%q", endpoint)
	}
	for _, endpoint := range accepted {
		require.Empty(t, refusal(t, c, subscription.Target{Endpoint: endpoint}), endpoint)
	}
	t.Logf("S4 refused=%d accepted=%d", len(refused), len(accepted))
}

// spec: SEC-05
func TestCheckAllowed(t *testing.T) {
	c := New(Config{InsecureAllowHTTP: true, AllowNetworks: []netip.Prefix{
		netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:1::/32"), netip.MustParsePrefix("127.0.0.1/32"),
	}})
	for _, endpoint := range []string{
		"http://hook.example.com/", "http://10.20.3.4:8080/", "https://10.20.3.4/", "https://[::ffff:10.20.3.4]/", "https://[fd00:1::1]/",
		"http://localhost:8080/", "http://127.0.0.1/",
	} {
		require.Empty(t, refusal(t, c, subscription.Target{Endpoint: endpoint}), endpoint)
	}
	for _, endpoint := range []string{
		"https://10.21.0.1/", "https://127.0.0.2/", "https://[fd00:2::1]/", "https://[fd00:1::1%25eth0]/", "http://10.20.3.4:22/",
	} {
		require.Equal(t, endpointElement, refusal(t, c, subscription.Target{Endpoint: endpoint}), endpoint)
	}
}

// spec: CH-REST-09
func TestCheckHeaders(t *testing.T) { // row S8
	ok := subscription.Target{Endpoint: "https://hook.example.com/"}
	c := New(Config{})
	refused := []string{
		"", ":", ": a", "a", canary, "X-A", "X-A:", "X-A: ", "X-A:\t", "X A: b", "X\tA: b", "X-A\x00: b", "X(A): b", "Ä: b", "X-A: ä", "X-A: b\xff",
		"X-A: b\r\nX-B: c", "X-A: b\nX-B: c", "X-A: b\r", "X-A: b\n c", "X-A: b\x00", "X-A: b\x7f", "X-A: b\tc", "X-A\r\n: b", "\nX-A: b", "X-A: b\n",
		"Host: a", "host: a", " Host : a", "HOST:a", "Content-Length: 1", "content-length: 1", "Transfer-Encoding: chunked", "Connection: close",
		"connection: upgrade", "Keep-Alive: 1", "TE: trailers", "te: gzip", "Trailer: X-A", "Trailers: X-A", "Upgrade: h2c", "Expect: 100-continue",
		"Proxy-Authorization: Basic a", "proxy-connection: close", "Proxy-Authenticate: a", "Proxy-Anything: a", "HTTP2-Settings: a",
		"Content-Type: text/html", "content-type: a", "Content-Encoding: gzip", "Accept-Encoding: gzip", "webhook-id: 1", "Webhook-Signature: v1,a",
		"webhook-timestamp: 1", "Sec-WebSocket-Key: a", "X-HTTP-Method-Override: DELETE", "X-A: " + strings.Repeat("a", 64<<10), strings.Repeat("a", 64<<10) + ": b",
		"\"X\": b", "X/A: b", "X@A: b", "X[A]: b", "{X}: b", "X,A: b", "X;A: b", "<X>: b", "X?A: b", "X=A: b",
	}
	require.GreaterOrEqual(t, len(refused), 60)
	for _, header := range refused {
		ok.Headers = []string{"X-Fine: yes", header}
		require.Equal(t, "Subscription.channel.header[1]", refusal(t, c, ok), "%q", header)
		err := c.Send(t.Context(), ok, message())
		require.Equal(t, subscription.Permanent(errTarget), err, "%q", header)
	}
	for _, headers := range [][]string{
		nil, {"Authorization: Basic a:b"}, {"Authorization:Bearer " + canary}, {"X-A : b"}, {"x-a: b", "X-A: b"}, {"X-A: b c: d, \"e\""},
		{"User-Agent: mine"}, {"Idempotency-Key: 1"}, {"X!#$%&'*+-.^_`|~1: b"}, {"X-A: " + strings.Repeat("a", 8000)}, make32("X-A: b"),
	} {
		ok.Headers = headers
		require.Empty(t, refusal(t, c, ok), "%q", headers)
	}
	ok.Headers = append(make32("X-A: b"), "X-A: b")
	require.Equal(t, "Subscription.channel.header[32]", refusal(t, c, ok))
	ok.Headers = []string{"X-A: " + strings.Repeat("a", 5000), "X-A: " + strings.Repeat("a", 5000)}
	require.Equal(t, "Subscription.channel.header[1]", refusal(t, c, ok))
	t.Logf("S8 refused=%d", len(refused))
}

func make32(header string) []string {
	headers := make([]string, 32)
	for i := range headers {
		headers[i] = header
	}
	return headers
}

func TestCheckPayload(t *testing.T) {
	c := New(Config{})
	target := subscription.Target{Endpoint: "https://hook.example.com/"}
	for _, payload := range []string{
		"", "application/fhir+json", "application/json", "application/fhir+json; fhirVersion=4.0", "application/fhir+json;charset=UTF-8",
		"Application/FHIR+JSON; charset=utf-8; fhirVersion=4.0",
	} {
		target.ContentType = payload
		require.Empty(t, refusal(t, c, target), payload)
	}
	for _, payload := range []string{
		"application/fhir+xml", "application/xml", "text/html", "text/plain;attach=application/fhir+json", "json", "/", "*/*", "application/*",
		"application/fhir+json, application/json", "application/fhir+json; charset=iso-8859-1", "application/fhir+json; q=1", canary,
		"application/fhir+json\r\nX-A: b", "application/fhir+json; charset", " ", "application/fhir+json; fhirVersion=4.0; fhirVersion=5.0", "application/json; a=\u00e4",
	} {
		target.ContentType = payload
		require.Equal(t, payloadElement, refusal(t, c, target), "%q", payload)
		m := message()
		m.ContentType = payload
		require.Equal(t, subscription.Permanent(errTarget), c.Send(t.Context(), target, m), "%q", payload)
	}
}

func FuzzAddHeaders(f *testing.F) {
	for _, header := range []string{"X-A: b", "Authorization: Basic a:b", "X-A: ${secret:a}b${secret:c/d}", "X-A: ${secret:${secret:a}}", "X-A: b\r\nX-B: c", "host: a", ":", "é: b"} {
		f.Add(header)
	}
	c := New(Config{Secrets: func(_ context.Context, _, _, name string) (string, error) {
		return "<" + name + ">", nil
	}})
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{}
		if index, problem := addHeaders(h, []string{line}, secrets{sender: c}, false); index >= 0 {
			require.NotEmpty(t, problem)
			require.Empty(t, h)
			return
		}
		var wire strings.Builder
		require.NoError(t, h.Write(&wire))
		require.Equal(t, 1, strings.Count(wire.String(), "\n"), "%q", wire.String())
		require.NotContains(t, wire.String(), secretOpens)
	})
}

func FuzzEndpoint(f *testing.F) {
	for _, host := range hostileHosts {
		f.Add("https://" + host + "/")
	}
	f.Add("https://hook.example.com:8443/a?b")
	c := New(Config{})
	f.Fuzz(func(t *testing.T, text string) {
		u, problem := c.parseEndpoint(text)
		if problem != "" {
			require.Nil(t, u)
			return
		}
		require.Equal(t, "https", u.Scheme)
		if addr, err := netip.ParseAddr(u.Hostname()); err == nil {
			require.True(t, c.mayDial(addr))
		}
	})
}
