package fhirserver

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile is a Subscription that somebody sends who means no good.
type hostile struct {
	name     string
	body     string
	accepted bool // it is harmless after all
}

// subscriptionWith is a Subscription of which members of channel, or others, are replaced:
// raw JSON by name, those of channel with a dot before it.
func subscriptionWith(raw ...string) string {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	channel := map[string]json.RawMessage{
		"type": []byte(`"rest-hook"`), "endpoint": []byte(`"https://subscriber.example.org/hook"`), "payload": []byte(`"application/fhir+json"`),
		"_payload": []byte(`{"extension":[{"url":"` + backport + `backport-payload-content","valueCode":"id-only"}]}`),
	}
	all := map[string]json.RawMessage{
		"resourceType": []byte(`"Subscription"`), "status": []byte(`"requested"`), "reason": []byte(`"r"`),
		"criteria": []byte(`"https://carillon-fhir.github.io/topics/patient-change"`),
	}
	for i := 0; i < len(raw); i += 2 {
		if name, ok := strings.CutPrefix(raw[i], "."); ok {
			channel[name] = json.RawMessage(raw[i+1])
		} else {
			all[raw[i]] = json.RawMessage(raw[i+1])
		}
	}
	members := func(of map[string]json.RawMessage) string {
		var list []string
		for name, value := range of {
			list = append(list, fmt.Sprintf("%q:%s", name, value))
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	all["channel"] = json.RawMessage(members(channel))
	return members(all)
}

func quoted(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// hostileSubscriptions are written from docs/delivery-rows.md S1, S4, S8, A8, A9, I1 and E1. trap is the
// port of a listener that nobody may reach.
func hostileSubscriptions(trap string) (list []hostile) {
	add := func(name, body string) { list = append(list, hostile{name: name, body: body}) }
	const extension = `{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/%s",%s}]}`

	for _, endpoint := range []string{
		// Schemes and shapes.
		"http://subscriber.example.org/", "file:///etc/passwd", "gopher://127.0.0.1:" + trap + "/x", "unix:///run/docker.sock",
		"ws://subscriber.example.org/", "javascript:alert(1)", "data:text/html,x", "ftp://subscriber.example.org/", "//subscriber.example.org/x",
		"/hook", "", "https://", "https:///hook", "https://:443/", "https:subscriber.example.org", "HTTPS://user:secret@subscriber.example.org/",
		"https://subscriber.example.org@127.0.0.1:" + trap + "/", "https://subscriber.example.org/#f", "https://subscriber.example.org:0/",
		"https://subscriber.example.org:65536/", "https://subscriber.example.org:-1/", "https://subscriber.example.org:x/",
		"https://subscriber.example.org:22/", "https://subscriber.example.org:25/", "https://subscriber.example.org:6379/",
		"https://sub scriber.example.org/", "https://subscriber.example.org/\r\nHost: evil", "https://subscriber.example.org/\x00",
		"https://subscriber..example.org/", "https://localhost:" + trap + "/", "https://LOCALHOST.:" + trap + "/", "https://x.localhost:" + trap + "/", "https://exа\u200bmple.org/", "https://" + strings.Repeat("a", 300) + ".example.org/",
		// Addresses of this machine and of clouds, in every spelling.
		"https://127.0.0.1:" + trap + "/", "https://127.1:" + trap + "/", "https://2130706433:" + trap + "/", "https://0x7f000001:" + trap + "/",
		"https://0177.0.0.1:" + trap + "/", "https://0x7f.1:" + trap + "/", "https://127.000.000.001:" + trap + "/", "https://0:" + trap + "/",
		"https://0.0.0.0:" + trap + "/", "https://[::1]:" + trap + "/", "https://[::]:" + trap + "/", "https://[::ffff:127.0.0.1]:" + trap + "/",
		"https://[::ffff:7f00:1]:" + trap + "/", "https://[::127.0.0.1]:" + trap + "/", "https://[64:ff9b::7f00:1]:" + trap + "/",
		"https://[2002:7f00:1::]:" + trap + "/", "https://[fe80::1%25lo]:" + trap + "/", "https://169.254.169.254/latest/meta-data/",
		"https://[fd00:ec2::254]/", "https://100.100.100.200/", "https://192.0.0.192/", "https://10.0.0.1/", "https://172.16.0.1/",
		"https://192.168.1.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://198.18.0.1/", "https://[ff02::1]/",
		"https://[fc00::1]/", "https://①②⑦.0.0.1:" + trap + "/",
	} {
		add("endpoint "+endpoint, subscriptionWith(".endpoint", quoted(endpoint)))
	}
	for _, header := range []string{
		"", "NoColon", ": value", "X-A: b\r\nX-Evil: 1", "X-A: b\nX-Evil: 1", "X-A: b\rX", "X-A: \x00", "X A: b", "X-Ä: b", "X-A: ä",
		"Host: evil.example.org", "Content-Length: 0", "Transfer-Encoding: chunked", "Connection: close", "Upgrade: h2c", "Trailer: X",
		"Content-Type: text/html", "TE: trailers", "webhook-id: 1", "webhook-signature: v1,x", "Proxy-Authorization: Basic x", "Expect: 100-continue",
		"X-A: " + strings.Repeat("a", 1<<16), "(X): b",
	} {
		add("header "+header, subscriptionWith(".header", "["+quoted(header)+"]"))
	}
	add("1000 headers", subscriptionWith(".header", "["+strings.TrimSuffix(strings.Repeat(`"X-A: b",`, 1000), ",")+"]"))
	for _, mail := range []string{
		"mailto:a@example.org\r\nBcc: b@example.org", "mailto:a@example.org%0d%0aBcc:b@example.org", "mailto:a@example.org?bcc=b@example.org",
		"mailto:a@example.org,b@example.org", "mailto:root@localhost", "mailto:a@[127.0.0.1]", "mailto:=?utf-8?q?a?=@example.org",
	} {
		add("mail "+mail, subscriptionWith(".type", `"email"`, ".endpoint", quoted(mail)))
	}
	for name, more := range map[string][]string{
		"criteria & another parameter":  {"_criteria", filterOf("Patient?gender=female&_include=*")},
		"criteria with _query":          {"_criteria", filterOf("Patient?_query=x")},
		"criteria of another type":      {"_criteria", filterOf("Observation?code=x")},
		"criteria unknown":              {"_criteria", filterOf("Patient?nonsense=1")},
		"criteria SQL":                  {"_criteria", filterOf("Patient?x' OR 1=1--=1")},
		"criteria modifier":             {"_criteria", filterOf("Patient?gender:nonsense=female")},
		"criteria with NUL":             {"_criteria", filterOf("Patient?gender=fe\x00male")},
		"criteria without a type":       {"_criteria", filterOf("?=")},
		"criteria broken percent":       {"_criteria", filterOf("Patient?gender=%zz")},
		"filter of no string":           {"_criteria", `{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueCode":"x"}]}`},
		"unknown topic":                 {"criteria", `"https://carillon-fhir.github.io/topics/none"`},
		"topic with NUL":                {"criteria", `"https://carillon-fhir.github.io/topics/patient-change\u0000"`},
		"topic is a number":             {"criteria", `1`},
		"unknown channel":               {".type", `"telepathy"`},
		"channel is a list":             {".type", `["rest-hook"]`},
		"payload is executable":         {".payload", `"application/x-sh"`},
		"payload breaks lines":          {".payload", `"application/fhir+json\r\nX: y"`},
		"payload of another version":    {".payload", `"application/fhir+json; fhirVersion=3.0"`},
		"unknown content":               {".payload", `"application/fhir+json"`, "._payload", fmt.Sprintf(extension, "backport-payload-content", `"valueCode":"everything"`)},
		"unknown extension of guide":    {"._type", fmt.Sprintf(extension, "backport-nonsense", `"valueCode":"x"`)},
		"modifierExtension":             {"modifierExtension", `[{"url":"https://example.org/not","valueBoolean":true}]`},
		"status nonsense":               {"status", `"running"`},
		"status twice":                  {"Status", `"off"`},
		"end in the past":               {"end", `"2001-01-01T00:00:00Z"`},
		"end is no instant":             {"end", `"tomorrow"`},
		"maxCount 0":                    {".extension", `[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-max-count","valuePositiveInt":0}]`},
		"maxCount of 30 digits":         {".extension", `[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-max-count","valuePositiveInt":999999999999999999999999999999}]`},
		"heartbeat -1":                  {".extension", `[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":-1}]`},
		"timeout 1e400":                 {".extension", `[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-timeout","valueUnsignedInt":1e400}]`},
		"no channel type":               {".type", `null`},
		"channel endpoint is an object": {".endpoint", `{"url":"https://subscriber.example.org"}`},
	} {
		add(name, subscriptionWith(more...))
	}
	plain := subscriptionWith()
	add("not JSON", "<Subscription/>")
	add("BOM", "\ufeff"+plain)
	add("bytes behind", plain+"x")
	add("two resources", plain+plain)
	add("another type", `{"resourceType":"Patient"}`)
	add("no object", `[]`)
	add("nothing", ``)
	add("invalid UTF-8", subscriptionWith("reason", "\"\xff\xfe\""))
	add("member twice", strings.Replace(plain, "{", `{"status":"off","status":"off",`, 1))
	add("lone surrogate", subscriptionWith("reason", `"\ud800"`))
	add("deep", subscriptionWith("extension", strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001)))
	add("unclosed", strings.Repeat(`{"a":`, 100_000))
	add("eleven megabytes", subscriptionWith("reason", quoted(strings.Repeat("x", 11<<20))))
	// What is accepted goes to this machine, by a name that only tells so when it is resolved.
	name, _ := os.Hostname()
	here := func(raw ...string) string {
		return subscriptionWith(append([]string{".endpoint", quoted("https://" + name + ":" + trap + "/")}, raw...)...)
	}
	for _, harmless := range []hostile{
		{name: "name of this machine", body: here()},
		{name: "Authorization with colons", body: here(".header", `["Authorization: Basic a:b:c"]`)},
		{name: "header twice", body: here(".header", `["X-A: a","X-A: b"]`)},
		{name: "space behind a name", body: here(".header", `["X-A : b"]`)},
		{name: "markup in the reason", body: here("reason", `"<script>alert(1)</script>"`)},
		{name: "active at once", body: here("status", `"active"`)},
		{name: "id of its own", body: here("id", `"../../etc/passwd"`)},
	} {
		harmless.accepted = true
		list = append(list, harmless)
	}
	return list
}

func filterOf(criteria string) string {
	return `{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":` + quoted(criteria) + `}]}`
}

// Every hostile Subscription is refused with an OperationOutcome that says where, or is
// harmless; nobody is dialled who must not be.
func TestHostileSubscriptions(t *testing.T) {
	listener, err := net.Listen("tcp", ":0") // on every address of this machine
	require.NoError(t, err)
	defer listener.Close()
	var connections atomic.Int64
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			c.Close()
		}
	}()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)

	s := open(t, func(c *Config) {
		c.Store, c.AllowPrivate, c.Retry = "memory", false, []time.Duration{time.Millisecond}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	refused, accepted := 0, []string{}
	list := hostileSubscriptions(port)
	for _, h := range list {
		r := send(t, s, "POST", "/Subscription", h.body, "Content-Type", "application/fhir+json")
		if h.accepted {
			require.Equal(t, http.StatusCreated, r.status, "%.80q: %s", h.name, r.raw)
			accepted = append(accepted, r.body.Get("id").Text())
			continue
		}
		require.Contains(t, []int{400, 413, 422}, r.status, "%.80q: %s", h.name, r.raw)
		code, element := r.issue(t)
		if code != "structure" && code != "too-long" && code != "invalid" {
			require.True(t, strings.HasPrefix(element, "Subscription"), "%.80q names no element: %s", h.name, r.raw)
		}
		require.NotContains(t, string(r.raw), "169.254", "an answer tells addresses")
		refused++
	}
	for _, id := range accepted {
		require.Regexp(t, `^[A-Za-z0-9.-]{1,64}$`, id)
		require.Eventually(t, func() bool { return send(t, s, "GET", "/Subscription/"+id, "").body.Get("status").Is("error") },
			time.Minute, 10*time.Millisecond, "its handshake was tried, and blocked")
	}
	t.Logf("hostile Subscriptions=%d refused=%d harmless=%d dials=%d", len(list), refused, len(accepted), connections.Load())
	require.Zero(t, connections.Load())
	require.GreaterOrEqual(t, len(list), 100)
	stop()
	require.NoError(t, <-ended)
}
