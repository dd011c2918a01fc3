package search_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// parameter is a SearchParameter with the elements that must be there.
func parameter(code, kind, base, expression, more string) []byte {
	if more != "" {
		more = "," + more
	}
	return []byte(fmt.Sprintf(`{"resourceType":"SearchParameter","url":"http://example.org/SearchParameter/%s","name":"x","status":"active","description":"x",
	"code":%q,"type":%q,"base":[%q],"expression":%q%s}`, code, code, kind, base, expression, more))
}

func TestNewDefinitions(t *testing.T) {
	ds, err := search.NewDefinitions(fhirpath.R4,
		parameter("nickname", "string", "Patient", "Patient.name.where(use = 'nickname').given", ""),
		parameter("mothers-maiden-name", "string", "Patient", "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName').value.ofType(string)", ""),
		parameter("any-author", "reference", "Observation", "Observation.performer", `"target":["Practitioner","Organization"]`),
		parameter("component-status", "composite", "Observation", "Observation.component", `"component":[
			{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"code"},
			{"definition":"http://example.org/SearchParameter/interpreted","expression":"interpretation"}]`),
		parameter("interpreted", "token", "Observation", "Observation.interpretation", ""),
		parameter("text-status", "token", "DomainResource", "DomainResource.text.status", ""),
		[]byte(`{"resourceType":"SearchParameter","url":"http://example.org/SearchParameter/born","code":"born","type":"date","base":["Patient","Person"],"expression":"Patient.birthDate | Person.birthDate"}`),
		[]byte(`{"resourceType":"SearchParameter","url":"http://hl7.org/fhir/SearchParameter/individual-gender","code":"gender","type":"token","base":["Patient"],"expression":"Patient.gender | Patient.contact.gender","status":"active"}`),
	)
	require.NoError(t, err)
	_, o := newHost(t, fhirpath.R4, `{"resourceType":"Patient","id":"1","name":[{"use":"nickname","given":["Pete"]}]}`)
	o.Definitions = ds
	check(t, o, `{"resourceType":"Patient","gender":"male","birthDate":"1970","contact":[{"gender":"female"}],"name":[{"use":"nickname","given":["Pete"]},{"given":["Peter"]}],
	"text":{"status":"generated"},"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName","valueString":"Smith"}]}`, `
	+ nickname=pet
	- nickname=peter
	+ nickname:exact=Pete
	+ mothers-maiden-name=smith
	+ born=1970
	+ gender=female
	+ gender=male
	+ text-status=generated
	+ given=peter
	x any-author=1
	x interpreted=x
	`)
	check(t, o, `{"resourceType":"Observation","subject":{"reference":"Patient/1"},"performer":[{"reference":"Practitioner/1"}],"component":[{"code":{"coding":[{"code":"a"}]},"interpretation":[{"coding":[{"code":"H"}]}]}]}`, `
	+ any-author=1
	+ any-author:Practitioner=1
	- any-author:Organization=1
	+ component-status=a$H
	- component-status=a$L
	+ patient.nickname=pete
	- any-author.gender=male
	`)
	check(t, o, `{"resourceType":"Person","birthDate":"1980"}`, "+ born=1980\n x nickname=x")

	p, ok := ds.Lookup("Patient", "nickname")
	require.True(t, ok)
	require.Equal(t, "http://example.org/SearchParameter/nickname", p.URL)
	_, ok = search.Lookup(fhirpath.R4, "Patient", "nickname")
	require.False(t, ok, "the release's own parameters are as before")
	require.Len(t, ds.Parameters("Patient"), len(search.Parameters(fhirpath.R4, "Patient"))+4)
	require.Equal(t, search.ResourceTypes(fhirpath.R4), ds.ResourceTypes())
	require.True(t, ds.IsResourceType("Patient"))

	o.Release = fhirpath.R5
	_, err = search.ParseQuery(o, "Patient", "nickname=x")
	require.ErrorContains(t, err, "another release")
	none, err := search.NewDefinitions(fhirpath.R4B)
	require.NoError(t, err)
	require.Equal(t, search.Parameters(fhirpath.R4B, "Patient"), none.Parameters("Patient"))
}

// TestNewDefinitionsRefuses: row I5, all errors at once, each with its element.
func TestNewDefinitionsRefuses(t *testing.T) {
	good := parameter("good", "string", "Patient", "Patient.name.given", "")
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"json":              {[]byte(`{"resourceType":`), "SearchParameter 1"},
		"another type":      {[]byte(`{"resourceType":"Patient"}`), "resourceType"},
		"no url":            {[]byte(`{"resourceType":"SearchParameter","code":"a","type":"token","base":["Patient"],"expression":"Patient.gender"}`), "url"},
		"relative url":      {[]byte(`{"resourceType":"SearchParameter","url":"a","code":"a","type":"token","base":["Patient"],"expression":"Patient.gender"}`), "url"},
		"same url":          {good, "url"},
		"no code":           {parameter("", "token", "Patient", "Patient.gender", ""), "code"},
		"colon":             {parameter("a:b", "token", "Patient", "Patient.gender", ""), "code"},
		"dot":               {parameter("a.b", "token", "Patient", "Patient.gender", ""), "code"},
		"_id":               {parameter("_id", "token", "Patient", "Patient.gender", ""), "code"},
		"_has":              {parameter("_has", "token", "Patient", "Patient.gender", ""), "code"},
		"_sort":             {parameter("_sort", "token", "Patient", "Patient.gender", ""), "code"},
		"taken":             {parameter("gender", "token", "Patient", "Patient.gender", ""), "code"},
		"taken twice":       {[]byte(strings.Replace(string(good), "SearchParameter/good", "SearchParameter/better", 1)), "code"},
		"no type":           {parameter("a", "", "Patient", "Patient.gender", ""), "type"},
		"special":           {parameter("a", "special", "Patient", "Patient.gender", ""), "type"},
		"unknown type":      {parameter("a", "text", "Patient", "Patient.gender", ""), "type"},
		"unknown base":      {parameter("a", "token", "Nonsense", "Patient.gender", ""), "base"},
		"no base":           {[]byte(`{"resourceType":"SearchParameter","url":"http://a","code":"a","type":"token","expression":"Patient.gender"}`), "base"},
		"no expression":     {[]byte(`{"resourceType":"SearchParameter","url":"http://a","code":"a","type":"token","base":["Patient"]}`), "expression"},
		"syntax":            {parameter("a", "token", "Patient", "Patient.(", ""), "expression"},
		"no such element":   {parameter("a", "token", "Patient", "Patient.nonsense", ""), "expression"},
		"part of another":   {parameter("a", "token", "Patient", "Observation.status", ""), "expression"},
		"unknown target":    {parameter("a", "reference", "Patient", "Patient.generalPractitioner", `"target":["Nonsense"]`), "target"},
		"phonetic":          {parameter("a", "string", "Patient", "Patient.name", `"xpathUsage":"phonetic"`), "xpathUsage"},
		"processingMode":    {parameter("a", "string", "Patient", "Patient.name", `"processingMode":"other"`), "processingMode"},
		"constraint":        {parameter("a", "string", "Patient", "Patient.name", `"constraint":"true"`), "constraint"},
		"modifierExtension": {parameter("a", "string", "Patient", "Patient.name", `"modifierExtension":[{"url":"http://x"}]`), "modifierExtension"},
		"no component":      {parameter("a", "composite", "Patient", "Patient.name", ""), "component"},
		"needless":          {parameter("a", "string", "Patient", "Patient.name", `"component":[{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"given"}]`), "component"},
		"unknown component": {parameter("a", "composite", "Patient", "Patient.name", `"component":[{"definition":"http://nonsense","expression":"given"}]`), "component.definition"},
		"nested composite":  {parameter("a", "composite", "Patient", "Patient.name", `"component":[{"definition":"http://hl7.org/fhir/SearchParameter/Observation-code-value-quantity","expression":"given"}]`), "component.definition"},
		"component syntax":  {parameter("a", "composite", "Patient", "Patient.name", `"component":[{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code","expression":"("}]`), "component.expression"},
		"empty component":   {parameter("a", "composite", "Patient", "Patient.name", `"component":[{"definition":"http://hl7.org/fhir/SearchParameter/clinical-code"}]`), "component.expression"},
	} {
		t.Run(name, func(t *testing.T) {
			ds, err := search.NewDefinitions(fhirpath.R4, good, c.raw)
			require.ErrorContains(t, err, "search: SearchParameter 1")
			require.ErrorContains(t, err, c.want)
			require.Nil(t, ds)
		})
	}
	_, err := search.NewDefinitions(fhirpath.R4, []byte(`{}`), parameter("a:b", "nonsense", "Nonsense", "(", ""), good, good)
	for _, want := range []string{"SearchParameter 0: resourceType", "SearchParameter 1: code", "SearchParameter 1: type", "SearchParameter 3: url"} {
		require.ErrorContains(t, err, want)
	}
	_, err = search.NewDefinitions(0)
	require.Error(t, err)
}

// TestHostDefinitionThatResolves: an expression may follow references, if there is
// a resolver.
func TestHostDefinitionThatResolves(t *testing.T) {
	ds, err := search.NewDefinitions(fhirpath.R4, parameter("patient-gender", "token", "Observation", "Observation.subject.resolve().ofType(Patient).gender", ""))
	require.NoError(t, err)
	_, err = search.ParseQuery(search.Options{Release: fhirpath.R4, Definitions: ds}, "Observation", "patient-gender=male")
	require.ErrorContains(t, err, "resolver")
	_, o := newHost(t, fhirpath.R4, peter)
	o.Definitions = ds
	check(t, o, bp, "+ patient-gender=male\n - patient-gender=female\n + status=final&patient-gender:not=female")
	criteria, err := search.ParseQuery(o, "Observation", "patient-gender=male")
	require.NoError(t, err)
	require.True(t, criteria.NeedsHost())
}
