package search_test

import "testing"

// These vectors, and those of the other conformance_*_test.go, are written from the text
// of the FHIR search pages alone, as a tester of any server would, with the heading that
// each follows. + is found, - not found, x refused, ? no answer.

// R4 and R5, "string": "a field matches if the value of the field equals or starts with
// the supplied parameter value, after both have been normalized by case and combining
// characters"; the same name, written composed or decomposed, is the same.
func TestConformanceString(t *testing.T) {
	family := func(names ...string) string {
		raw := `{"resourceType":"Patient","name":[{"use":"official"`
		for _, n := range names {
			raw += `},{"family":"` + n + `"`
		}
		return raw + `}]}`
	}
	check(t, r4, family("Παπαδόπουλος"), `
	+ family=παπαδοπουλος
	+ family=ΠΑΠΑΔΟΠΟΥΛΟΣ
	+ family=ΠΑΠΑΔΌΠΟΥΛΟΣ
	+ family=παπαδο%CC%81πουλος
	+ family:contains=δοπου
	+ family:exact=Παπαδόπουλος
	- family:exact=ΠΑΠΑΔΌΠΟΥΛΟΣ
	- family=παπακωσ
	`)
	check(t, r4, family(`Αθη\u0301να`), `
	+ family=Αθήνα
	+ family=αθηνα
	- family:exact=Αθήνα
	`)
	check(t, r4, family("Семёнов", "Толстой"), `
	+ family=семенов
	+ family=СЕМЁНОВ
	+ family=Толсто%D0%B8%CC%86
	+ family=толстои
	- family=семинов
	`)
	check(t, r4, family("Ḥusayn", "Żółć", "Đặng", "Çelik", "İnönü", "Ñandú", "Björk", "Ångström", "Șerban", "Ngô Đình"), `
	+ family=husayn
	+ family=zolc
	+ family=dang
	+ family=celik
	+ family=inonu
	+ family=INONU
	+ family=nandu
	+ family=bjork
	+ family=angstrom
	+ family=A%CC%8Angström
	+ family=serban
	+ family=ngo dinh
	+ family=ngo d
	- family=bjerk
	- family=bjoerk
	`)
	// The vowels of scripts whose vowels are marks tell names apart.
	check(t, r4, family("कि", "กิ", "が"), `
	+ family=कि
	- family=कु
	+ family=กิ
	- family=กุ
	- family=か
	`)
	check(t, r4, family("כֹּהֵן", "مُحَمَّد"), `
	+ family=כהן
	+ family=محمد
	- family=כהב
	`)
	// "The handling of punctuation and white space": servers ignore them.
	check(t, r4, family("O’Neill", "D`Angelo", "Hawaiʻi", "de  la   Cruz", "Smith-Jones", "St. John"), `
	+ family=O'Neill
	+ family=oneill
	+ family=ONEIL
	+ family=d'angelo
	+ family=hawaii
	+ family=de la cruz
	+ family=la cruz
	+ family=cruz
	+ family=smithjones
	+ family=smith-j
	+ family=st john
	+ family=john
	- family=ohn
	- family=jones
	`)
	// :exact is the entire string, with case and accents.
	check(t, r4, family("Sørensen"), `
	+ family:exact=Sørensen
	- family:exact=sørensen
	- family:exact=Sorensen
	- family:exact=Søren
	- family:exact=Sørensen%20
	+ family=sorensen
	+ family:contains=RENS
	`)
	// A value that has several strings: any of them.
	check(t, r4, `{"resourceType":"Patient","name":[{"given":["Anna","Maria"]},{"given":["Eva"]}]}`, `
	+ given=ma
	+ given=anna,xaver
	+ given=anna&given=eva
	- given=anna&given=xaver
	- given=anna maria
	- given:exact=Anna Maria
	+ given:exact=Maria
	+ name=eva
	- name:exact=eva
	`)
	check(t, r4, `{"resourceType":"Organization","name":"Health Level Seven","alias":["HL7"],"address":[{"line":["3300 Washtenaw Ave","Suite 227"],"city":"Ann Arbor","postalCode":"48104"}]}`, `
	+ name=health level
	+ name=HL7
	- name=level
	+ name:contains=level
	+ address=ann a
	+ address=suite
	+ address=481
	+ address-city=ann arbor
	- address-city=arbor
	+ address-postalcode=48104
	- address-postalcode=8104
	x name:of-type=a|b|c
	x name:not-in=http://vs
	`)
}

// R4 "uri" and R5 "uri", "canonical": matches are precise, case and accent sensitive.
func TestConformanceURI(t *testing.T) {
	check(t, r4, `{"resourceType":"StructureDefinition","url":"http://example.org/fhir/StructureDefinition/Ünit","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient|4.0.1","status":"draft"}`, `
	+ url=http://example.org/fhir/StructureDefinition/Ünit
	- url=http://example.org/fhir/StructureDefinition/ünit
	- url=http://example.org/fhir/StructureDefinition/Unit
	- url=HTTP://example.org/fhir/StructureDefinition/Ünit
	- url=http://example.org/fhir/StructureDefinition
	+ url:below=http://example.org/fhir/StructureDefinition
	+ url:below=http://example.org/fhir/
	- url:below=http://example.org/fhir/Structure
	- url:above=http://example.org/fhir
	+ base=http://hl7.org/fhir/StructureDefinition/Patient
	+ base=http://hl7.org/fhir/StructureDefinition/Patient|4.0.1
	- base=http://hl7.org/fhir/StructureDefinition/Patient|4.0
	- base=http://hl7.org/fhir/StructureDefinition/Patient|5.0.0
	+ base:below=http://hl7.org/fhir/StructureDefinition/Patient|4
	+ base:below=http://hl7.org/fhir/StructureDefinition/Patient
	x base:above=http://hl7.org/fhir/StructureDefinition/Patient|5
	x url:identifier=http://x|y
	x url=
	`)
	check(t, r4, `{"resourceType":"CodeSystem","url":"urn:oid:2.16.840.1.113883.6.1"}`, `
	+ url=urn:oid:2.16.840.1.113883.6.1
	- url=urn:oid:2.16.840.1.113883.6
	- url=urn:oid:2.16.840.1.113883.6.10
	x url:below=urn:oid:2.16
	x url:above=urn:oid:2.16.840.1.113883.6.1
	`)
}
