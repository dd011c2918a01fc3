package fhirserver

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSearch(t *testing.T) {
	s := open(t)
	for i, body := range []string{
		`{"resourceType":"Patient","id":"a","gender":"female","birthDate":"1970-05-01","name":[{"family":"Åberg"}]}`,
		`{"resourceType":"Patient","id":"b","gender":"male","birthDate":"1980-05-01","generalPractitioner":[{"reference":"Practitioner/p"}]}`,
		`{"resourceType":"Patient","id":"c","gender":"female","birthDate":"1990-05-01","generalPractitioner":[{"reference":"http://fhir.test/fhir/Practitioner/p"}]}`,
	} {
		id := string(rune('a' + i))
		require.Equal(t, http.StatusCreated, send(t, s, "PUT", "/Patient/"+id, body).status)
	}
	send(t, s, "PUT", "/Practitioner/p", `{"resourceType":"Practitioner","id":"p","name":[{"family":"House"}]}`)
	send(t, s, "PUT", "/Observation/o", `{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"code":"8480-6"}]},"subject":{"reference":"Patient/b"}}`)
	send(t, s, "PUT", "/Patient/d", `{"resourceType":"Patient","id":"d","gender":"female"}`)
	send(t, s, "DELETE", "/Patient/d", "")

	for query, want := range map[string]string{
		"":                                    "a b c",
		"gender=female":                       "a c",
		"gender=female&birthdate=lt1980":      "a",
		"gender:not=female":                   "b",
		"gender=female,male":                  "a b c",
		"family=aber":                         "a",
		"birthdate=ge1980&_sort=-_id":         "c b",
		"_sort=_lastUpdated":                  "a b c",
		"_sort=-_lastUpdated":                 "c b a",
		"_id=a,c,none":                        "a c",
		"_id=a&gender=male":                   "",
		"general-practitioner=p":              "b c",
		"general-practitioner=Practitioner/p": "b c",
		"name:exact=%C3%85berg":               "a",
		"general-practitioner.name=House":     "b c",
		"general-practitioner:Practitioner.name=Wilson":  "",
		"_has:Observation:patient:code=8480-6":           "b",
		"_filter=gender+eq+female+and+birthdate+lt+1980": "a",
		"name:missing=true":                              "b c",
		"_total=none&_format=json":                       "a b c",
	} {
		t.Run(query, func(t *testing.T) {
			r := send(t, s, "GET", "/Patient?"+query, "")
			require.Equal(t, http.StatusOK, r.status, string(r.raw))
			require.Equal(t, want, strings.Join(r.ids(), " "))
			require.Equal(t, !strings.Contains(query, "_total=none"), r.body.Get("total").Exists())
			for _, e := range r.entries() {
				require.True(t, e.Path("search", "mode").Is("match"))
				require.True(t, e.Get("fullUrl").Is(base+"/Patient/"+e.Path("resource", "id").Text()))
			}
			form := send(t, s, "POST", "/Patient/_search", query, "Content-Type", formContent)
			require.Equal(t, r.ids(), form.ids())
		})
	}
	mixed := send(t, s, "POST", "/Patient/_search?gender=female", "birthdate=lt1980", "Content-Type", formContent)
	require.Equal(t, []string{"a"}, mixed.ids())
}

func TestSearchRefuses(t *testing.T) {
	s := open(t)
	for _, query := range []string{
		"colour=red", "gender:above=x", "name:colour=x", "birthdate=xx2020", "birthdate=yesterday",
		"_include=Patient:organization", "_revinclude=Observation:patient", "general-practitioner.colour=x", "_has:Observation:colour:code=1",
		"_summary=true", "_elements=id", "_pretty=true", "_filter=x", "_content=x",
		"_sort=birthdate", "_sort=_id,_lastUpdated", "_count=-1", "_count=x", "_total=yes", "_count=1&_count=2",
		"_cursor=x&_sort=_lastUpdated", "gender=%zz", "_contained=true", "near=1",
	} {
		t.Run(query, func(t *testing.T) {
			r := send(t, s, "GET", "/Patient?"+query, "")
			require.Equal(t, http.StatusBadRequest, r.status, string(r.raw))
			r.issue(t)
		})
	}
}

func TestPaging(t *testing.T) {
	s := open(t)
	var all []string
	for i := range 7 {
		gender := []string{"female", "male"}[i%2]
		all = append(all, created(t, s, fmt.Sprintf(`{"resourceType":"Patient","gender":%q}`, gender)))
	}
	even := []string{all[0], all[2], all[4], all[6]}
	for _, c := range []struct {
		query string
		want  []string
	}{
		{"_sort=_lastUpdated", all},
		{"_sort=-_lastUpdated", reversed(all)},
		{"", slices.Sorted(slices.Values(all))},
		{"_sort=-_id", reversed(slices.Sorted(slices.Values(all)))},
		{"gender=female&_sort=_lastUpdated", even},
		{"gender=female&_sort=_lastUpdated&_total=none", even},
	} {
		for _, count := range []int{1, 2, 3, 7, 50} {
			t.Run(fmt.Sprintf("%s by %d", c.query, count), func(t *testing.T) {
				var found []string
				for next := "/Patient?" + c.query + "&_count=" + fmt.Sprint(count); next != ""; {
					r := send(t, s, "GET", next, "")
					require.Equal(t, http.StatusOK, r.status, string(r.raw))
					require.LessOrEqual(t, len(r.ids()), count)
					if r.body.Get("total").Exists() {
						require.Equal(t, fmt.Sprint(len(c.want)), r.body.Get("total").Text())
					}
					require.NotEmpty(t, r.link("self"))
					found = append(found, r.ids()...)
					next = r.link("next")
				}
				require.Equal(t, c.want, found)
			})
		}
	}
	none := send(t, s, "GET", "/Patient?_count=0", "")
	require.Equal(t, "7", none.body.Get("total").Text())
	require.Empty(t, none.entries())
	require.Empty(t, none.link("next"))
}

func reversed(of []string) []string {
	of = slices.Clone(of)
	slices.Reverse(of)
	return of
}

// TestTopicDiscovery holds the recommended search of R4 clients (DISC-05).
// spec: DISC-05, CAP-07
func TestTopicDiscovery(t *testing.T) {
	s := open(t)
	r := send(t, s, "GET", "/Basic?code="+url.QueryEscape("http://hl7.org/fhir/fhir-types|SubscriptionTopic"), "")
	require.Equal(t, []string{"topic-bilirubin-high", "topic-encounter-complete", "topic-encounter-start", "topic-lab-result", "topic-patient-change"}, r.ids())
	one := send(t, s, "GET", "/Basic/topic-lab-result", "")
	require.Equal(t, http.StatusOK, one.status)
	require.Contains(t, string(one.raw), "https://carillon-fhir.github.io/topics/lab-result")
}
