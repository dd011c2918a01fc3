package fhirpath

import (
	"slices"
	"strings"
)

// typeSpecifier is the T of is, as and ofType.
type typeSpecifier struct {
	name   string
	system bool // in the namespace System, or only known there
	fhir   bool // in the namespace FHIR, or known there
}

// primitives are FHIR's primitive types, with their base where that is one, too.
var primitives = typeTable(`base64Binary boolean canonical:uri code:string date dateTime decimal id:string instant
	integer integer64 markdown:string oid:uri positiveInt:integer string time unsignedInt:integer uri url:uri uuid:uri
	xhtml`)

// complexTypes are the other data types of R4, R4B and R5, with their base where
// it is not Element alone.
var complexTypes = typeTable(`Address Annotation Attachment Availability CodeableConcept CodeableReference Coding
	ContactDetail ContactPoint Contributor DataRequirement Element Expression ExtendedContactDetail Extension
	HumanName Identifier Meta MonetaryComponent Money Narrative ParameterDefinition Period Quantity Range Ratio
	RatioRange Reference RelatedArtifact SampledData Signature TriggerDefinition UsageContext VirtualServiceDetail
	Age:Quantity Count:Quantity Distance:Quantity Duration:Quantity MoneyQuantity:Quantity SimpleQuantity:Quantity
	BackboneElement BackboneType DataType Dosage ElementDefinition MarketingStatus Population ProdCharacteristic
	ProductShelfLife SubstanceAmount Timing PrimitiveType`)

// abstractTypes have no elements of their own; which elements derive from them is
// not known without the definitions of the resources.
var abstractTypes = []string{"BackboneElement", "BackboneType", "DataType", "PrimitiveType"}

// resourceTypes are the resource types of R4, R4B and R5.
var resourceTypes = typeTable(`Account ActivityDefinition ActorDefinition AdministrableProductDefinition AdverseEvent
	AllergyIntolerance Appointment AppointmentResponse ArtifactAssessment AuditEvent Basic Binary
	BiologicallyDerivedProduct BiologicallyDerivedProductDispense BodyStructure Bundle CapabilityStatement CarePlan
	CareTeam CatalogEntry ChargeItem ChargeItemDefinition Citation Claim ClaimResponse ClinicalImpression
	ClinicalUseDefinition CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap
	Condition ConditionDefinition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse
	DetectedIssue Device DeviceAssociation DeviceDefinition DeviceDispense DeviceMetric DeviceRequest DeviceUsage
	DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter
	EncounterHistory Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
	EvidenceReport EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag FormularyItem
	GenomicStudy Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingSelection ImagingStudy
	Immunization ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide Ingredient InsurancePlan
	InventoryItem InventoryReport Invoice Library Linkage List Location ManufacturedItemDefinition Measure
	MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest
	MedicationStatement MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
	MedicinalProductDefinition MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction
	MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical
	MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionIntake
	NutritionOrder NutritionProduct Observation ObservationDefinition OperationDefinition OperationOutcome
	Organization OrganizationAffiliation PackagedProductDefinition Parameters Patient PaymentNotice
	PaymentReconciliation Permission Person PlanDefinition Practitioner PractitionerRole Procedure Provenance
	Questionnaire QuestionnaireResponse RegulatedAuthorization RelatedPerson RequestGroup RequestOrchestration
	Requirements ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment
	RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition
	StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic Substance
	SubstanceDefinition SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation
	SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities
	TestPlan TestReport TestScript Transport ValueSet VerificationResult VisionPrescription
	Resource DomainResource:Resource`)

var systemTypes = []string{"Any", "Boolean", "Date", "DateTime", "Decimal", "Integer", "Quantity", "String", "Time"}

// names are type names by themselves, so that a name found in a document can be
// looked up and kept without an allocation.
type names map[string]named

type named struct{ name, base string }

// typeTable reads names, each with its base behind a colon if it has one.
func typeTable(list string) names {
	table := names{}
	for _, entry := range strings.Fields(list) {
		name, base, _ := strings.Cut(entry, ":")
		table[name] = named{name, base}
	}
	return table
}

func isPrimitive(name string) bool { _, ok := primitives[name]; return ok }
func isResource(name string) bool  { _, ok := resourceTypes[name]; return ok }
func isDataType(name string) bool  { _, ok := complexTypes[name]; return ok || isPrimitive(name) }

// specifierOf reads a type's name out of an expression that stands for one.
func specifierOf(e *expr) (t typeSpecifier, problem string) {
	switch {
	case e.form == nameForm:
		t.name = e.text
		t.fhir = isDataType(t.name) || isResource(t.name)
		t.system = slices.Contains(systemTypes, t.name)
	case e.form == memberForm && e.left.form == nameForm && e.left.text == "FHIR":
		t.name = e.text
		t.fhir = isDataType(t.name) || isResource(t.name)
	case e.form == memberForm && e.left.form == nameForm && e.left.text == "System":
		t.name = e.text
		t.system = slices.Contains(systemTypes, t.name)
	default:
		return t, "expected the name of a type"
	}
	if !t.fhir && !t.system {
		return t, "unknown type " + quoteName(t.name)
	}
	return t, ""
}

// derives reports whether the FHIR type name is base or derives from it.
func derives(name, base string) truth {
	switch base {
	case name:
		return yes
	case "Resource":
		return truthOf(isResource(name))
	case "DomainResource":
		return truthOf(isResource(name) && name != "Bundle" && name != "Binary" && name != "Parameters" && name != "Resource")
	case "Element":
		return truthOf(isDataType(name))
	}
	if slices.Contains(abstractTypes, base) {
		return unknown
	}
	if up := primitives[name].base + complexTypes[name].base; up != "" {
		return derives(up, base)
	}
	return no
}

// is tells whether an item is of type t. It is unknown where JSON and the
// element's name do not show it: a string may be a code or a markdown, an object
// may be any complex type.
func (it Item) is(t typeSpecifier) truth {
	if it.value != nil {
		return truthOf(t.system && (t.name == "Any" || t.name == systemType(it.value)))
	}
	if !t.fhir {
		return no
	}
	if name := it.TypeName(); name != "" {
		return derives(name, t.name)
	}
	if !it.hasValue() {
		return unknown
	}
	return shapeIs(it.node, t.name)
}

// shapeIs excludes what a value of unknown type can't be, and knows a Reference
// by its reference.
func shapeIs(n Node, name string) truth {
	switch kind := n.Kind(); {
	case isResource(name):
		return no // a resource says its type
	case name == "Element":
		return yes
	case slices.Contains(abstractTypes, name):
		return unknown
	case kind == Object:
		if isPrimitive(name) {
			return no
		}
		if n.Get("reference").Kind() == String {
			return truthOf(name == "Reference")
		}
		return unknown
	case !isPrimitive(name):
		return no
	case kind == Bool:
		return truthOf(name == "boolean")
	case kind == Number:
		switch name {
		case "decimal":
			if strings.ContainsAny(n.Text(), ".eE") {
				return yes
			}
			return unknown
		case "integer", "positiveInt", "unsignedInt":
			if strings.ContainsAny(n.Text(), ".eE") {
				return no
			}
			return unknown
		}
		return no
	}
	switch name {
	case "boolean", "decimal", "integer", "positiveInt", "unsignedInt":
		return no
	case "date", "dateTime", "instant":
		if _, ok := parseDateTime(n.Text()); !ok {
			return no
		}
	}
	return unknown
}
