package notification_test

import (
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/notification"
)

func ExampleAppend_handshake() {
	body, err := notification.Append(nil, fhirpath.R4, &notification.Notification{
		StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01",
		Type:     notification.Handshake, Content: notification.Empty,
		Subscription: "https://fhir.example.com/r4/Subscription/17", Status: "requested",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	n, err := notification.Parse(body)
	fmt.Println(n.Type, n.Status, n.EventsSinceSubscriptionStart, err)
	// Output: handshake requested 0 <nil>
}

func ExampleAppend() {
	n := &notification.Notification{
		ID: "n-1", StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01",
		Timestamp: time.Date(2026, 3, 2, 8, 15, 30, 0, time.UTC),
		Type:      notification.EventNotification, Content: notification.FullResource,
		Subscription: "https://fhir.example.com/r4/Subscription/17", Status: "active",
		EventsSinceSubscriptionStart: 42,
		Events: []notification.Event{{Number: 42, Focus: notification.Entry{
			FullURL: "https://fhir.example.com/r4/Encounter/501", Method: "PUT", URL: "Encounter/501", Status: "200",
			Resource: []byte(`{"resourceType":"Encounter","id":"501"}`),
		}}},
	}
	full, err := notification.Append(nil, fhirpath.R4, n)
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, _ := fhirpath.Parse(full)
	for entry := range doc.Root().Get("entry").Elements() {
		fmt.Printf("%s %s\n", entry.Path("request", "method").Text(), entry.Path("resource", "resourceType").Text())
	}

	n.Content = notification.Empty // the same events, nothing of the resource
	empty, _ := notification.Append(nil, fhirpath.R4, n)
	doc, _ = fhirpath.Parse(empty)
	fmt.Println(doc.Root().Get("entry").Len(), "entry")
	// Output:
	// GET Parameters
	// PUT Encounter
	// 1 entry
}

func ExampleAppendStatusBundle() {
	body, err := notification.AppendStatusBundle(nil, fhirpath.R4,
		"https://fhir.example.com/r4/Subscription/$status", time.Now(), "answer-1",
		[]*notification.Notification{{
			StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01", Type: notification.QueryStatus,
			Subscription: "https://fhir.example.com/r4/Subscription/17", Status: "active",
			EventsSinceSubscriptionStart: 42,
		}})
	if err != nil {
		fmt.Println(err)
		return
	}
	statuses, err := notification.ParseAll(body)
	fmt.Println(len(statuses), statuses[0].EventsSinceSubscriptionStart, err)
	// Output: 1 42 <nil>
}

func ExampleParse() {
	n, err := notification.Parse([]byte(`{
		"resourceType": "Bundle", "type": "subscription-notification", "entry": [{
			"fullUrl": "urn:uuid:231e7f38-2dd1-45ac-9161-d7bd87c403bd",
			"resource": {
				"resourceType": "SubscriptionStatus", "type": "event-notification",
				"subscription": {"reference": "Subscription/17"}, "eventsSinceSubscriptionStart": "42",
				"notificationEvent": [{"eventNumber": 42, "focus": {"reference": "https://fhir.example.com/r5/Encounter/501"}}]
			}
		}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n.Content, n.Events[0].Number, n.Events[0].Focus.FullURL)
	// Output: id-only 42 https://fhir.example.com/r5/Encounter/501
}

// Three releases, one Notification.
func ExampleAppend_releases() {
	n := &notification.Notification{
		StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01",
		Type:     notification.EventNotification, Content: notification.IDOnly,
		Subscription: "https://fhir.example.com/Subscription/17", Status: "active",
		EventsSinceSubscriptionStart: 9007199254740993,
		Events:                       []notification.Event{{Number: 9007199254740993, Focus: notification.Entry{FullURL: "https://fhir.example.com/Encounter/501"}}},
	}
	for _, release := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		body, err := notification.Append(nil, release, n)
		if err != nil {
			fmt.Println(err)
			return
		}
		doc, _ := fhirpath.Parse(body)
		bundle := doc.Root()
		for entry := range bundle.Get("entry").Elements() {
			fmt.Println(release, bundle.Get("type").Text(), entry.Path("resource", "resourceType").Text(), entry.Get("request").Exists())
		}
	}
	// Output:
	// R4 history Parameters true
	// R4B history SubscriptionStatus true
	// R5 subscription-notification SubscriptionStatus false
}

// What a subscriber may ask next, how to be allowed to, and which events fired.
func ExampleEvent() {
	n := &notification.Notification{
		StatusID: "0d6a3f0e-5c1b-4b7e-9c55-0f4d2f7b1a01",
		Type:     notification.EventNotification, Content: notification.IDOnly,
		Subscription: "https://fhir.example.com/r4/Subscription/17", Status: "active",
		EventsSinceSubscriptionStart: 1,
		Events: []notification.Event{{
			Number: 1,
			Focus:  notification.Entry{FullURL: "https://fhir.example.com/r4/Encounter/501"},
			Queries: []notification.RelatedQuery{{
				Type:  notification.Coding{System: "https://example.com/queries", Code: "discharge-meds"},
				Query: "https://fhir.example.com/r4/MedicationRequest?encounter=501",
			}},
			Authorization: notification.Authorization{Type: notification.Coding{Code: "authorization_base"}, Value: "one-time-code"},
			Triggers:      []notification.Coding{{System: "http://terminology.hl7.org/CodeSystem/v2-0003", Code: "A03"}},
		}},
	}
	body, err := notification.Append(nil, fhirpath.R4, n)
	if err != nil {
		fmt.Println(err)
		return
	}
	read, err := notification.Parse(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	e := read.Events[0]
	fmt.Println(e.Queries[0].Type.Code, e.Authorization.Value, e.Triggers[0].Code)
	// Output: discharge-meds one-time-code A03
}

// A Bundle of a server that takes it less exactly is understood, and what it did
// otherwise is told.
func ExampleParse_problems() {
	n, err := notification.Parse([]byte(`{
		"resourceType": "Bundle", "type": "subscription-notification", "entry": [{
			"resource": {
				"resourceType": "SubscriptionStatus", "type": "event-notification", "status": "active",
				"subscription": {"reference": "https://fhir.example.com/r5/Subscription/17"}, "eventsSinceSubscriptionStart": "42",
				"notificationEvent": [{"eventNumber": 42, "focus": {"reference": "Encounter/501"}}]
			}
		}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range n.Problems {
		fmt.Println(&n.Problems[i])
	}
	// Output:
	// notification: Bundle.entry[0].fullUrl: is missing
	// notification: Bundle.entry[0].resource.notificationEvent[0].eventNumber: want a string: a JSON number is not exact beyond 2^53 (STS-06)
	// notification: Bundle.entry[0].resource.notificationEvent[0]: has a relative reference (AMB-21)
}
