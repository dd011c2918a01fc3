package bare

import "strconv"

// AppendBundle writes a notification of R4 with one event and its resource, with nothing
// but what every such notification has.
func AppendBundle(b []byte, e *Event) []byte {
	b = append(b, `{"resourceType":"Bundle","id":"`...)
	b = strconv.AppendInt(b, e.ID, 10)
	b = append(b, `","type":"history","timestamp":"2026-02-03T04:05:06.789Z","entry":[{"fullUrl":"urn:uuid:8f1a3c52-0000-4000-8000-000000000000","resource":{"resourceType":"Parameters","id":"8f1a3c52-0000-4000-8000-000000000000",`+
		`"meta":{"profile":["http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4"]},"parameter":[{"name":"subscription","valueReference":{"reference":"https://bench.example.org/r4/Subscription/s`...)
	b = strconv.AppendInt(b, e.Subscriber, 10)
	b = append(b, `"}},{"name":"topic","valueCanonical":"https://bench.example.org/observation"},{"name":"status","valueCode":"active"},{"name":"type","valueCode":"event-notification"},{"name":"events-since-subscription-start","valueString":"`...)
	b = strconv.AppendInt(b, e.Number, 10)
	b = append(b, `"},{"name":"notification-event","part":[{"name":"event-number","valueString":"`...)
	b = strconv.AppendInt(b, e.Number, 10)
	b = append(b, `"},{"name":"timestamp","valueInstant":"2026-02-03T04:05:06.789Z"},{"name":"focus","valueReference":{"reference":"https://bench.example.org/r4/Observation/o`...)
	b = strconv.AppendInt(b, e.ID, 10)
	b = append(b, `"}}]}]},"request":{"method":"GET","url":"https://bench.example.org/r4/Subscription/$status"},"response":{"status":"200"}},{"fullUrl":"https://bench.example.org/r4/Observation/o`...)
	b = strconv.AppendInt(b, e.ID, 10)
	b = append(b, `","resource":`...)
	b = append(b, e.Resource...)
	return append(b, `,"request":{"method":"POST","url":"Observation"},"response":{"status":"201"}}]}`...)
}
