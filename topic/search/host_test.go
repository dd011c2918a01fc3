package search_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// host is a server with a few resources, by type and id.
type host struct {
	options   search.Options
	resources map[string]*fhirpath.Doc
	err       error // of every question
	asked     []string
}

// newHost returns options whose host has these resources.
func newHost(t testing.TB, r fhirpath.Release, resources ...string) (*host, search.Options) {
	t.Helper()
	h := &host{resources: map[string]*fhirpath.Doc{}}
	for _, raw := range resources {
		doc, err := fhirpath.Parse([]byte(raw))
		require.NoError(t, err)
		h.resources[doc.Root().Get("resourceType").Text()+"/"+doc.Root().Get("id").Text()] = doc
	}
	h.options = search.Options{Release: r, Host: search.Host{Resolver: h, Terminology: h}}
	return h, h.options
}

var errHost = errors.New("the host is down")

func (h *host) Resolve(ctx context.Context, reference string) (*fhirpath.Doc, error) {
	h.asked = append(h.asked, reference)
	if h.err != nil {
		return nil, h.err
	}
	place, _, _ := strings.Cut(strings.TrimPrefix(reference, base+"/"), "/_history/")
	return h.resources[place], ctx.Err()
}

func (h *host) Search(ctx context.Context, resourceType, query string, limit int) ([]*fhirpath.Doc, error) {
	h.asked = append(h.asked, resourceType+"?"+query)
	if h.err != nil {
		return nil, h.err
	}
	criteria, err := search.ParseQuery(h.options, resourceType, query)
	if err != nil {
		return nil, err
	}
	var found []*fhirpath.Doc
	for place, doc := range h.resources {
		if strings.HasPrefix(place, resourceType+"/") {
			ok, err := criteria.Match(ctx, doc.Root(), base)
			if err != nil {
				return nil, err
			}
			if ok && len(found) < limit {
				found = append(found, doc)
			}
		}
	}
	return found, nil
}

// MemberOf knows the value set http://vs, with a|1 and b|2, and the code final.
func (h *host) MemberOf(_ context.Context, system, code, valueSet string) (bool, error) {
	h.asked = append(h.asked, valueSet)
	if h.err != nil {
		return false, h.err
	}
	if valueSet != "http://vs" && valueSet != "ValueSet/vs" {
		return false, errors.New("no such value set")
	}
	return system == "a" && code == "1" || system == "b" && code == "2" || system == "" && code == "final", nil
}

// Subsumes has a hierarchy by dots: 1 is above 1.1.
func (h *host) Subsumes(_ context.Context, system, a, b string) (bool, error) {
	h.asked = append(h.asked, system)
	if h.err != nil {
		return false, h.err
	}
	return a == b || strings.HasPrefix(b, a+"."), nil
}

const (
	peter = `{"resourceType":"Patient","id":"1","gender":"male","birthDate":"1974-12-25","name":[{"family":"Chalmers","given":["Peter"]}],
	"managingOrganization":{"reference":"Organization/lab"},"identifier":[{"system":"http://mrn","value":"A,1"}],
	"generalPractitioner":[{"reference":"Practitioner/joe"},{"reference":"Practitioner/jane"}]}`
	jane = `{"resourceType":"Practitioner","id":"jane","name":[{"given":["Jane"]}],"address":[{"state":"MN"}]}`
	joe  = `{"resourceType":"Practitioner","id":"joe","name":[{"given":["Joe"]}],"address":[{"state":"CA"}]}`
	lab  = `{"resourceType":"Organization","id":"lab","name":"Acme Labs","partOf":{"reference":"Organization/acme"}}`
	acme = `{"resourceType":"Organization","id":"acme","name":"Acme"}`
	bp   = `{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
	"subject":{"reference":"Patient/1"},"valueQuantity":{"value":120},"performer":[{"reference":"Practitioner/gone"},{"reference":"Practitioner/jane"}],
	"encounter":{"reference":"https://fhir.example.org/r4/Encounter/e"},"specimen":{"reference":"#s"},
	"contained":[{"resourceType":"Specimen","id":"s","type":{"coding":[{"code":"blood"}]},"subject":{"reference":"Patient/1"}}]}`
	visit = `{"resourceType":"Encounter","id":"e","status":"finished","subject":{"reference":"Patient/1"},"partOf":{"reference":"Encounter/stay"}}`
	stay  = `{"resourceType":"Encounter","id":"stay","status":"in-progress","class":{"code":"IMP"}}`
	audit = `{"resourceType":"AuditEvent","id":"a","agent":[{"who":{"reference":"Practitioner/joe"}}],"entity":[{"what":{"reference":"Observation/bp"}}]}`
)

// TestChains goes through the FHIR search page, "Chaining".
func TestChains(t *testing.T) {
	h, o := newHost(t, fhirpath.R4, peter, jane, joe, lab, acme, visit, stay)
	check(t, o, bp, `
	+ subject.name=peter
	+ subject:Patient.name=peter
	- subject:Patient.name=paul
	+ patient.name=peter
	+ patient.gender=male
	- patient.gender=female
	+ patient.gender:not=female
	+ patient.name:exact=Peter
	- patient.name:exact=peter
	+ patient.name:contains=ETE
	+ patient.birthdate=1974
	+ patient.birthdate=ge1974-12-25
	- patient.birthdate=gt1975
	+ patient.name=x,peter
	+ patient.identifier=http://mrn|A\,1
	+ patient.deceased=false
	+ patient.deceased:missing=false
	+ patient.phone:missing=true
	- patient.name:missing=true
	+ subject:Patient._id=1
	+ subject._id=1
	- subject._id=2
	- subject:Group._id=1
	+ patient.organization.name=acme
	+ patient.organization.partof.name=acme
	- patient.organization.partof.name=labs
	+ patient.organization.partof=Organization/acme
	+ patient.organization:Organization.name=acme labs
	+ patient:Patient.organization:Organization.name:exact=Acme Labs
	- patient.organization.partof.partof.name=acme
	+ performer:Practitioner.given=jane
	- performer:Practitioner.given=joe
	+ performer:Practitioner.name=jane
	+ encounter.status=finished
	+ encounter.part-of.status=in-progress
	+ encounter.part-of.class=IMP
	- encounter.status=planned
	+ patient.general-practitioner:Practitioner.given=joe&patient.general-practitioner:Practitioner.address-state=MN
	+ patient.general-practitioner=Practitioner/joe
	+ specimen.type=blood
	- specimen.type=urine
	+ specimen.patient.name=peter
	- device.type=x
	- focus:Patient.name=peter
	+ subject.name=peter&status=final
	- subject.name=peter&status=amended
	x subject.nonsense=1
	x subject.name
	x subject.=1
	x .name=1
	x subject..name=1
	x subject:Nonsense.name=1
	x subject:Medication.code=1
	x subject:identifier.name=1
	x patient.name:nonsense=1
	x patient.birthdate=yesterday
	x patient.gender=a|b|c
	x status.name=1
	x code.text=1
	x nonsense.name=1
	x patient._count=1
	x patient._sort=1
	x patient.near=1
	x performer.code=1
	x subject:Patient:name=1
	`)
	// Each of them leads to every type of resource.
	for _, many := range []string{"target.subject.subject.subject.subject.name=x", "_filter=target.subject.subject.subject.subject.name eq x"} {
		_, err := search.ParseQuery(o, "Provenance", many)
		require.ErrorContains(t, err, "too many types")
	}
	long := "patient" + strings.Repeat(".link", 12) + "=1"
	_, err := search.ParseQuery(o, "Observation", long)
	require.ErrorContains(t, err, "too long")

	// Without need the host is not asked, and not twice for the same.
	h.asked = nil
	criteria, err := search.ParseQuery(o, "Observation", "patient.name=peter&status=amended")
	require.NoError(t, err)
	require.False(t, matches(t, criteria, node(t, bp)))
	require.Empty(t, h.asked)
	criteria, err = search.ParseQuery(o, "Observation", "patient.name=peter&patient.gender=male&subject:Patient.birthdate=1974&subject:Group.member=x")
	require.NoError(t, err)
	require.False(t, matches(t, criteria, node(t, bp)))
	require.Equal(t, []string{"Patient/1"}, h.asked)
	require.True(t, criteria.NeedsHost())
	require.Equal(t, "subject", criteria[2].Parameter().Code)
	require.Nil(t, criteria[2].Prefixes())
	criteria, err = search.ParseQuery(o, "Observation", "patient.birthdate=ge1974,lt1960&status=final")
	require.NoError(t, err)
	require.Equal(t, []string{"ge", "lt"}, criteria[0].Prefixes())
	require.False(t, criteria[1].NeedsHost())
	_, keyed := criteria[0].Keys()
	require.False(t, keyed)
}

// TestChainOfResource: a reference may hold the resource itself, or a canonical.
func TestChainOfResource(t *testing.T) {
	_, o := newHost(t, fhirpath.R4, peter, `{"resourceType":"Questionnaire","id":"q","title":"Intake"}`)
	check(t, o, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","title":"Letter","subject":{"reference":"Patient/1"}}}]}`, `
	+ composition.title=lett
	+ composition.patient.name=peter
	- composition.title=other
	`)
	check(t, o, `{"resourceType":"QuestionnaireResponse","questionnaire":"Questionnaire/q","subject":{"identifier":{"value":"x"}}}`, `
	+ questionnaire.title=int
	- questionnaire.title=x
	- patient.name=peter
	- subject:Patient.name:missing=true
	`)
}

// TestHas goes through the FHIR search page, "Reverse Chaining".
func TestHas(t *testing.T) {
	h, o := newHost(t, fhirpath.R4, peter, joe, bp, audit, visit)
	check(t, o, peter, `
	+ _has:Observation:patient:code=8480-6
	+ _has:Observation:patient:code=http://loinc.org|8480-6
	- _has:Observation:patient:code=1234-5
	+ _has:Observation:patient:code=1234-5,8480-6
	+ _has:Observation:subject:status=final
	+ _has:Observation:patient:code:not=1234-5
	- _has:Observation:patient:code:not=8480-6
	+ _has:Observation:patient:value-quantity=gt100
	+ _has:Observation:patient:code=8480-6&_has:Encounter:patient:status=finished
	- _has:Observation:patient:code=8480-6&_has:Encounter:patient:status=planned
	+ _has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/joe
	- _has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/jane
	+ _has:Observation:patient:_has:AuditEvent:entity:agent:Practitioner=joe
	+ _has:Observation:patient:encounter.status=finished
	- _has:Observation:patient:encounter.status=planned
	+ _has:Observation:patient:subject:Patient.name:exact=Peter
	x _has=1
	x _has:Observation=1
	x _has:Observation:patient=1
	x _has:Observation:patient:=1
	x _has:Nonsense:patient:code=1
	x _has:Observation:nonsense:code=1
	x _has:Observation:code:code=1
	x _has:Observation:patient:nonsense=1
	x _has:Observation:encounter:code=1
	x _has:Observation:patient:code:nonsense=1
	x _has:Observation:patient:date=x
	x _has:Observation:patient:code=
	x _has:Observation:patient:_count=1
	`)
	check(t, o, bp, `
	+ patient._has:Encounter:patient:status=finished
	- patient._has:Encounter:patient:status=planned
	`)
	check(t, o, `{"resourceType":"Patient"}`, "- _has:Observation:patient:code=8480-6")
	check(t, o, `{"resourceType":"Patient","id":"2"}`, "- _has:Observation:patient:code=8480-6")

	// What the resource says about itself reaches the query as a value only.
	h.asked = nil
	criteria, err := search.ParseQuery(o, "Patient", `_has:Observation:patient:code=http://x|a\,b`)
	require.NoError(t, err)
	_, err = criteria.Match(context.Background(), node(t, `{"resourceType":"Patient","id":"1,2&code=8480-6"}`), base)
	require.NoError(t, err)
	require.Equal(t, []string{`Observation?patient=Patient/1\,2%26code=8480-6&code=http://x|a\,b`}, h.asked)
}

// TestMembership goes through FHIR R5 search, _in, and :in on references; _list.
func TestMembership(t *testing.T) {
	_, o := newHost(t, fhirpath.R5,
		`{"resourceType":"Group","id":"g","member":[{"entity":{"reference":"Patient/1"}},{"entity":{"reference":"Patient/old"},"inactive":true},
		 {"entity":{"reference":"Patient/left"},"period":{"end":"2001-01-01"}},{"entity":{"reference":"https://fhir.example.org/r4/Patient/3"},"period":{"start":"2001"}},
		 {"entity":{"reference":"Patient/soon"},"period":{"start":"2999-01-01"}}]}`,
		`{"resourceType":"Group","id":"empty"}`,
		`{"resourceType":"Group","id":"definition","characteristic":[{"exclude":false}]}`,
		`{"resourceType":"List","id":"42","entry":[{"item":{"reference":"Patient/2"}},{"item":{"reference":"Patient/1"},"deleted":true}]}`,
		`{"resourceType":"CareTeam","id":"t","participant":[{"member":{"reference":"Practitioner/joe"}},{"member":{"reference":"Patient/2"},"coveragePeriod":{"end":"2001"}}]}`,
	)
	for id, table := range map[string]string{
		"1": `
		+ _in=Group/g
		- _in:not=Group/g
		- _in=List/42
		+ _in:not=List/42
		+ _in=List/42,Group/g
		+ _in=https://fhir.example.org/r4/Group/g
		- _in=Group/empty
		- _in=Group/none
		+ _in:not=Group/none
		? _in=Group/definition
		+ _in=Group/g,Group/definition
		? _in:not=Group/definition
		- _list=42
		x _in=Patient/1
		x _in=g
		x _in=
		x _in=Group/
		x _in=Group/g/_history/1
		x _in:missing=true
		x _in:exact=Group/g
		x _list=$current-allergies
		x _list=Group/g
		x _list:not=42
		x _in.name=x
		x _list.name=x
		`,
		"2":    "+ _list=42\n + _in=List/42\n - _in=CareTeam/t\n + _list=1,42\n - _list=1",
		"3":    "+ _in=Group/g",
		"old":  "- _in=Group/g",
		"left": "- _in=Group/g",
		"soon": "- _in=Group/g",
	} {
		check(t, o, `{"resourceType":"Patient","id":"`+id+`"}`, table)
	}
	check(t, o, `{"resourceType":"Encounter","subject":{"reference":"Patient/1"},"participant":[{"actor":{"reference":"Practitioner/joe"}}]}`, `
	+ patient:in=Group/g
	- patient:not-in=Group/g
	- patient:in=List/42
	+ patient:not-in=List/42
	+ patient:in=List/42,Group/g
	+ patient._in=Group/g
	- patient._in=List/42
	+ patient._in:not=List/42
	+ subject:Patient._in=Group/g
	+ participant:in=CareTeam/t
	? patient:in=Group/definition
	? patient:not-in=Group/definition
	- patient:in=Group/empty
	+ location:not-in=Group/g
	- location:in=Group/g
	x patient:in=Patient/1
	x patient:in=g
	x patient._in:exact=Group/g
	x status:in=Group/g&status:in=
	`)
	check(t, o, `{"resourceType":"Patient"}`, "- _in=Group/g\n + _in:not=Group/g\n - _list=42")
}

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

// TestHierarchies goes through the FHIR search page, "Searching Hierarchies".
func TestHierarchies(t *testing.T) {
	place := func(id, parent string) string {
		return `{"resourceType":"Location","id":"` + id + `","partOf":{"reference":"` + parent + `"}}`
	}
	_, o := newHost(t, fhirpath.R4, place("A101", "Location/A100"), place("A100", base+"/Location/BuildingA"), `{"resourceType":"Location","id":"BuildingA"}`,
		place("round", "Location/about"), place("about", "Location/round"), place("lost", "Location/nowhere"), visit, stay)
	at := func(id string) string {
		return `{"resourceType":"Procedure","location":{"reference":"Location/` + id + `"}}`
	}
	check(t, o, at("A101"), `
	+ location:below=BuildingA
	+ location:below=Location/A100
	+ location:below=A101
	+ location:below=https://fhir.example.org/r4/Location/BuildingA
	- location:below=A102
	- location:above=BuildingA
	+ location:above=A101
	- location:above=A100
	- location:below=X,Y
	+ location:below=X,BuildingA
	x location:below=Patient/1
	x location:below=Location/A100/_history/1
	- performer:below=1
	x patient:above=1
	- based-on:below=1
	`)
	check(t, o, at("A100"), `
	+ location:above=A101
	+ location:below=BuildingA
	- location:below=A101
	`)
	check(t, o, at("BuildingA"), "+ location:above=A101\n + location:above=A100\n - location:below=A100\n")
	check(t, o, at("round"), "+ location:below=about\n - location:below=BuildingA\n + location:above=about")
	check(t, o, at("lost"), "+ location:below=nowhere\n - location:below=BuildingA")
	check(t, o, `{"resourceType":"Procedure"}`, "- location:below=BuildingA")
	check(t, o, `{"resourceType":"MedicationAdministration","context":{"reference":"Encounter/stay"}}`, `
	+ context:above=Encounter/e
	- context:below=Encounter/e
	`)
}

// TestHostFails: an error of the host is no answer, unless the others decide.
func TestHostFails(t *testing.T) {
	h, o := newHost(t, fhirpath.R4, peter)
	h.err = errHost
	resource := node(t, bp)
	for query, want := range map[string]string{
		"patient.name=peter": "?", "status=final&patient.name=peter": "?", "patient.name=peter&status=final": "?",
		"patient.name=peter&status=amended": "-", "patient.name:not=x": "x",
		"code:in=http://vs": "?", "code:not-in=http://vs": "?", "code:below=http://loinc.org|8": "?",
		"code:below=http://loinc.org|8480-6": "+", "patient:in=Group/g": "?", "patient:not-in=Group/g": "?",
		"_has:AuditEvent:entity:agent=Practitioner/joe": "?", "_list=1": "?", "_in=Group/g": "?", "_in:not=Group/g": "?",
		"specimen.type=blood": "+", "_filter=status+eq+final+or+subject.name+eq+x": "+", "_filter=subject.name+eq+x+or+status+eq+final": "+",
		"_filter=subject.name+eq+x+and+status+eq+amended": "-", "_filter=not+(subject.name+eq+x)": "?", "_filter=subject.name+eq+x+and+status+eq+final": "?",
	} {
		t.Run(query, func(t *testing.T) {
			criteria, err := search.ParseQuery(o, "Observation", query)
			if want == "x" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.True(t, criteria.NeedsHost())
			found, err := criteria.Match(context.Background(), resource, base)
			if want == "?" {
				require.ErrorIs(t, err, errHost)
				require.False(t, found)
				return
			}
			require.NoError(t, err)
			require.Equal(t, want == "+", found)
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h.err = nil
	criteria, err := search.ParseQuery(o, "Observation", "patient.name=peter")
	require.NoError(t, err)
	_, err = criteria.Match(ctx, resource, base)
	require.ErrorIs(t, err, context.Canceled)
}

// TestLookupsAreBounded: a resource with very many references does not make the
// host work for ever.
func TestLookupsAreBounded(t *testing.T) {
	h, o := newHost(t, fhirpath.R4)
	var performers []string
	for i := range 3000 {
		performers = append(performers, `{"reference":"Practitioner/p`+strings.Repeat("x", i%50)+strings.Repeat("y", i/50)+`"}`)
	}
	resource := node(t, `{"resourceType":"Observation","performer":[`+strings.Join(performers, ",")+`]}`)
	criteria, err := search.ParseQuery(o, "Observation", "performer:Practitioner.name=peter")
	require.NoError(t, err)
	_, err = criteria.Match(context.Background(), resource, base)
	require.ErrorIs(t, err, fhirpath.ErrLimit)
	require.LessOrEqual(t, len(h.asked), 1000)
}

// TestCirclesAreBounded: nor with references that lead to the same again and again.
func TestCirclesAreBounded(t *testing.T) {
	links := strings.TrimSuffix(strings.Repeat(`{"other":{"reference":"Patient/1"}},`, 100), ",")
	patient := `{"resourceType":"Patient","id":"1","link":[` + links + `]}`
	_, o := newHost(t, fhirpath.R4, patient)
	criteria, err := search.ParseQuery(o, "Patient", "link:Patient"+strings.Repeat(".link:Patient", 8)+".gender=male")
	require.NoError(t, err)
	_, err = criteria.Match(context.Background(), node(t, patient), base)
	require.ErrorIs(t, err, fhirpath.ErrLimit)
}
