package notification

// r4b is the form of the Subscriptions R5 Backport guide for R4B: a history as in R4,
// whose first entry is a SubscriptionStatus (STS-04, PROF-02).
var r4b = form{
	header: `,"meta":{"profile":["http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification"]}` +
		`,"type":"history"`,
	statuses: []string{"requested", "active", "error", "off"},
	status:   appendSubscriptionStatus,
	exchange: appendExchange,
}
