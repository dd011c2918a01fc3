package search_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic/search"
)

// TestDateVectors goes through the examples of the FHIR search page, "date", and the
// table of prefixes.
func TestDateVectors(t *testing.T) {
	at := func(value string) string {
		return `{"resourceType":"Observation","effectiveDateTime":"` + value + `"}`
	}
	period := func(limits string) string {
		return `{"resourceType":"Observation","effectivePeriod":{` + limits + `}}`
	}
	check(t, r4, at("2013-01-14T00:00:00"), `
	+ date=2013-01-14
	+ date=eq2013-01-14
	- date=ne2013-01-14
	- date=gt2013-01-14
	+ date=ge2013-01-14
	- date=lt2013-01-14
	+ date=le2013-01-14
	+ date=lt2013-01-14T10:00
	- date=gt2013-01-14T10:00
	- date=2013-01-14T10:00
	+ date=2013-01
	+ date=2013
	- date=2012
	- date=sa2013-01-14
	+ date=sa2013-01-13
	- date=eb2013-01-14
	+ date=eb2013-01-15
	+ date=2013-01-13,2013-01-14
	+ date=ge2013&date=lt2014
	- date=ge2013-02&date=lt2014
	`)
	check(t, r4, at("2013-01-14T10:00:00"), `
	+ date=eq2013-01-14
	+ date=2013-01-14T10:00
	+ date=2013-01-14T10:00Z
	+ date=2013-01-14T11:00%2B01:00
	- date=2013-01-14T10:00%2B01:00
	- date=ne2013-01-14
	+ date=ne2013-01-15
	`)
	check(t, r4, at("2013-01-15T00:00:00"), `
	- date=eq2013-01-14
	+ date=ne2013-01-14
	+ date=gt2013-01-14
	`)
	check(t, r4, at("2013-01-14"), `
	+ date=lt2013-01-14T10:00
	+ date=gt2013-01-14T10:00
	+ date=ge2013-01-14T10:00
	+ date=le2013-01-14T10:00
	- date=2013-01-14T10:00
	+ date=ne2013-01-14T10:00
	- date=sa2013-01-14T10:00
	- date=eb2013-01-14T10:00
	+ date=ap2013-01-14
	`)
	check(t, r4, period(`"start":"2013-01-21"`), `
	+ date=ge2013-03-14
	+ date=gt2013-03-14
	+ date=le2013-03-14
	+ date=lt2013-03-14
	- date=sa2013-03-14
	- date=eb2013-03-14
	- date=2013
	+ date=ne2013
	- date=lt2013-01-21
	+ date=le2013-01-21
	+ date=sa2013-01-20
	- date=le2013-01-20
	`)
	check(t, r4, period(`"start":"2013-03-15"`), `
	+ date=sa2013-03-14
	- date=eb2013-03-14
	- date=lt2013-03-15
	`)
	check(t, r4, period(`"end":"2013-01-21"`), `
	- date=sa2013-03-14
	+ date=eb2013-03-14
	+ date=lt1900
	+ date=le2013-01-21
	+ date=ge2013-01-21
	- date=gt2013-01-21
	- date=eb2013-01-21
	- date=2013
	`)
	check(t, r4, period(`"start":"2009-12-01","end":"2010-01-01T12:00:00Z"`), `
	+ date=ge2010-01-01&date=le2011-12-31
	- date=gt2010-01-01
	+ date=gt2010-01-01T11:00Z
	- date=2010
	- date=2009
	- date=sa2009-12-01
	+ date=sa2009-11
	+ date=eb2010-01-02
	- date=eb2010-01-01
	`)
	check(t, r4, period(`"start":"2010-05","end":"2010"`), `
	+ date=2010
	- date=2010-05
	+ date=gt2010-11-30
	- date=gt2010-12
	`)
	// The zone in which a date was written does not matter for a date.
	check(t, r4, at("2011-01-02T23:00:00-11:30"), `
	+ date=2011-01-02
	- date=2011-01-03
	+ date=2011-01-03T10:30Z
	+ date=le2011-01-02
	- date=gt2011-01-02
	`)
	check(t, r4, at("2011-01-02T00:00:00+11:00"), `
	+ date=2011-01-02
	- date=2011-01-01
	+ date=2011-01-01T13:00Z
	`)
	check(t, r4, at("2011-01-03T13:00:00+01:00"), "- date=2011-01-02")
	check(t, r4, at("2011-01-01T10:00:00+01:00"), "- date=2011-01-02")
	check(t, r4, `{"resourceType":"Observation","issued":"2020-02-29T23:59:59.999Z","meta":{"lastUpdated":"2020-02-29T23:59:59.999-05:00"},
	"valueDateTime":"2020","component":[{"valueDateTime":"2021-05"}]}`, `
	+ _lastUpdated=2020-02-29
	+ _lastUpdated=2020-02-29T23:59:59-05:00
	+ _lastUpdated=2020-03-01T04:59:59.999Z
	- _lastUpdated=2020-03-01T04:59:59.998Z
	+ _lastUpdated=gt2020-03-01T04:59:59.998Z
	- _lastUpdated=gt2020-03-01T04:59:59.999Z
	+ _lastUpdated=ge2020-03-01T04:59:59.999Z
	+ _lastUpdated=sa2020-03-01T04:59:58Z
	+ value-date=2020
	- value-date=2020-01
	+ value-date=ge2020-07
	+ value-date=lt2020-07
	+ value-date:missing=false
	+ date:missing=true
	x date=2020-02-30
	x date=2019-02-29
	x date=2020-13
	x date=2020-00
	x date=2020-1-1
	x date=20
	x date=2020-01-01T10
	x date=2020-01-01T24:00
	x date=2020-01-01T10:60
	x date=2020-01-01T10:00:61
	x date=2020-01-01T10:00:00.
	x date=2020-01-01T10:00+15:00
	x date=2020-01-01T10:00:00 01:00
	x date=2020-01-01+01:00
	x date=ne
	x date=geq2020
	x date=GE2020
	x date=> 2020
	x date=now
	x date:not=2020
	x date:exact=2020
	x date:missing=1
	`)
	check(t, r4, `{"resourceType":"ServiceRequest","occurrenceTiming":{"repeat":{"boundsPeriod":{"start":"2013-01-31","end":"2013-03-24"},"frequency":1,"period":2,"periodUnit":"d"}}}`, `
	+ occurrence=ge2013-02-01&occurrence=le2013-02-01
	- occurrence=2013-02-01
	+ occurrence=2013
	- occurrence=gt2013-03-24
	- occurrence=lt2013-01-31
	+ occurrence=ap2013-02-01
	`)
	check(t, r4, `{"resourceType":"ServiceRequest","occurrenceTiming":{"event":["2013-02-01","2013-05-01T10:00:00Z"]}}`, `
	+ occurrence=gt2013-04
	+ occurrence=lt2013-02-02
	- occurrence=sa2013-02-01
	- occurrence=2013-02
	+ occurrence=2013
	`)
	check(t, r4, `{"resourceType":"ServiceRequest","occurrenceTiming":{"code":{"text":"BID"}}}`, `
	- occurrence=2013
	- occurrence=ne2013
	- occurrence=lt2013
	`)
	check(t, r4, `{"resourceType":"Patient","birthDate":"1982-01-23","deceasedDateTime":"2015-02-14T13:42:00+10:00"}`, `
	+ birthdate=1982-01-23
	+ birthdate=1982-01
	+ birthdate=1982
	- birthdate=1982-01-22
	+ birthdate=gt1982-01-22
	- birthdate=gt1982-01-23
	- birthdate=gt1982
	+ birthdate=ge1982
	+ birthdate=le1982
	- birthdate=lt1982
	+ birthdate=ge1982-01-23T00:00Z
	+ birthdate=lt1982-01-23T20:00-11:00
	- birthdate=1982-01-23T00:00:00
	+ death-date=2015-02-14
	+ death-date=2015-02-14T03:42Z
	- death-date=2015-02-14T13:42Z
	`)
}

// TestApproximateDate: a tenth of the time between now and the value.
func TestApproximateDate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // now is 2000-01-01
		const birth = `{"resourceType":"Patient","birthDate":"1990-06-15"}`
		resource := node(t, birth)
		for query, want := range map[string]bool{
			"birthdate=ap1990-06-15": true, "birthdate=ap1990": true,
			"birthdate=ap1991": true, "birthdate=ap1992-01-01": false,
			"birthdate=ap1989-12": true, "birthdate=ap1980": false, "birthdate=ap1970": false,
			"birthdate=ap2000-01-01": false, "birthdate=ap2009": false,
		} {
			criteria, err := search.ParseQuery(r4, "Patient", query)
			require.NoError(t, err)
			require.Equal(t, want, matches(t, criteria, resource), query)
		}
	})
}
