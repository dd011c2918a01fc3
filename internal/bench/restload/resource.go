package main

import (
	"fmt"
	"strings"
)

const topicURL = "https://bench.example.org/observation"

// topicR4 is the topic in the form of R4; R4B and R5 have it as a SubscriptionTopic.
const topicR4 = `{"resourceType":"SubscriptionTopic","id":"restload","url":"` + topicURL + `","status":"active",` +
	`"resourceTrigger":[{"resource":"Observation","supportedInteraction":["create"]}],` +
	`"canFilterBy":[{"resource":"Observation","filterParameter":"patient"}]}`

const guide = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

// subscription is one that sends to an endpoint what concerns a patient, or all.
func (c *config) subscription(endpoint, patient string) []byte {
	if c.release == "R5" {
		filter := ""
		if patient != "" {
			filter = fmt.Sprintf(`"filterBy":[{"resourceType":"Observation","filterParameter":"patient","value":"Patient/%s"}],`, patient)
		}
		return fmt.Appendf(nil, `{"resourceType":"Subscription","status":"requested","reason":"load","topic":%q,%s"channelType":{"system":"http://terminology.hl7.org/CodeSystem/subscription-channel-type","code":"rest-hook"},`+
			`"endpoint":%q,"contentType":"application/fhir+json","content":"full-resource"}`, c.topic, filter, endpoint)
	}
	filter := ""
	if patient != "" {
		filter = fmt.Sprintf(`"_criteria":{"extension":[{"url":"%sbackport-filter-criteria","valueString":"Observation?patient=Patient/%s"}]},`, guide, patient)
	}
	return fmt.Appendf(nil, `{"resourceType":"Subscription","meta":{"profile":["%sbackport-subscription"]},"status":"requested","reason":"load","criteria":%q,%s`+
		`"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json","_payload":{"extension":[{"url":"%sbackport-payload-content","valueCode":"full-resource"}]}}}`,
		guide, c.topic, filter, endpoint, guide)
}

// mark begins what is known again.
const mark = "restload-"

// observation is a resource of about 1 KB with a mark.
func observation(number int, patient string) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],`+
		`"code":{"coding":[{"system":"http://loinc.org","code":"1975-2","display":"Bilirubin.total [Mass/volume] in Serum or Plasma"}],"text":"%s%d."},"subject":{"reference":"Patient/%s"},`+
		`"effectiveDateTime":"2026-02-03T04:05:06Z","valueQuantity":{"value":0.8,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"},"note":[{"text":%q}]}`,
		mark, number, patient, strings.Repeat("What was found is as it should be. ", 14))
}
