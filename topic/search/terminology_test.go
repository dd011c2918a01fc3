package search_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// TestTerminology goes through :in, :not-in, :below and :above on tokens.
func TestTerminology(t *testing.T) {
	_, o := newHost(t, fhirpath.R4)
	check(t, o, `{"resourceType":"Condition","code":{"coding":[{"system":"a","code":"1.1.5"},{"system":"b","code":"2"},{"code":"free"}]},"severity":{"text":"bad"}}`, `
	+ code:in=http://vs
	- code:not-in=http://vs
	+ code:in=ValueSet/vs
	? code:in=http://other
	+ code:in=http://other,http://vs
	? code:not-in=http://other
	- severity:in=http://vs
	+ severity:not-in=http://vs
	- stage:in=http://vs
	+ stage:not-in=http://vs
	+ code:below=a|1
	+ code:below=a|1.1
	+ code:below=a|1.1.5
	- code:below=a|1.1.5.1
	- code:below=b|1
	+ code:below=1
	+ code:below=b|2
	+ code:below=x|9,a|1
	+ code:above=a|1.1.5
	+ code:above=a|1.1.5.9
	- code:above=a|1.1
	+ code:above=a|1.1.5.9.9
	+ code:below=free
	+ code:above=free
	x code:below=a|
	x code:below=|1
	x code:below=
	x code:in=
	x code:below=a|b|c
	x identifier:in=http://vs
	x identifier:below=a|1
	x _id:in=http://vs&_id:in=
	`)
	check(t, o, `{"resourceType":"Observation","status":"final"}`, `
	+ status:in=http://vs
	- status:not-in=http://vs
	+ status:below=http://hl7.org/fhir/observation-status|final
	x status:below=final
	`)
	check(t, o, `{"resourceType":"Patient","active":true}`, "x active:in=http://vs\n x active:below=true\n x phone:in=http://vs")
	check(t, o, `{"resourceType":"Observation","status":"amended"}`, "- status:in=http://vs\n + status:not-in=http://vs")
}
