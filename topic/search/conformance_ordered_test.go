package search_test

import "testing"

// R4 and R5, "date" with the table of prefixes: "the range of the search value", "the
// range of the target value"; eq asks that the former fully contains the latter.
func TestConformanceDate(t *testing.T) {
	check(t, r4, `{"resourceType":"Procedure","performedPeriod":{"start":"2013-01-14","end":"2013-01-16T12:00:00Z"}}`, `
	+ date=2013-01
	- date=2013-01-15
	- date=2013-01-14
	+ date=ne2013-01-15
	- date=ne2013-01
	+ date=gt2013-01-15
	- date=gt2013-01-16
	+ date=ge2013-01-16
	- date=ge2013-01-17
	+ date=lt2013-01-15
	- date=lt2013-01-14
	+ date=le2013-01-14
	- date=le2013-01-13
	+ date=sa2013-01-13
	- date=sa2013-01-14
	+ date=eb2013-01-17
	- date=eb2013-01-16
	+ date=eb2013-01-16T12:00:01Z
	+ date=ap2013-01-15
	+ date=ge2013-01-15&date=le2013-01-15
	+ date=2012,2013
	`)
	check(t, r4, `{"resourceType":"Patient","birthDate":"1990-02"}`, `
	+ birthdate=1990
	+ birthdate=1990-02
	- birthdate=1990-02-14
	+ birthdate=ne1990-02-14
	+ birthdate=ge1990-02-14
	+ birthdate=gt1990-02-14
	+ birthdate=le1990-02-14
	+ birthdate=lt1990-02-14
	- birthdate=sa1990-02-14
	- birthdate=eb1990-02-14
	- birthdate=gt1990
	- birthdate=lt1990
	+ birthdate=le1990
	+ birthdate=sa1990-01
	+ birthdate=eb1990-03
	x birthdate=1990-2
	x birthdate=19900201
	x birthdate=02/1990
	x birthdate=1990-02-30
	x birthdate=1990-02-01T
	x birthdate=1990-02-01T10Z
	x birthdate=ge 1990
	x birthdate=>1990
	x birthdate=1990..1991
	x birthdate:exact=1990
	x birthdate:in=1990
	`)
	check(t, r4, `{"resourceType":"Observation","effectiveInstant":"2015-02-07T13:28:17.239+02:00"}`, `
	+ date=2015-02-07
	+ date=2015-02-07T11:28Z
	+ date=2015-02-07T11:28:17Z
	+ date=2015-02-07T11:28:17.239Z
	- date=2015-02-07T11:28:17.238Z
	- date=2015-02-07T13:28Z
	+ date=2015-02-07T13:28%2B02:00
	+ date=2015-02-07T11:28:17.2Z
	+ date=gt2015-02-07T11:28:17.238Z
	- date=gt2015-02-07T11:28:17Z
	+ date=sa2015-02-07T11:28:16Z
	+ date=eb2015-02-07T11:28:18Z
	`)
	check(t, r4, `{"resourceType":"Observation","effectivePeriod":{"start":"2020-01-01"}}`, `
	+ date=gt2999
	+ date=ge2020
	- date=2020
	+ date=ne2020
	- date=eb2999
	- date=lt2020
	+ date=lt2020-06
	+ date=sa2019
	`)
	check(t, r4, `{"resourceType":"Observation"}`, `
	- date=ne2020
	- date=ge1000
	- date=lt2999
	+ date:missing=true
	`)
}

// R4 and R5, "number": precision by digits for eq and ne, exact for all else.
func TestConformanceNumber(t *testing.T) {
	check(t, r4, `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.804}]}`, `
	+ probability=0.8
	+ probability=0.80
	- probability=0.800
	+ probability=0.804
	+ probability=8e-1
	+ probability=gt0.8
	- probability=lt0.8
	+ probability=ge0.804
	- probability=gt0.804
	+ probability=le0.804
	+ probability=ne0.800
	- probability=ne0.80
	+ probability=sa0.8
	+ probability=eb0.81
	+ probability=ap0.75
	- probability=ap0.7
	- probability=0,8
	x probability=80%25
	x probability=abc
	x probability=gt
	x probability:above=0.8
	`)
}

// R4 and R5, "quantity": [prefix][number]|[system]|[code].
func TestConformanceQuantity(t *testing.T) {
	check(t, r4, `{"resourceType":"Observation","valueQuantity":{"value":72.5,"unit":"kg","system":"http://unitsofmeasure.org","code":"kg"}}`, `
	+ value-quantity=72.5
	+ value-quantity=72.5|http://unitsofmeasure.org|kg
	+ value-quantity=72.5||kg
	+ value-quantity=72500|http://unitsofmeasure.org|g
	- value-quantity=72500||g
	- value-quantity=72.5|http://unitsofmeasure.org|g
	- value-quantity=72.5|http://unitsofmeasure.org|cm
	- value-quantity=gt0|http://unitsofmeasure.org|cm
	- value-quantity=ne1|http://unitsofmeasure.org|cm
	+ value-quantity=ne1|http://unitsofmeasure.org|kg
	+ value-quantity=gt72||kg
	- value-quantity=lt72||kg
	+ value-quantity=ge72.5||kg
	+ value-quantity=ap70|http://unitsofmeasure.org|kg
	- value-quantity=ap60|http://unitsofmeasure.org|kg
	+ value-quantity=73
	- value-quantity=72
	+ value-quantity=1,72.5
	x value-quantity=72.5kg
	x value-quantity=72.5|kg
	x value-quantity=|http://unitsofmeasure.org|kg
	x value-quantity:missing=no
	`)
	check(t, r4, `{"resourceType":"Observation","valueQuantity":{"value":0.6,"comparator":"<","unit":"ng/mL"}}`, `
	+ value-quantity=lt0.6
	+ value-quantity=lt0.1
	- value-quantity=gt0.6
	- value-quantity=0.6
	+ value-quantity=lt0.6||ng/mL
	- value-quantity=lt0.6||mg/mL
	`)
}

// R4 and R5, "composite": all the parts of one element.
func TestConformanceComposite(t *testing.T) {
	check(t, r4, `{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
	"component":[
	 {"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
	 {"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]}`, `
	+ component-code-value-quantity=8480-6$107
	+ component-code-value-quantity=http://loinc.org|8480-6$lt120
	+ component-code-value-quantity=http://loinc.org|8480-6$107|http://unitsofmeasure.org|mm[Hg]
	- component-code-value-quantity=8480-6$60
	- component-code-value-quantity=8462-4$107
	- component-code-value-quantity=8462-4$gt60
	+ component-code-value-quantity=8462-4$gt100,8462-4$60
	+ component-code-value-quantity=8480-6$gt100&component-code-value-quantity=8462-4$lt70
	- component-code-value-quantity=8480-6$gt100&component-code-value-quantity=8462-4$gt70
	- code-value-quantity=85354-9$107
	+ combo-code-value-quantity=8480-6$107
	- combo-code-value-quantity=85354-9$107
	- component-code-value-quantity=8480-6$107&status=amended
	x component-code-value-quantity=8480-6
	x component-code-value-quantity=8480-6$107$1
	x component-code-value-quantity=$107
	x component-code-value-quantity=8480-6$
	x component-code-value-quantity=8480-6$x
	x component-code-value-quantity:not=8480-6$107
	`)
}

// What is not for one resource to answer, or not known, is refused; R4 and R5, "Handling
// errors", and strict handling.
func TestConformanceRefused(t *testing.T) {
	check(t, r4, `{"resourceType":"Patient","id":"p"}`, `
	x foo=bar
	x Name=x
	x name:EXACT=x
	x name:=x
	x name
	x =x
	x _sort=name
	x _count=10
	x _include=Patient:organization
	x _summary=true
	x _elements=name
	x _total=accurate
	x _format=json
	x _text=cancer
	x _content=cancer
	x _query=current
	x organization.name=x
	x _has:Observation:patient:code=1
	x _in=Group/1
	x _list=42
	x general-practitioner:in=Group/1
	x name=a&&gender=male
	x gender=male&
	x gender=%zz
	`)
	check(t, r4, `{"resourceType":"Location","position":{"longitude":1,"latitude":2}}`, "x near=2|1|10|km")
}
