package search_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

const base = "https://fhir.example.org/r4"

// observation has an element for most kinds of parameters.
const observation = `{"resourceType":"Observation","id":"o1",
"meta":{"lastUpdated":"2026-03-01T10:00:00.5Z","profile":["http://example.org/StructureDefinition/vital|2.0"],
 "source":"http://source.example.org/a/b","tag":[{"system":"http://tags.example.org","code":"Alpha"}]},
"identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Medical record"},
 "system":"http://ids.example.org","value":"A,1|2"}],
"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic pressure"},{"code":"local"}],"text":"Blood pressure"},
"subject":{"reference":"Patient/p1"},
"encounter":{"reference":"https://fhir.example.org/r4/Encounter/e1/_history/3"},
"performer":[{"reference":"https://other.example.org/fhir/Practitioner/x1"},{"reference":"#contained"},
 {"identifier":{"system":"http://npi","value":"99"}},{"reference":"urn:uuid:9f5b2c3e-0000-4000-8000-000000000001"}],
"effectivePeriod":{"start":"2026-02-28T23:30:00-05:00","end":"2026-03-02"},
"issued":"2026-03-01T10:00:00.125Z",
"valueQuantity":{"value":120.50,"unit":"mm[Hg] read","system":"http://unitsofmeasure.org","code":"mm[Hg]"},
"component":[
 {"code":{"coding":[{"system":"http://loinc.org","code":"A"}]},"valueQuantity":{"value":1,"code":"u"}},
 {"code":{"coding":[{"system":"http://loinc.org","code":"B"}]},"valueQuantity":{"value":2,"code":"u"}}]}`

const patient = `{"resourceType":"Patient","id":"p1","active":true,"gender":"female","birthDate":"1980-05",
"name":[{"family":"Müller-Öz","given":["Anna Maria","Zoë"],"text":"Dr. Anna"},{"use":"old","family":"Straße"}],
"telecom":[{"system":"phone","value":"555-1"},{"system":"email","value":"A@example.org"}],
"address":[{"line":["Main St 1"],"city":"Łódź","postalCode":"90-001","use":"home"}],
"generalPractitioner":[{"reference":"Organization/p1"},{"reference":"Practitioner/p2"}],
"deceasedBoolean":false}`

func node(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

func matches(t testing.TB, query search.Criteria, resource fhirpath.Node) bool {
	t.Helper()
	ok, err := query.Match(context.Background(), resource, base)
	require.NoError(t, err)
	return ok
}

// cases are queries with what the search page of FHIR R4 says of them.
type cases []struct {
	query string
	want  bool
}

func (cs cases) run(t *testing.T, r fhirpath.Release, raw string) {
	t.Helper()
	resource := node(t, raw)
	resourceType := resource.Get("resourceType").Text()
	for _, c := range cs {
		t.Run(c.query, func(t *testing.T) {
			query, err := search.ParseQuery(search.Options{Release: r}, resourceType, c.query)
			require.NoError(t, err)
			require.Equal(t, c.want, matches(t, query, resource))
			again, err := search.ParseQuery(search.Options{Release: r}, resourceType, query.String())
			require.NoError(t, err)
			require.Equal(t, query.String(), again.String())
			require.Equal(t, c.want, matches(t, again, resource))
		})
	}
}

func TestToken(t *testing.T) {
	cases{
		{"code=8480-6", true},
		{"code=http://loinc.org|8480-6", true},
		{"code=http://snomed.info/sct|8480-6", false},
		{"code=|local", true},
		{"code=|8480-6", false},
		{"code=local", true},
		{"code=http://loinc.org|", true},
		{"code=http://snomed.info/sct|", false},
		{"code=x,8480-6", true},
		{"code=x,y", false},
		{"code=LOCAL", true},
		{"code=http://LOINC.org|8480-6", false},
		{"status=final", true},
		{"status=FINAL", false},
		{"status=http://hl7.org/fhir/observation-status|final", true},
		{"status=|final", false},
		{"status:not=final", false},
		{"status:not=amended", true},
		{"status:not=amended,final", false},
		{"method:not=x", true},
		{"method:missing=true", true},
		{"method:missing=false", false},
		{"code:missing=false", true},
		{"code:text=systolic", true},
		{"code:text=blood", true},
		{"code:text=pressure", false},
		{"identifier:text=medical", true},
		{`identifier=A\,1\|2`, true},
		{`identifier=http://ids.example.org|A\,1\|2`, true},
		{"identifier=A", false},
		{`identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A\,1\|2`, true},
		{`identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|A\,1\|2`, false},
		{"_id=o1", true},
		{"_id=O1", false},
		{"_id=x,o1", true},
		{"_tag=http://tags.example.org|alpha", true},
		{"_security:missing=true", true},
		{"code=8480-6&status=final", true},
		{"code=8480-6&status=amended", false},
		{"code=8480-6&code=local", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"active=true", true},
		{"active=false", false},
		{"gender=female", true},
		{"phone=555-1", true},
		{"telecom=a@example.org", true},
		{"email=555-1", false},
		{"deceased=false", true},
		{"deceased=true", false},
	}.run(t, fhirpath.R4, patient)
}

func TestReference(t *testing.T) {
	cases{
		{"subject=Patient/p1", true},
		{"subject=p1", true},
		{"subject=p2", false},
		{"subject=Group/p1", false},
		{"subject:Patient=p1", true},
		{"subject:Patient=Patient/p1", true},
		{"subject:Group=p1", false},
		{"patient=Patient/p1", true},
		{"patient=p1", true},
		{"subject=https://fhir.example.org/r4/Patient/p1", true},
		{"subject=https://other.example.org/r4/Patient/p1", false},
		{"subject=Patient/p1/_history/7", false},
		{"encounter=Encounter/e1", true},
		{"encounter=e1", true},
		{"encounter=https://fhir.example.org/r4/Encounter/e1", true},
		{"performer=Practitioner/x1", false},
		{"performer=x1", false},
		{"performer=https://other.example.org/fhir/Practitioner/x1", true},
		{"performer=urn:uuid:9f5b2c3e-0000-4000-8000-000000000001", true},
		{"performer=contained", false},
		{"performer:identifier=http://npi|99", true},
		{"performer:identifier=99", true},
		{"performer:identifier=http://npi|98", false},
		{"performer=Practitioner/a,https://other.example.org/fhir/Practitioner/x1", true},
		{"specimen:missing=true", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"general-practitioner=p2", true},
		{"general-practitioner:Organization=p1", true},
		{"general-practitioner:Practitioner=p1", false},
	}.run(t, fhirpath.R4, patient)
	cases{
		{"instantiates-canonical=http://example.org/PlanDefinition/a", true},
		{"instantiates-canonical=http://example.org/PlanDefinition/a|1", true},
		{"instantiates-canonical=http://example.org/PlanDefinition/a|2", false},
	}.run(t, fhirpath.R4, `{"resourceType":"CarePlan","instantiatesCanonical":["http://example.org/PlanDefinition/a|1"]}`)
}

func TestString(t *testing.T) {
	cases{
		{"family=mull", true},
		{"family=M%C3%BCller", true},
		{"family=oz", false},
		{"family:contains=OZ", true},
		{"family:exact=M%C3%BCller-%C3%96z", true},
		{"family:exact=muller-oz", false},
		{"family=strasse", true},
		{"given=anna", true},
		{"given=maria", false},
		{"given=anna+m", true},
		{"given=zoe", true},
		{"name=dr.", true},
		{"name=old", false},
		{"address=main", true},
		{"address-city=lodz", true},
		{"address-postalcode=90", true},
		{"address=home", false},
		{"family=x,stra", true},
		{"family:missing=false", true},
	}.run(t, fhirpath.R4, patient)
}

func TestDate(t *testing.T) {
	// The period is 2026-03-01T04:30:00Z, 28 February where it was written, up to the
	// end of 2026-03-02. Dates have no time zones.
	cases{
		{"date=2026-03", false},
		{"date=2026", true},
		{"date=eq2026-03", false},
		{"date=2026-03-01T04:30:00Z", false},
		{"date=2026-03-01", false},
		{"date=ne2026-03-01", true},
		{"date=ne2026", false},
		{"date=gt2026-03-01", true},
		{"date=gt2026-03-02", false},
		{"date=ge2026-03-02", true},
		{"date=ge2026-03-01", true},
		{"date=lt2026-03-01", true},
		{"date=lt2026-02-28", false},
		{"date=lt2026-03-02", true},
		{"date=le2026-03-01", true},
		{"date=le2026-03-02", true},
		{"date=sa2026-02-28", false},
		{"date=sa2026-02-27", true},
		{"date=sa2026-03-01", false},
		{"date=eb2026-03-03", true},
		{"date=eb2026-03-02", false},
		{"date=ap2026-03-02", true},
		{"date=ap2026-04", false},
		{"date=ge2026-02-28T23:30:00-05:00", true},
		{"date=lt2026-03-01T04:30Z", false},
		{"date=ge2026-03-01&date=lt2026-04", true},
		{"date=2025,2026", true},
		{"_lastUpdated=2026-03-01T10:00:00.5Z", true},
		{"_lastUpdated=2026-03-01T10:00:00Z", true},
		{"_lastUpdated=gt2026-03-01T11:00:00%2B01:00", false},
		{"_lastUpdated=sa2026-03-01T10:59:59%2B01:00", true},
		{"value-date:missing=true", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"birthdate=1980", true},
		{"birthdate=1980-05", true},
		{"birthdate=1980-05-01", false},
		{"birthdate=ge1980-05-01", true},
		{"birthdate=lt1980-05-02", true},
		{"birthdate=gt1980-05-31", false},
	}.run(t, fhirpath.R4, patient)
	// An open end reaches for ever, an open start comes from ever.
	cases{
		{"date=gt2999", true},
		{"date=eb2999", false},
		{"date=2026", false},
		{"date=sa2025", true},
	}.run(t, fhirpath.R4, `{"resourceType":"Encounter","period":{"start":"2026-01-01"}}`)
	cases{
		{"date=lt0001", true},
		{"date=eb2027", true},
	}.run(t, fhirpath.R4, `{"resourceType":"CarePlan","period":{"end":"2026-01-01"}}`)
	// Of a Timing only the outer limits count.
	cases{
		{"occurrence=2026-01", true},
		{"occurrence=2026-01-02", false},
		{"occurrence=sa2026-01-01", true},
	}.run(t, fhirpath.R4, `{"resourceType":"ServiceRequest","occurrenceTiming":{"event":["2026-01-05","2026-01-02"]}}`)
}

func TestNumber(t *testing.T) {
	cases{
		{"probability=0.8", true},
		{"probability=0.80", false}, // 0.795 up to 0.805
		{"probability=8e-1", true},
		{"probability=0.833", true},
		{"probability=ne0.8", false},
		{"probability=gt0.8", true},
		{"probability=gt0.833", false},
		{"probability=ge0.8330", true},
		{"probability=lt0.8331", true},
		{"probability=le0.833", true},
		{"probability=sa0.8", true},
		{"probability=eb0.9", true},
		{"probability=ap0.9", true},
		{"probability=ap1.2", false},
		{"probability=1,0.8", true},
	}.run(t, fhirpath.R4, `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":0.833}]}`)
	// Decimals are exact: as float64 these two are one.
	cases{
		{"variant-start=gt9007199254740992", true},
		{"variant-start=9007199254740993", true},
		{"variant-start=le9007199254740992", false},
	}.run(t, fhirpath.R4, `{"resourceType":"MolecularSequence","variant":[{"start":9007199254740993}]}`)
}

func TestQuantity(t *testing.T) {
	cases{
		{"value-quantity=120.5", true},
		{"value-quantity=120.50", true},
		{"value-quantity=120", false}, // 119.5 up to 120.5
		{"value-quantity=121", true},
		{"value-quantity=1.2e2", true},
		{"value-quantity=120.5|http://unitsofmeasure.org|mm[Hg]", true},
		{"value-quantity=120.5|http://unitsofmeasure.org|kPa", false},
		{"value-quantity=120.5||mm[Hg]", true},
		{"value-quantity=120.5||mm[Hg]+read", true},
		{"value-quantity=gt120.4||mm[Hg]", true},
		{"value-quantity=gt120.5", false},
		{"value-quantity=ge120.5", true},
		{"value-quantity=lt200,gt300", true},
		{"value-quantity=ap115", true},
		{"value-quantity:missing=false", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"value-quantity=gt100", true},
		{"value-quantity=lt5", false},
		{"value-quantity=5", false},
		{"value-quantity=ge1000000", true},
	}.run(t, fhirpath.R4, `{"resourceType":"Observation","valueQuantity":{"value":5,"comparator":">"}}`)
}

func TestURI(t *testing.T) {
	cases{
		{"_source=http://source.example.org/a/b", true},
		{"_source=http://source.example.org/a", false},
		{"_source:below=http://source.example.org/a", true},
		{"_source:below=http://source.example.org/", true},
		{"_source:below=http://source.example.org/a/b/c", false},
		{"_source:below=http://source.example.or", false},
		{"_source:above=http://source.example.org/a/b/c", true},
		{"_source:above=http://source.example.org/a/bc", false},
		{"_profile=http://example.org/StructureDefinition/vital", true},
		{"_profile=http://example.org/StructureDefinition/vital|2.0", true},
		{"_profile=http://example.org/StructureDefinition/vital|1.0", false},
		{"_profile=http://example.org/StructureDefinition/vit", false},
	}.run(t, fhirpath.R4, observation)
	cases{ // a reference to a canonical since R5
		{"_profile=http://example.org/StructureDefinition/vital", true},
		{"_profile=http://example.org/StructureDefinition/vital|1.0", false},
	}.run(t, fhirpath.R5, observation)
}

// TestR36 is defect R36: a composite parameter followed by another parameter, where
// both must hold; and a composite's parts must hold of the same element.
func TestR36(t *testing.T) {
	cases{
		{"component-code-value-quantity=http://loinc.org|A$1", true},
		{"component-code-value-quantity=A$2", false},
		{"component-code-value-quantity=A$2,B$2", true},
		{"component-code-value-quantity=A$1&status=final", true},
		{"component-code-value-quantity=A$1&status=amended", false},
		{"status=amended&component-code-value-quantity=A$1", false},
		{"code-value-quantity=8480-6$gt120", true},
		{"code-value-quantity=8480-6$lt120", false},
		{"combo-code-value-quantity=B$2", true},
		{"combo-code-value-quantity=8480-6$120.5", true},
		{"combo-code-value-quantity=8480-6$2", false},
	}.run(t, fhirpath.R4, observation)
}

func TestR27(t *testing.T) {
	cases{
		{"subject:missing=false", true},
		{"subject:missing=true", false},
		{"value-quantity=gt1", true},
	}.run(t, fhirpath.R4, observation)
	cases{
		{"_filter=status+eq+final", true},
		{"_filter=status+ne+final", false},
	}.run(t, fhirpath.R4, observation)
}
