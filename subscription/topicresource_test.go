package subscription_test

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/validate"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// spec: DISC-01, DISC-02, DISC-05, DISC-10, CAP-01, CAP-03, CAP-04, CAP-06, CAP-07, CAP-10, TOP-20
func TestTopicsAreDiscovered(t *testing.T) { // DISC-01, DISC-02, DISC-05, DISC-10, DISC-11, CAP-03 to CAP-06
	for _, r := range releases {
		t.Run(r.String(), func(t *testing.T) {
			definitions := validate.Load(t, r)
			synctest.Test(t, func(t *testing.T) {
				retired := parseTopic(t, `{"resourceType":"SubscriptionTopic","url":"https://topics.example.org/old","title":"Old","status":"retired","derivedFrom":["`+anyPatient+`"],"resourceTrigger":[{"description":"Long ago","resource":"Patient"}],"canFilterBy":[{"resource":"Patient","filterParameter":"gender"},{"resource":"Patient","filterParameter":"_id"}]}`)
				w := newWorld(t, of(r), func(c *subscription.Config) {
					c.Topics = []*topic.Topic{parseTopic(t, anyPatientText), retired}
				})
				h := w.Handler(subscription.HandlerConfig{TopicList: true})
				kind := map[bool]string{true: "Basic", false: "SubscriptionTopic"}[r == subscription.R4]
				find := func(query string) (ids []string) {
					res, found := call(t, h, "GET", "/"+kind+"?"+query, "")
					require.Equal(t, 200, res.StatusCode, query)
					for e := range found.Get("entry").Elements() {
						require.Empty(t, definitions.Validate("", e.Get("resource").Raw()))
						require.Equal(t, base+"/"+kind+"/"+e.Path("resource", "id").Text(), e.Get("fullUrl").Text())
						ids = append(ids, e.Path("resource", "id").Text())
					}
					return ids
				}
				res, got := call(t, h, "GET", "/"+kind+"/patient", "")
				require.Equal(t, 200, res.StatusCode)
				require.Empty(t, res.Header.Get("ETag"))
				read, err := topic.Parse(got.Raw())
				require.NoError(t, err)
				require.Equal(t, anyPatient, read.URL)
				res, _ = call(t, h, "GET", "/"+kind+"/none", "")
				require.Equal(t, 404, res.StatusCode)
				require.Len(t, find(""), 2)
				require.Equal(t, []string{"old"}, find("_id=old"))
				if r == subscription.R4 {
					require.Len(t, find("code="+url.QueryEscape("http://hl7.org/fhir/fhir-types|SubscriptionTopic")), 2)
					require.Empty(t, find("code=other"))
				} else {
					queries := []string{"url=" + url.QueryEscape(retired.URL), "title=old", "status=retired", "trigger-description=long",
						"resource=" + url.QueryEscape("http://hl7.org/fhir/StructureDefinition/Patient"), "resource=Patient", "resource=Observation,Patient"}
					for _, query := range queries {
						require.Contains(t, find(query), "old", query)
					}
					require.Empty(t, find("resource=Observation"))
					require.Equal(t, []string{"old", "patient"}, find("_sort=title,_id"))
					require.Equal(t, []string{"patient", "old"}, find("_sort=-_id"))
					require.Equal(t, []string{"patient", "old"}, find("derived-or-self="+url.QueryEscape(anyPatient)))
				}
				res, _ = call(t, h, "POST", "/"+kind+"/_search", "_id=old", "Content-Type", "application/x-www-form-urlencoded")
				require.Equal(t, 200, res.StatusCode)
				res, _ = call(t, h, "GET", "/"+kind+"?phase-of-moon=full", "")
				require.Equal(t, 400, res.StatusCode)

				_, got = call(t, h, "GET", "/Subscription/$topic-list", "")
				require.Equal(t, `[{"name":"subscription-topic-canonical","valueCanonical":"`+anyPatient+`"}]`, string(got.Get("parameter").Raw()))
				_, got = call(t, h, "GET", "/Subscription/$topic-list?urls=https://none.example.org", "")
				require.Zero(t, got.Get("parameter").Len())

				fragment := string(w.CapabilityFragment(r))
				require.Equal(t, r == subscription.R4, strings.Contains(fragment, "backport-subscription-server-r4"))
				require.Equal(t, r != subscription.R5, strings.Contains(fragment, `"supportedProfile":["`+backport+`backport-subscription"]`))
				require.Contains(t, fragment, `"type":"`+kind+`","interaction":[{"code":"read"},{"code":"search-type"}]`)
				require.Contains(t, fragment, map[bool]string{true: `"name":"code"`, false: `"name":"derived-or-self"`}[r == subscription.R4])
				require.Equal(t, r == subscription.R5, strings.Contains(fragment, `"http://hl7.org/fhir/OperationDefinition/Subscription-status"`))
				require.Equal(t, r != subscription.R5, strings.Contains(fragment, `"valueCanonical":"`+anyPatient+`"`))
				require.Contains(t, fragment, "Channels: rest-hook")
				require.NotContains(t, fragment, retired.URL)
				for _, other := range releases {
					require.Equal(t, other == r, w.CapabilityFragment(other) != nil)
				}
			})
		})
	}
}
