package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFacts holds what pages of the FHIR specification say: the line that a path's
// last element has, "-" where the release has no such element.
func TestFacts(t *testing.T) {
	models := [3]model{table(t, "r4"), table(t, "r4b"), table(t, "r5")}
	all := func(s string) [3]string { return [3]string{s, s, s} }
	observed := "value[x]:Quantity|CodeableConcept|string|boolean|integer|Range|Ratio|SampledData|time|dateTime|Period"
	for path, want := range map[string][3]string{
		"Observation.value[x]":                    {observed, observed, observed + "|Attachment|Reference(MolecularSequence)"},
		"Observation.effective[x]":                all("effective[x]:dateTime|Period|Timing|instant"),
		"Observation.component.referenceRange":    all("referenceRange*:Observation.referenceRange"),
		"Patient.birthDate":                       all("birthDate:date"),
		"Patient.contact":                         all("contact*:Patient.contact"),
		"Patient.contact.relationship":            all("relationship*:CodeableConcept"),
		"Patient.deceased[x]":                     all("deceased[x]:boolean|dateTime"),
		"Patient.generalPractitioner":             all("generalPractitioner*:Reference(Organization|Practitioner|PractitionerRole)"),
		"Questionnaire.item.item":                 all("item*:Questionnaire.item"),
		"Questionnaire.item.item.item.linkId":     all("linkId:string"),
		"Bundle.entry.link":                       all("link*:Bundle.link"),
		"Bundle.entry.resource":                   all("resource:Resource"),
		"Parameters.parameter.part":               all("part*:Parameters.parameter"),
		"Parameters.parameter.part.part.resource": all("resource:Resource"),
		"ValueSet.expansion.contains.contains":    all("contains*:ValueSet.expansion.contains"),
		"ValueSet.compose.exclude.concept":        all("concept*:ValueSet.compose.include.concept"),
		"Timing.repeat.bounds[x]":                 all("bounds[x]:Duration|Range|Period"),
		"Dosage.asNeeded[x]":                      {"asNeeded[x]:boolean|CodeableConcept", "asNeeded[x]:boolean|CodeableConcept", "-"},
		"ElementDefinition.slicing.discriminator": all("discriminator*:ElementDefinition.slicing.discriminator"),
		"Encounter.class":                         {"class:Coding", "class:Coding", "class*:CodeableConcept"},
		"Encounter.period":                        {"period:Period", "period:Period", "-"},
		"Encounter.subject":                       all("subject:Reference(Patient|Group)"),
		"Observation.subject": {
			"subject:Reference(Patient|Group|Device|Location)",
			"subject:Reference(Patient|Group|Device|Location|Organization|Procedure|Practitioner|Medication|Substance)",
			"subject:Reference(Patient|Group|Device|Location|Organization|Procedure|Practitioner|Medication|Substance|BiologicallyDerivedProduct|NutritionProduct)",
		},
		"PackagedProductDefinition.package.property.value[x]": {"-", "value[x]:CodeableConcept|Quantity|date|boolean|Attachment", "-"},
		"Condition.code":                                  all("code:CodeableConcept"),
		"MedicationRequest.medication[x]":                 {"medication[x]:CodeableConcept|Reference(Medication)", "medication[x]:CodeableConcept|Reference(Medication)", "-"},
		"Attachment.size":                                 {"size:unsignedInt", "size:unsignedInt", "size:integer64"},
		"Narrative.div":                                   all("div:xhtml"),
		"Meta.profile":                                    all("profile*:canonical(StructureDefinition)"),
		"Extension.url":                                   all("url:uri"),
		"Element.id":                                      all("id:System.String"),
		"Resource.id":                                     all("id:id"),
		"DomainResource.contained":                        all("contained*:Resource"),
		"BackboneElement.modifierExtension":               all("modifierExtension*:Extension"),
		"Quantity.value":                                  all("value:decimal"),
		"CodeableReference.reference":                     {"-", "reference:Reference", "reference:Reference"},
		"RatioRange.denominator":                          {"-", "denominator:Quantity", "denominator:Quantity"},
		"SubscriptionTopic.resourceTrigger.resource":      {"-", "resource:uri", "resource:uri"},
		"SubscriptionStatus.notificationEvent.focus":      {"-", "focus:Reference", "focus:Reference(Resource)"},
		"SubscriptionStatus.eventsSinceSubscriptionStart": {"-", "eventsSinceSubscriptionStart:string", "eventsSinceSubscriptionStart:integer64"},
		"Subscription.channel.header":                     {"header*:string", "header*:string", "-"},
		"Subscription.filterBy.resourceType":              {"-", "-", "resourceType:uri"},
		"Device.property.valueQuantity":                   {"valueQuantity*:Quantity", "valueQuantity*:Quantity", "-"},
		"Ingredient.substance.strength.presentation[x]":   {"-", "presentation[x]:Ratio|RatioRange", "presentation[x]:Ratio|RatioRange|CodeableConcept|Quantity"},
	} {
		for i, m := range models {
			require.Equal(t, want[i], elementAt(m, path), "%s: %s", releases[i], path)
		}
	}
}

// elementAt prints the element at the end of a path whose steps are elements' names.
func elementAt(m model, path string) string {
	steps := strings.Split(path, ".")
	at := m[steps[0]]
	for i, step := range steps[1:] {
		name, choice := strings.CutSuffix(step, "[x]")
		var e *element
		for t := at; t != nil && e == nil; t = m[t.base] {
			if n := slices.IndexFunc(t.elements, func(e *element) bool { return e.name == name && e.choice == choice }); n >= 0 {
				e = t.elements[n]
			}
		}
		if e == nil {
			return "-"
		}
		if i == len(steps)-2 {
			return e.String()
		}
		at = m[e.types[0].Code]
	}
	return "-"
}

// TestOpenTypes holds the list of types that Extension.value[x] may have
// (datatypes.html#open): R4B added two, R5 four more and took Contributor away.
func TestOpenTypes(t *testing.T) {
	simple := "base64Binary|boolean|canonical|code|date|dateTime|decimal|id|instant|integer|"
	rest := "markdown|oid|positiveInt|string|time|unsignedInt|uri|url|uuid|Address|Age|Annotation|Attachment|CodeableConcept|"
	contact := "Coding|ContactPoint|Count|Distance|Duration|HumanName|Identifier|Money|Period|Quantity|Range|Ratio|"
	meta := "DataRequirement|Expression|ParameterDefinition|RelatedArtifact|TriggerDefinition|UsageContext|"
	sampled := "Reference|SampledData|Signature|Timing|ContactDetail|"
	for release, want := range map[string]string{
		"r4":  simple + rest + contact + sampled + "Contributor|" + meta + "Dosage|Meta",
		"r4b": simple + rest + "CodeableReference|" + contact + "RatioRange|" + sampled + "Contributor|" + meta + "Dosage",
		"r5": simple + "integer64|" + rest + "CodeableReference|" + contact + "RatioRange|" + sampled + meta +
			"Availability|ExtendedContactDetail|Dosage|Meta",
	} {
		require.Equal(t, "value[x]:"+want, elementAt(table(t, release), "Extension.value[x]"), release)
	}
}

// TestBases holds the hierarchy of types (types.html, resourcelist.html).
func TestBases(t *testing.T) {
	models := [3]model{table(t, "r4"), table(t, "r4b"), table(t, "r5")}
	for name, want := range map[string][3]string{
		"Element":                   {"", "", "Base"},
		"Resource":                  {"", "", "Base"},
		"DomainResource":            {"Resource", "Resource", "Resource"},
		"Patient":                   {"DomainResource", "DomainResource", "DomainResource"},
		"Bundle":                    {"Resource", "Resource", "Resource"},
		"Binary":                    {"Resource", "Resource", "Resource"},
		"Parameters":                {"Resource", "Resource", "Resource"},
		"Quantity":                  {"Element", "Element", "DataType"},
		"Age":                       {"Quantity", "Quantity", "Quantity"},
		"SimpleQuantity":            {"Quantity", "Quantity", "Quantity"},
		"MoneyQuantity":             {"Quantity", "Quantity", "Quantity"},
		"Timing":                    {"BackboneElement", "BackboneElement", "BackboneType"},
		"Timing.repeat":             {"Element", "Element", "Element"},
		"Dosage.doseAndRate":        {"Element", "Element", "Element"},
		"ElementDefinition.slicing": {"Element", "Element", "Element"},
		"Patient.contact":           {"BackboneElement", "BackboneElement", "BackboneElement"},
		"BackboneElement":           {"Element", "Element", "Element"},
		"string":                    {"Element", "Element", "PrimitiveType"},
		"code":                      {"string", "string", "string"},
		"markdown":                  {"string", "string", "string"},
		"url":                       {"uri", "uri", "uri"},
		"canonical":                 {"uri", "uri", "uri"},
		"positiveInt":               {"integer", "integer", "integer"},
		"xhtml":                     {"Element", "Element", "Element"},
	} {
		for i, m := range models {
			require.Equal(t, want[i], m[name].base, "%s: %s", releases[i], name)
		}
	}
}
