package embed_test

import "github.com/carillon-fhir/carillon/topic"

// What clients may subscribe to: a patient is created, or changes.
const patientTopic = `{
	"resourceType": "SubscriptionTopic", "url": "https://fhir.example.org/topics/patient", "status": "active",
	"resourceTrigger": [{"resource": "Patient", "supportedInteraction": ["create", "update"]}],
	"canFilterBy": [{"resource": "Patient", "filterParameter": "gender"}]
}`

func topics() ([]*topic.Topic, error) {
	one, err := topic.Parse([]byte(patientTopic))
	return []*topic.Topic{one}, err
}
