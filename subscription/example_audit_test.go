package subscription_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// auditingHost keeps resources, AuditEvents of its notifications among them, and lets
// clients subscribe to both.
type auditingHost struct {
	engine *subscription.Engine

	mu        sync.Mutex
	resources []json.RawMessage
}

// write stores a resource; hook says whether Subscriptions may be about it.
func (h *auditingHost) write(ctx context.Context, resource json.RawMessage, hook bool) error {
	h.mu.Lock()
	h.resources = append(h.resources, resource)
	h.mu.Unlock()
	if !hook {
		return nil
	}
	return h.engine.OnResourceChange(ctx, subscription.ResourceChange{Interaction: subscription.Create, Resource: resource})
}

// audit writes the AuditEvent of an attempt to notify. It is a change like any other, about
// which somebody may be notified, and that is audited, too. There it ends: an AuditEvent of
// a notification about nothing but AuditEvents, or about nothing at all, as a handshake is,
// does not go to the hook. Else one would lead to the next for ever.
func (h *auditingHost) audit(ctx context.Context, n subscription.Notified) {
	aboutOthers := false
	for _, focus := range n.Focus {
		aboutOthers = aboutOthers || !strings.HasPrefix(focus, "AuditEvent/")
	}
	if err := h.write(ctx, auditEvent(n), aboutOthers); err != nil {
		fmt.Println("an AuditEvent was not written") // the host's own alarm
	}
}

// auditEvent is the AuditEvent of a disclosure by its source, as IHE's Basic Audit Log
// Patterns have it. A host adds the patient, whom it knows from the focus.
func auditEvent(n subscription.Notified) json.RawMessage {
	type object = map[string]any
	coding := func(system, code string) object { return object{"system": system, "code": code} }
	const dicom = "http://dicom.nema.org/resources/ontology/DCM"
	outcome := "0" // success
	if n.Result != subscription.ResultOK {
		outcome = "4" // it may have failed: nobody knows what arrived
	}
	recipient := object{
		"type":      object{"coding": []any{coding(dicom, "110152")}},
		"who":       object{"display": n.Owner},
		"requestor": false,
	}
	if n.Endpoint != "" {
		recipient["network"] = object{"address": n.Endpoint, "type": "5"}
	}
	entities := []any{object{"what": object{"reference": "Subscription/" + n.Subscription}, "role": coding("http://terminology.hl7.org/CodeSystem/object-role", "9")}}
	for _, reference := range n.Disclosed {
		entities = append(entities, object{"what": object{"reference": reference}, "role": coding("http://terminology.hl7.org/CodeSystem/object-role", "4")})
	}
	raw, _ := json.Marshal(object{
		"resourceType": "AuditEvent", "id": fmt.Sprint("audit-", n.ID, "-", n.At.UnixNano()),
		"type": coding(dicom, "110106"), "subtype": []any{coding("http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose")},
		"action": "R", "recorded": n.At.UTC().Format(time.RFC3339Nano), "outcome": outcome,
		"agent": []any{
			object{"type": object{"coding": []any{coding(dicom, "110153")}}, "who": object{"display": "this server"}, "requestor": false,
				"network": object{"address": base, "type": "5"}},
			recipient,
		},
		"source": object{"observer": object{"display": "this server"}},
		"entity": entities,
	})
	return raw
}

const auditTopic = `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/audit","status":"active","resourceTrigger":[{"resource":"AuditEvent","supportedInteraction":["create"]}]}`

// newAuditingHost is a host with two topics: patients, and its own AuditEvents.
func newAuditingHost(channel subscription.Channel) (*auditingHost, error) {
	h := new(auditingHost)
	var topics []*topic.Topic
	for _, raw := range []string{anyPatientText, auditTopic} {
		parsed, err := topic.Parse([]byte(raw))
		if err != nil {
			return nil, err
		}
		topics = append(topics, parsed)
	}
	var err error
	h.engine, err = subscription.New(subscription.Config{
		Release: subscription.R4, BaseURL: base, Store: memory.New(), Channels: []subscription.Channel{channel},
		Topics: topics, Authorizer: subscription.InsecureAllowAll{},
		OnNotified: h.audit,
	})
	return h, err
}

// A host that writes an AuditEvent for each notification, though clients may subscribe to
// AuditEvents, too.
func ExampleConfig_onNotified() {
	host, err := newAuditingHost(new(peer))
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	for _, about := range []string{anyPatient, "https://topics.example.org/audit"} {
		if _, err := host.engine.Create(ctx, "", json.RawMessage(subscriptionJSON(about))); err != nil {
			panic(err)
		}
	}
	if err := host.write(ctx, json.RawMessage(`{"resourceType":"Patient","id":"1"}`), true); err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- host.engine.Run(ctx) }()
	about := func(reference string) (n int) {
		host.mu.Lock()
		defer host.mu.Unlock()
		for _, resource := range host.resources {
			if strings.HasPrefix(string(resource), `{"action"`) && strings.Contains(string(resource), `"reference":"`+reference) {
				n++
			}
		}
		return n
	}
	for about("AuditEvent/") == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
	fmt.Println("AuditEvents about the patient:", about("Patient/1"))
	fmt.Println("AuditEvents about that:", about("AuditEvent/"))
	// Output:
	// AuditEvents about the patient: 1
	// AuditEvents about that: 1
}

// Whatever a notification shows, an audit of it never leads to the next audit for ever.
func TestAuditsDoNotGoInCircles(t *testing.T) {
	for _, content := range []string{"empty", "id-only", "full-resource"} {
		t.Run(content, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				subscriber := new(peer)
				host, err := newAuditingHost(subscriber)
				require.NoError(t, err)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- host.engine.Run(ctx) }()
				level := setChannel("_payload", map[string]any{"extension": []any{map[string]any{"url": backport + "backport-payload-content", "valueCode": content}}})
				for _, about := range []string{anyPatient, "https://topics.example.org/audit"} {
					_, err := host.engine.Create(ctx, "", json.RawMessage(subscriptionJSON(about, level)))
					require.NoError(t, err)
				}
				time.Sleep(time.Second)
				for i := range 20 {
					require.NoError(t, host.write(ctx, fmt.Appendf(nil, `{"resourceType":"Patient","id":"%d"}`, i), true))
					time.Sleep(time.Second)
				}
				time.Sleep(time.Hour)
				stop()
				require.NoError(t, <-ended)
				sent := len(subscriber.seen(notification.Handshake)) + len(subscriber.seen(notification.EventNotification))
				require.Equal(t, 2+20+20, sent)
				require.Len(t, host.resources, 20+sent, "an AuditEvent for each")
			})
		})
	}
}
