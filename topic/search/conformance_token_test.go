package search_test

import "testing"

// R4 and R5, "token", with the table of forms and of element types.
func TestConformanceToken(t *testing.T) {
	const encounter = `{"resourceType":"Encounter","id":"enc-1.A","status":"in-progress",
	"class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP","display":"inpatient encounter"},
	"type":[{"coding":[{"system":"http://snomed.info/sct","code":"183807002","display":"Inpatient stay 9 days"}],"text":"Long stay"},{"text":"only words"}],
	"identifier":[{"use":"temp","value":"1"},{"system":"urn:oid:1.2","value":"X-7 b"}],
	"subject":{"identifier":{"system":"http://mrn","value":"77"}}}`
	check(t, r4, encounter, `
	+ class=IMP
	+ class=http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP
	+ class=http://terminology.hl7.org/CodeSystem/v3-ActCode|
	- class=|IMP
	- class=http://terminology.hl7.org/CodeSystem/v3-ActCod|IMP
	- class=inpatient encounter
	- class:not=IMP
	+ class:not=AMB
	+ class:not=AMB,EMER
	- class:not=AMB,IMP
	+ class:text=inpat
	- class:text=encounter
	+ status=in-progress
	- status=In-Progress
	- status=in-progres
	+ status=planned,in-progress
	+ status=http://hl7.org/fhir/encounter-status|in-progress
	- status=|in-progress
	x status=http://hl7.org/fhir/encounter-status|
	x status=http://loinc.org|in-progress
	x status=http://example.org/my-status|in-progress
	x status:of-type=a|b|c
	x status:text=in
	+ type=183807002
	+ type:text=long
	+ type:text=only
	+ type:text=INPATIENT
	- type:text=words
	- type=only words
	+ type:code-text=1838
	x type:exact=183807002
	x type:contains=1838
	+ identifier=1
	+ identifier=|1
	- identifier=urn:oid:1.2|1
	+ identifier=urn:oid:1.2|x-7 B
	+ identifier=urn:oid:1.2|
	- identifier=X-7
	x identifier=urn:oid:1.2|X-7 b|z
	x identifier=|
	+ _id=enc-1.A
	- _id=enc-1.a
	x _id=Encounter/enc-1.A
	x _id=enc_1
	x _id=|enc-1.A
	- length:missing=false
	+ length:missing=true
	+ reason-code:missing=true
	+ reason-code:not=x
	- reason-code=x
	+ subject:identifier=http://mrn|77
	+ subject:identifier=77
	+ subject:identifier=http://mrn|
	- subject:identifier=http://mrn|7
	- subject:identifier=|77
	- subject=77
	`)
	// R5 "missing": absent, or there with nothing that the parameter searches.
	check(t, r5, `{"resourceType":"Patient","active":false,"deceasedBoolean":false,"gender":"unknown"}`, `
	+ active=false
	- active=true
	+ active:missing=false
	+ active:not=true
	- deceased=true
	+ deceased=false
	+ gender=unknown
	+ birthdate:missing=true
	- birthdate:missing=false
	x active:missing=yes
	x active:missing=
	x active=|false
	`)
	// "string" elements that a token searches are compared without case.
	check(t, r4, `{"resourceType":"Device","udiCarrier":[{"deviceIdentifier":"aBc"}],"status":"active","lotNumber":"Q"}`, `
	+ status=active
	- status=ACTIVE
	`)
	// A coding without a code, and codes that the separators are part of.
	check(t, r4, `{"resourceType":"Observation","code":{"coding":[{"system":"http://s"},{"system":"http://s","code":"a|b,c$d\\e"},{"code":"50% & more"}]}}`, `
	+ code=http://s|
	+ code=http://s|a\|b\,c\$d\\e
	+ code=a\|b\,c\$d\\e
	- code=http://s|a
	- code=a|b,c
	+ code=|50%25%20%26%20more
	+ code:not=a
	- code:not=http://s|
	`)
	// :of-type, R4 "token": the type's system and code, and the value, all of one identifier.
	check(t, r4, `{"resourceType":"Patient","identifier":[
	 {"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"value":"446053"},
	 {"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SS"},{"system":"urn:local","code":"N"}]},"value":"123|4"}]}`, `
	+ identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053
	- identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|446053
	- identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|44605
	+ identifier:of-type=urn:local|N|123\|4
	+ identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|123\|4
	x identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR
	x identifier:of-type=446053
	x identifier:of-type=||446053
	`)
	// R4 "token": ContactPoint, by value alone.
	check(t, r4, `{"resourceType":"Practitioner","telecom":[{"system":"phone","value":"+1 555 0100"},{"system":"email","value":"A@b.org"}]}`, `
	+ phone=%2B1 555 0100
	- phone=555
	- phone=A@b.org
	+ email=a@B.org
	+ telecom=%2B1 555 0100,none
	x email=email|A@b.org
	x telecom=|A@b.org
	`)
	// Labels: _tag, _security, _profile of all resources.
	check(t, r4, `{"resourceType":"Basic","id":"b","meta":{"tag":[{"system":"http://t","code":"hot"}],"profile":["http://p|2"],"lastUpdated":"2026-02-03T04:05:06.789Z","source":"urn:uuid:1"}}`, `
	+ _tag=hot
	+ _tag=http://t|hot
	- _tag=|hot
	- _tag:not=hot
	+ _tag:not=cold
	+ _security:missing=true
	+ _security:not=http://x|R
	+ _profile=http://p
	+ _profile=http://p|2
	- _profile=http://p|1
	+ _lastUpdated=2026-02-03
	+ _lastUpdated=ge2026-02-03T04:05:06.789Z
	- _lastUpdated=gt2026-02-03T04:05:06.789Z
	+ _lastUpdated=2026-02-03T05:05:06%2B01:00
	+ _source=urn:uuid:1
	- _source=urn:uuid:2
	`)
}
