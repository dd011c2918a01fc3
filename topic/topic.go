package topic

// Topic is a SubscriptionTopic, whichever form it was read from. It is read-only
// once it has been given to an engine.
type Topic struct {
	URL         string   // canonical, without version
	Version     string   // "" if the topic has none
	Name        string   // for programs; "" for none
	Title       string   // for people
	Status      string   // draft, active, retired or unknown
	Date        string   // when it was last changed, as a dateTime of FHIR
	Description string   // markdown
	DerivedFrom []string // canonicals of the topics that it refines

	ResourceTriggers   []ResourceTrigger   // each by itself triggers it
	EventTriggers      []EventTrigger      // for what the host raises
	CanFilterBy        []CanFilterBy       // what Subscriptions may filter by; none: nothing
	NotificationShapes []NotificationShape // what belongs beside the focus

	// NamedTypesOnly: as soon as a Subscription has a filter, focus types that none of
	// its filters applies to get no notifications, as the US Core patient data feed
	// says (FLT-12). False is the reading of R5, by which they pass (AMB-07).
	NamedTypesOnly bool

	// AdjustFilters: a Subscription with filters that are not supported is not refused
	// but accepted without them, with the status error, so that its client can look at
	// what is left and ask for activation (USE-01). At least one filter must be left.
	AdjustFilters bool
}

// Canonical returns the topic's url, with its version if it has one: url|version.
func (t *Topic) Canonical() string {
	if t.Version == "" {
		return t.URL
	}
	return t.URL + "|" + t.Version
}

// ResourceTrigger is SubscriptionTopic.resourceTrigger. If it has no criteria, every
// supported interaction on the type triggers.
type ResourceTrigger struct {
	Description  string         // markdown, for people
	Resource     string         // a resource type's name; Resource and DomainResource stand for all of theirs
	Interactions []Interaction  // empty: all
	Query        *QueryCriteria // queryCriteria; nil: there are none
	FHIRPath     string         // fhirPathCriteria; "": there are none
	Expression   *Expression    // criteria in the language of a TopicEvaluator
	Event        []Coding       // which event a change is that fires it, see EventURL
}

// QueryCriteria is SubscriptionTopic.resourceTrigger.queryCriteria.
type QueryCriteria struct {
	Previous        string                    // search parameters of the state before the change, without base; "" if absent
	Current         string                    // the same, of the state after the change
	ResultForCreate CriteriaNotExistsBehavior // what Previous counts as on a create, which has no state before
	ResultForDelete CriteriaNotExistsBehavior // what Current counts as on a delete, which has no state after
	RequireBoth     bool                      // both must pass; false: either is enough
}

// CriteriaNotExistsBehavior is a code of the value set subscriptiontopic-cr-behavior.
type CriteriaNotExistsBehavior uint8

// BehaviorAbsent: the side that can't be evaluated takes no part (TRG-05).
const (
	BehaviorAbsent CriteriaNotExistsBehavior = iota
	TestPasses
	TestFails
)

// String returns the code, "" for BehaviorAbsent.
func (b CriteriaNotExistsBehavior) String() string {
	switch b {
	case TestPasses:
		return "test-passes"
	case TestFails:
		return "test-fails"
	}
	return ""
}

// EventTrigger is SubscriptionTopic.eventTrigger.
type EventTrigger struct {
	Description string   // markdown, for people
	Resource    string   // type of the focus
	Event       []Coding // codings of the CodeableConcept
}

// Coding is a code with its system.
type Coding struct {
	System string // URI of the code system; "" if it is not said
	Code   string // as the system has it
}

// CanFilterBy is SubscriptionTopic.canFilterBy.
type CanFilterBy struct {
	Description      string   // markdown, for people
	Resource         string   // "": every focus type that has the parameter
	FilterParameter  string   // a search parameter's code, or a name of the topic's own
	FilterDefinition string   // canonical of the SearchParameter; "": FilterParameter tells
	Comparators      []string // R4B topics list them under modifier; Parse sorts them out
	Modifiers        []string // those allowed beside plain equality
}

// NotificationShape is SubscriptionTopic.notificationShape.
type NotificationShape struct {
	Resource    string   // type of the focus
	Includes    []string // _include syntax
	RevIncludes []string // _revinclude syntax

	RelatedQueries []RelatedQuery // what subscribers may ask next
}
