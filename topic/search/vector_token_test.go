package search_test

import "testing"

// TestTokenVectors goes through the table of token types and the modifiers of the
// FHIR search page (R4 and R5, "token").
func TestTokenVectors(t *testing.T) {
	const condition = `{"resourceType":"Condition","id":"c1","recordedDate":"2020",
	"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},
	"code":{"text":"Headache, severe","coding":[
	 {"system":"http://snomed.info/sct","code":"25064002","display":"Headache finding"},
	 {"system":"http://hl7.org/fhir/sid/icd-10","code":"R51","display":"Cephalgia"},
	 {"code":"ache"}]},
	"identifier":[{"system":"http://ids","value":"AbC"},{"value":"none"},
	 {"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Record number"},
	  "system":"http://mr","value":"446053","assigner":{"display":"Acme Hospital"}}],
	"bodySite":[{"text":"left"},{"coding":[{"system":"http://sites","code":"L"}]}]}`
	check(t, r4, condition, `
	+ code=25064002
	+ code=http://snomed.info/sct|25064002
	- code=http://snomed.info/sct|R51
	- code=|25064002
	+ code=|ache
	+ code=http://snomed.info/sct|
	- code=http://snomed.info/sc|
	- code=http://snomed.info/sct/|25064002
	- code=2506400
	- code=250640022
	+ code=r51
	+ code=http://hl7.org/fhir/sid/icd-10|r51
	- code=http://HL7.org/fhir/sid/icd-10|R51
	+ code=nothing,R51
	+ code=http://snomed.info/sct|1,http://snomed.info/sct|25064002
	- code=http://snomed.info/sct|1,2
	- code=headache
	+ code=R51&code=25064002
	- code=R51&code=1
	- code:not=R51
	+ code:not=1
	- code:not=1,R51
	+ code:not=1,2
	- code:not=http://snomed.info/sct|25064002
	+ code:not=http://snomed.info/sct|R51
	+ severity:not=x
	- severity=x
	+ severity:missing=true
	- severity:missing=false
	+ code:missing=false
	- code:missing=true
	+ code:text=headache
	+ code:text=HEADACHE f
	+ code:text=ceph
	+ code:text=headache severe
	- code:text=severe
	- code:text=finding
	+ code:text=x,ceph
	- code:text=25064002
	+ code:code-text=r5
	+ code:code-text=2506
	- code:code-text=ceph
	x code:text-advanced=headache
	x code:exact=R51
	x code:contains=R5
	x code:identifier=R51
	x code:type=R51
	x code:of-type=a|b|c
	x code:in=http://vs
	x code:not-in=http://vs
	x code:below=http://snomed.info/sct|1
	x code:above=http://snomed.info/sct|1
	x code:iterate=R51
	x code:Patient=R51
	x code:NOT=R51
	x code:text:not=x
	x code=
	x code=,R51
	x code=R51,
	x code=a|b|c
	x code=|
	x code=R\51
	+ clinical-status=active
	- clinical-status=inactive
	+ clinical-status=http://terminology.hl7.org/CodeSystem/condition-clinical|active
	+ identifier=AbC
	+ identifier=abc
	+ identifier=http://ids|ABC
	- identifier=http://IDS|AbC
	- identifier=|AbC
	+ identifier=|none
	- identifier=none|
	+ identifier=http://ids|
	- identifier=Ab
	+ identifier=x,none
	+ identifier:not=x
	- identifier:not=none
	+ identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053
	- identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|AbC
	- identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MRT|446053
	- identifier:of-type=http://other|MR|446053
	+ identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MRT|446053,http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053
	x identifier:of-type=MR|446053
	x identifier:of-type=|MR|446053
	x identifier:of-type=a||446053
	x identifier:of-type=a|MR|
	+ identifier:text=record
	+ identifier:text=acme
	- identifier:text=446053
	+ body-site=L
	+ body-site:text=left
	- body-site=left
	+ _id=c1
	- _id=C1
	- _id=c
	+ _id=x,c1
	+ _id:not=x
	- _id:not=c1
	x _id=http://x|c1
	x _id=|c1
	x _id:text=c1
	x _id:of-type=a|b|c
	+ _tag:missing=true
	+ _security:not=http://x|R
	+ _type=Condition
	- _type=Patient
	+ _type=Patient,Condition
	x _type=Nonsense
	x _type:not=Patient
	x _type=Resource
	`)
	const patient = `{"resourceType":"Patient","id":"p","active":true,"gender":"male","deceasedDateTime":"2020-01-01",
	"meta":{"tag":[{"system":"http://t","code":"A"},{"code":"b"}],"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},
	"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en-AU"}]}},{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"fr"}]}}],
	"telecom":[{"system":"phone","value":"(03) 5555 6473","use":"work"},{"system":"email","value":"Ann@Example.org"},{"value":"bare"}]}`
	check(t, r4, patient, `
	+ active=true
	- active=false
	- active=TRUE
	x active=|true
	x active=http://terminology.hl7.org/CodeSystem/special-values|true
	x active:in=http://vs
	x active:text=true
	+ active:not=false
	- active:not=true
	+ active:missing=false
	+ gender=male
	- gender=Male
	- gender=mal
	+ gender=male,female
	- gender=female,other
	+ gender:not=female
	- gender:not=male
	+ gender=http://hl7.org/fhir/administrative-gender|male
	- gender=|male
	+ gender:code-text=MA
	x gender:text=male
	x gender:of-type=a|b|c
	+ deceased=true
	- deceased=false
	+ phone=(03) 5555 6473
	- phone=ann@example.org
	+ email=ann@example.org
	- email=bare
	+ telecom=bare
	+ telecom=Ann@Example.org
	x telecom=phone|(03) 5555 6473
	x phone=|555
	x telecom:text=ann
	+ language=fr
	+ language=urn:ietf:bcp:47|en-AU
	- language=en
	+ language:code-text=en
	+ language:code-text=EN
	- language:code-text=au
	+ language=fr&language=en-AU
	- language=fr&language=de
	+ _tag=http://t|A
	+ _tag=http://t|a
	+ _tag=|b
	- _tag=|A
	+ _tag=A,z
	- _tag:not=A
	+ _security=R
	+ _security=http://terminology.hl7.org/CodeSystem/v3-Confidentiality|R
	- _security=N
	`)
	check(t, r4, `{"resourceType":"Patient"}`, `
	- deceased=true
	+ deceased=false
	+ active:missing=true
	+ active:not=true
	- active=true
	+ gender:not=male
	- gender=male
	+ _id:missing=true
	- _id=x
	+ identifier:missing=true
	+ identifier:not=http://x|1
	`)
	check(t, r4, `{"resourceType":"Patient","_gender":{"extension":[{"url":"http://x","valueCode":"unknown"}]},"contact":[{"gender":"male"}]}`, `
	+ gender:missing=true
	+ gender:not=male
	- gender=male
	- gender=unknown
	`)
	check(t, r4, `{"resourceType":"Observation","valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"m"},
	"code":{"coding":[{"system":"http://unitsofmeasure.org","code":"mL"},{"system":"http://hl7.org/fhir/observation-status","code":"final"}]}}`, `
	+ code=http://unitsofmeasure.org|mL
	- code=http://unitsofmeasure.org|ML
	- code=FINAL
	+ code=final
	`)
	check(t, r4, `{"resourceType":"DocumentReference","content":[{"attachment":{"contentType":"text/xml; charset=UTF-8"}}]}`, `
	- contenttype=text/xml
	+ contenttype:below=text/xml
	+ contenttype:below=TEXT/xml
	+ contenttype:below=text
	- contenttype:below=text/x
	- contenttype:below=application/xml
	+ contenttype=text/xml; charset=UTF-8
	x contenttype:above=text/xml
	`)
	check(t, r4, `{"resourceType":"Composition","section":[{"code":{"coding":[{"system":"http://loinc.org","code":"48765-2"}]}},{"code":{"coding":[{"system":"http://loinc.org","code":"1-1"}]}}]}`, `
	+ section=48765-2
	- section:not=48765-2
	+ section:not=2-2
	`)
	check(t, r5, `{"resourceType":"Condition","language":"de-AT","code":{"coding":[{"code":"x"}]},"evidence":[{"concept":{"text":"Rash","coding":[{"system":"http://e","code":"e"}]}}]}`, `
	+ _language=de-AT
	- _language=de-at
	+ evidence=e
	+ evidence=http://e|e
	+ evidence:text=ras
	x _in=Group/1
	x _list=1
	x _text=x
	x _content=x
	`)
}
