package search_test

import "testing"

// TestStringVectors goes through the FHIR search page, "string": beginnings, without
// regard to case, accents, punctuation and the width of spaces.
func TestStringVectors(t *testing.T) {
	check(t, r4, `{"resourceType":"Patient","name":[
	{"use":"official","family":"Carreno Quinones","given":["Evelyn","José  María"],"prefix":["Dr."],"suffix":["Jr"],"text":"Evelyn Carreno"},
	{"use":"maiden","family":"O'Brien-Smith","given":["Severine"]}],
	"address":[{"use":"home","type":"physical","line":["12  Rue de l'Église","Apt. 4"],"city":"Saint-Étienne","district":"Loire","state":"AURA","postalCode":"42 000","country":"FR","text":"chez Eve"}],
	"contact":[{"name":{"family":"Other"}}]}`, `
	+ given=eve
	+ given=EVE
	+ given=Evelyn
	- given=evelyne
	- given=lyn
	+ given:contains=eve
	+ given:contains=VERI
	+ given:contains=lyn
	- given:contains=xyz
	+ given:exact=Evelyn
	- given:exact=evelyn
	- given:exact=Eve
	- given:exact=Severin
	+ given:exact=Severine
	+ given=jose
	+ given=Jose%CC%81
	+ given=josé maria
	+ given=jose    maria
	- given=maria
	+ given:contains=e m
	+ given=x,sever
	+ given=eve&given=jos
	- given=eve&given=x
	+ family=carreno
	+ family=quinones
	+ family=Quinones
	- family=ones
	+ family=carreno q
	+ family=obrien
	+ family=o'brien
	+ family=O%E2%80%99Brien
	+ family=obriensmith
	+ family=o'brien-s
	- family=smith
	+ family:contains=smith
	+ family:exact=Carreno Quinones
	- family:exact=Carreno
	- family:exact=carreno quinones
	- family=evelyn
	- family=other
	+ name=carreno
	+ name=quinones
	+ name=eve
	+ name=dr
	+ name=dr.
	+ name=jr
	+ name=evelyn car
	- name=official
	- name=other
	- name=evelyn quinones
	+ name:exact=Severine
	+ name:contains=brien
	- name:exact=severine
	+ phonetic=eve
	+ address=12 rue
	+ address=12   rue   de leglise
	+ address=apt 4
	+ address=saint
	+ address=SAINTETIENNE
	+ address=loire
	+ address=fr
	+ address=chez
	- address=home
	- address=physical
	+ address:contains=eglise
	+ address-city=saint
	- address-city=etienne
	+ address-postalcode=42 0
	- address-postalcode=42000
	+ address-state=aura
	+ address-country=f
	+ address-use=home
	+ given:missing=false
	- family:missing=true
	x given:text=eve
	x given:not=eve
	x given:below=eve
	x given:in=eve
	x given:starts-with=eve
	x given:phonetic=eve
	x given=-
	x given:contains=...
	x given=
	x given:exact=
	x name:Patient=eve
	x given=a\b
	`)
	check(t, r4, `{"resourceType":"Patient","name":[{"family":"Müller"},{"family":"MULLER"},{"family":"Strauß"},{"family":"Αθήνα"},{"family":"Łódź"},{"family":"日本"},{"family":"a,b|c$d\\e"},{"given":["😀x"]}]}`, `
	+ family=muller
	+ family=m%C3%BCl
	+ family=mu%CC%88ller
	+ family=strauss
	+ family=STRAUSS
	+ family:exact=Müller
	- family:exact=Muller
	+ family=ΑΘΉ
	+ family=αθή
	+ family=lodz
	+ family=日
	- family=本
	+ family:contains=本
	+ family:exact=a\,b\|c\$d\\e
	- family:exact=a\,b\|c\$d
	+ family:contains=b\|c
	+ family=a\,b
	+ family=x,a\,b
	+ given:contains=😀
	`)
	check(t, r4, `{"resourceType":"Patient","name":[{"given":[null],"_given":[{"extension":[{"url":"http://x","valueCode":"masked"}]}],"text":"x"}]}`, `
	+ given:missing=true
	- given:missing=false
	- given=masked
	+ name=x
	`)
	check(t, r4, `{"resourceType":"Location","name":"Ward 3 - North","alias":["W3N"],"address":{"city":"Bern"}}`, `
	+ name=ward 3 north
	+ name=w3
	- name=north
	+ address=bern
	+ address-city:exact=Bern
	`)
	check(t, r4, `{"resourceType":"Observation","valueString":"Positive (strong)","valueCodeableConcept":null}`, `
	+ value-string=positive
	+ value-string=positive strong
	+ value-string:contains=strong
	+ value-string:exact=Positive (strong)
	- value-string:exact=positive (strong)
	`)
	check(t, r5, `{"resourceType":"ValueSet","name":"vs","title":"Some title","description":"About *this*, and that","url":"http://acme.org/fhir/ValueSet/123"}`, `
	+ title=some t
	+ description=about this and
	+ description:contains=that
	+ name:exact=vs
	`)
}

// TestURIVectors goes through the FHIR search page, "uri", above and below.
func TestURIVectors(t *testing.T) {
	is := func(url string) string { return `{"resourceType":"ValueSet","url":"` + url + `"}` }
	check(t, r4, is("http://acme.org/fhir/ValueSet/123"), `
	+ url=http://acme.org/fhir/ValueSet/123
	- url=http://acme.org/fhir/ValueSet/12
	- url=http://acme.org/fhir/ValueSet/1234
	- url=http://acme.org/fhir/valueset/123
	- url=http://acme.org/fhir/ValueSet/123/
	- url=acme.org/fhir/ValueSet/123
	+ url=http://x,http://acme.org/fhir/ValueSet/123
	+ url:below=http://acme.org/fhir
	+ url:below=http://acme.org/fhir/
	+ url:below=http://acme.org
	+ url:below=http://acme.org/fhir/ValueSet/123
	- url:below=http://acme.org/fhir/ValueSet/123/_history
	- url:below=http://acme.org/fh
	- url:below=http://acme.or
	+ url:above=http://acme.org/fhir/ValueSet/123/_history/5
	+ url:above=http://acme.org/fhir/ValueSet/123
	- url:above=http://acme.org/fhir/ValueSet
	- url:above=http://acme.org/fhir/ValueSet/1234
	+ url:contains=VALUESET/1
	+ url:contains=acme
	- url:contains=example
	+ url:missing=false
	- url:missing=true
	x url:exact=http://acme.org
	x url:not=http://acme.org
	x url:text=acme
	x url:in=http://acme.org
	x url:below=urn:oid:1.2
	x url:above=urn:uuid:1
	x url=
	`)
	check(t, r4, is("urn:oid:1.2.3.4.5"), `
	+ url=urn:oid:1.2.3.4.5
	- url=urn:oid:1.2.3.4
	`)
	check(t, r4, is("http://acme.org/?a=b,c|d"), `
	+ url=http://acme.org/?a=b\,c\|d
	+ url:below=http://acme.org/
	+ url:below=http://acme.org/?a=b\,c\|d
	`)
	check(t, r4, `{"resourceType":"Observation","meta":{"source":"http://host.com/v1/v2#req","profile":["http://p/a|1.0","http://p/b"]}}`, `
	- _source=http://host.com/v1/v2
	+ _source=http://host.com/v1/v2%23req
	+ _source:below=http://host.com/v1/v2
	+ _source:below=http://host.com/v1
	- _source:below=http://host.com/v1/v2/v3
	+ _source:contains=HOST.com/v1
	- _source:contains=anotherHost.com
	+ _profile=http://p/a
	+ _profile=http://p/a|1.0
	- _profile=http://p/a|2.0
	+ _profile=http://p/b
	- _profile=http://p/b|1.0
	- _profile:missing=true
	+ _profile:below=http://p
	`)
	check(t, r4, `{"resourceType":"Observation"}`, `
	+ _source:missing=true
	- _source=http://x
	- _source:below=http://x
	+ _profile:missing=true
	`)
}
