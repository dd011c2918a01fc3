package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// small is a release of a few types; its paths are those of smallPaths.
const small = `
export interface Element {
  id?: string | undefined;
  extension?: Extension[] | undefined;
}
export interface Extension extends Element {
  url: string;
  valueDateTime?: string | undefined;
  valueReference?: Reference | undefined;
}
export interface BackboneElement extends Element {
  modifierExtension?: Extension[] | undefined;
}
export interface Reference extends Element {
  reference?: string | undefined;
}
export interface Timing extends BackboneElement {
  repeat?: TimingRepeat | undefined;
}
export interface TimingRepeat extends BackboneElement {
  count?: number | undefined;
}
export interface Resource {
  readonly resourceType: string;
  id?: string | undefined;
}
export interface Group extends Resource {
  readonly resourceType: 'Group';
  kind: ('a'|'b');
  active?: boolean | undefined;
  member?: GroupMember[] | undefined;
  managingEntity?: Reference | undefined;
}
export interface GroupMember extends BackboneElement {
  onset?: Timing | undefined;
  member?: GroupMember[] | undefined;
}
export interface MetadataResource extends Resource {
  url?: string | undefined;
}
`

func smallPaths() *paths {
	return &paths{
		types: map[string]pathType{
			"Element.id":               {Code: "System.String"},
			"Extension.url":            {Code: "System.String"},
			"Extension.valueDateTime":  {Code: "dateTime"},
			"Extension.valueReference": {Code: "Reference", Targets: []string{"Resource"}},
			"Reference.reference":      {Code: "string"},
			"Timing.repeat":            {Code: "Element"},
			"Timing.repeat.count":      {Code: "positiveInt"},
			"Group.kind":               {Code: "code"},
			"Group.active":             {Code: "boolean"},
			"Group.member":             {Code: "BackboneElement"},
			"Group.member.onset":       {Code: "Timing"},
			"Group.managingEntity":     {Code: "Reference", Targets: []string{"Group"}},
			"MetadataResource.url":     {Code: "uri"},
			"string.value":             {Code: "System.String"},
		},
		choices: map[string][]string{"Extension.value": {"DateTime", "Reference"}},
		parents: map[string]string{
			"string": "Element", "dateTime": "Element", "uri": "Element", "code": "string", "positiveInt": "integer",
			"integer": "Element", "boolean": "Element", "Group": "Resource", "Timing": "BackboneElement",
		},
		refers:  map[string]string{"Group.member.member": "Group.member"},
		repeats: map[string]bool{"Group.member": true},
	}
}

func buildSmall(t *testing.T, source string, own *paths, borrowed ...*paths) (model, error) {
	t.Helper()
	declarations, err := parseDeclarations(source)
	require.NoError(t, err)
	return build(declarations, own, borrowed...)
}

func TestBuild(t *testing.T) {
	m, err := buildSmall(t, small, smallPaths())
	require.NoError(t, err)
	require.NoError(t, agree(m, smallPaths()))
	var b bytes.Buffer
	m.write(&b)
	require.Equal(t, `BackboneElement	complex	Element	modifierExtension*:Extension
Element	complex	-	id:System.String extension*:Extension
Extension	complex	Element	url:uri value[x]:dateTime|Reference(Resource)
Group	resource	Resource	kind:code active:boolean member*:Group.member managingEntity:Reference(Group)
Group.member	backbone	BackboneElement	onset:Timing member*:Group.member
Reference	complex	Element	reference:string
Resource	resource	-	id:id
Timing	complex	BackboneElement	repeat:Timing.repeat
Timing.repeat	backbone	Element	count:positiveInt
boolean	primitive	Element	
code	primitive	string	
dateTime	primitive	Element	
integer	primitive	Element	
positiveInt	primitive	integer	
string	primitive	Element	
uri	primitive	Element	
`, b.String())
}

// A release without paths of its own borrows: from its elder, from a later one
// what the elder lacks, and neither where the table by hand knows better.
func TestBuildBorrows(t *testing.T) {
	later := &paths{
		types: map[string]pathType{
			"Group.code":   {Code: "uri"},
			"Group.size":   {Code: "string"}, // became a string there
			"Group.valueA": {Code: "string"},
			"Group.other":  {Code: "Reference", Targets: []string{"Group"}},
		},
		choices: map[string][]string{"Group.amount": {"Integer"}},
	}
	elder := smallPaths()
	elder.types["Group.managingEntity"] = pathType{"Reference", []string{"Group", "Patient"}}
	elder.types["Group.amountInteger"] = pathType{Code: "positiveInt"} // no choice yet
	byHand, err := parsePaths("Group.size\tinteger\nGroup.any[x]\nGroup.anyString\turi\nExtension.valueReference\tReference(Group)\nExtension.value[x]")
	require.NoError(t, err)
	source := strings.Replace(small, "  active?: boolean | undefined;\n", `
  code?: string | undefined;
  size?: number | undefined;
  amountInteger?: number | undefined;
  anyString?: string | undefined;
  other?: Reference | undefined;
`, 1)
	m, err := buildSmall(t, source, byHand, elder, later)
	require.NoError(t, err)
	require.Equal(t, "code:uri", elementAt(m, "Group.code"), "later")
	require.Equal(t, "size:integer", elementAt(m, "Group.size"), "by hand")
	require.Equal(t, "amountInteger:positiveInt", elementAt(m, "Group.amountInteger"), "the elder's no outweighs a later yes")
	require.Equal(t, "any[x]:string", elementAt(m, "Group.any[x]"), "a choice by hand has the types that are declared")
	require.Equal(t, "value[x]:dateTime|Reference(Group)", elementAt(m, "Extension.value[x]"), "targets by hand")
	require.Equal(t, "managingEntity:Reference", elementAt(m, "Group.managingEntity"), "there is no Patient here")
	require.Equal(t, "other:Reference", elementAt(m, "Group.other"), "no targets of a later release")
}

func TestBuildReportsWhatNobodyKnows(t *testing.T) {
	_, err := buildSmall(t, small+`
export interface Media extends Resource {
  height?: number | undefined;
  view?: Nothing | undefined;
}
`, smallPaths())
	require.ErrorContains(t, err, "Media.height: nobody knows the FHIR type of this number")
	require.ErrorContains(t, err, "Media.view: nobody knows the FHIR type of this Nothing")
}

func TestBuildRefusesTwoOfAName(t *testing.T) {
	_, err := buildSmall(t, small+"export interface Group extends Resource {\n}\n", smallPaths())
	require.ErrorContains(t, err, "Group: declared twice")
}

func TestAgree(t *testing.T) {
	for want, change := range map[string]func(p *paths){
		"Group.size: not in the model":                         func(p *paths) { p.types["Group.size"] = pathType{Code: "integer"} },
		"Group.kind: a code in the model, a string in":         func(p *paths) { p.types["Group.kind"] = pathType{Code: "string"} },
		"Group.member: a Group.member in the model, a Element": func(p *paths) { p.types["Group.member"] = pathType{Code: "Element"} },
		"Group.kind: repeats":                                  func(p *paths) { p.repeats["Group.kind"] = true },
		"Group.member: repeats":                                func(p *paths) { delete(p.repeats, "Group.member") },
		"Group.member.member: refers to":                       func(p *paths) { p.refers["Group.member.member"] = "Group" },
		"Group.member.x: not in the model":                     func(p *paths) { p.refers["Group.member.x"] = "Group" },
		"Group: its base is":                                   func(p *paths) { p.parents["Group"] = "DomainResource" },
		"Extension.valueString: not in the model":              func(p *paths) { p.types["Extension.valueString"] = pathType{Code: "string"} },
	} {
		m, err := buildSmall(t, small, smallPaths())
		require.NoError(t, err)
		p := smallPaths()
		change(p)
		require.ErrorContains(t, agree(m, p), want)
	}
}
