package subscription

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// What is accepted reads back as what was accepted, whatever a stranger sends.
func FuzzSubscription(f *testing.F) {
	const content = `"_payload":{"extension":[{"url":"` + payloadContentURL + `","valueCode":"id-only"}]}`
	for _, seed := range []string{
		`{"resourceType":"Subscription","status":"requested","reason":"r","criteria":"https://t.example.org/a","channel":{"type":"rest-hook","endpoint":"https://a.example.org","payload":"application/fhir+json",` + content + `}}`,
		`{"resourceType":"Subscription","id":"x","meta":{"versionId":"1","tag":[]},"status":"off","end":"2030-01-01T00:00:00Z","reason":"r","criteria":"urn:a|1","_criteria":{"extension":[{"url":"` + filterCriteriaURL + `","valueString":"Patient?_id=a&gender:not=male"}]},"channel":{"type":"message","header":["A: b"],"extension":[{"url":"` + heartbeatPeriodURL + `","valueUnsignedInt":1},{"url":"` + maxCountURL + `","valuePositiveInt":7}]}}`,
		`{"resourceType":"Subscription","status":"requested","topic":"https://t.example.org/a","channelType":{"code":"rest-hook"},"endpoint":"https://a.example.org","parameter":[{"name":"A","value":"b"}],"filterBy":[{"resourceType":"Patient","filterParameter":"gender","modifier":"not","value":"male"}],"heartbeatPeriod":5,"timeout":90,"content":"id-only","maxCount":3}`,
		`{"resourceType":"Subscription","channel":[]}`, `{}`, `[]`, `null`,
	} {
		f.Add(seed)
	}
	limits := Config{MinHeartbeat: 10 * time.Second, SendTimeout: 30 * time.Second, MaxBatch: 100}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := fhirpath.Parse([]byte(text))
		if err != nil {
			return
		}
		for _, form := range []*form{&r4Form, &r5Form} {
			r := reader{form: form, root: doc.Root(), limits: limits, now: now}
			s := r.read()
			if len(r.issues) > 0 {
				continue
			}
			s.ID = "x"
			s.Resource = r.adjusted(s)
			stored, err := fhirpath.Parse(s.Resource)
			require.NoError(t, err)
			again := reader{form: form, root: stored.Root(), limits: limits, now: now, stored: true}
			read := again.read()
			require.Empty(t, again.issues)
			read.Status, read.Resource = s.Status, s.Resource
			require.Equal(t, s, read)
			resource := members(stored.Root())
			form.mask(resource)
			require.True(t, json.Valid(resource.raw()))
		}
	})
}
