package topic

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Parse reads a topic: a SubscriptionTopic of R4B or R5, or the Basic that carries
// one on R4 (DISC-05 to DISC-08). Which of them it is, the resource itself says.
//
// The error joins an *ElementError for everything that is wrong, unknown codes,
// unknown elements and modifier extensions included. Other extensions are left
// alone. Whether the criteria can be evaluated is for Compile to say.
func Parse(raw []byte) (*Topic, error) {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("topic: %w", err)
	}
	r := &reader{}
	root := element{node: doc.Root(), path: "SubscriptionTopic", top: true}
	switch root.node.Get("resourceType").Text() {
	case "SubscriptionTopic":
		r.checkMembers(root, topicMembers)
		if root.node.Get("implicitRules").Exists() {
			r.problem("SubscriptionTopic.implicitRules", "is not known, so the topic can't be understood")
		}
	case "Basic":
		root.path, root.basic = "Basic", true
		r.checkBasic(root)
	default:
		return nil, &ElementError{Element: "resourceType", Problem: "must be SubscriptionTopic or Basic"}
	}
	t := r.topic(root)
	r.checkForm(root)
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	return t, nil
}

// topicMembers are the elements of SubscriptionTopic 4.3.0 and 5.0.0.
var topicMembers = []string{
	"resourceType", "meta", "implicitRules", "language", "text", "contained",
	"url", "identifier", "version", "versionAlgorithmString", "versionAlgorithmCoding", "name", "title",
	"derivedFrom", "status", "experimental", "date", "publisher", "contact", "description", "useContext",
	"jurisdiction", "purpose", "copyright", "copyrightLabel", "approvalDate", "lastReviewDate", "effectivePeriod",
	"resourceTrigger", "eventTrigger", "canFilterBy", "notificationShape",
}

// checkBasic looks at what a Basic has beside the topic's elements.
func (r *reader) checkBasic(root element) {
	isTopic := false
	for coding := range root.node.Path("code", "coding").Elements() {
		isTopic = isTopic || coding.Get("system").Is("http://hl7.org/fhir/fhir-types") && coding.Get("code").Is("SubscriptionTopic")
	}
	if !isTopic {
		r.problem("Basic.code", "does not say that this is a SubscriptionTopic")
	}
	if root.node.Get("implicitRules").Exists() {
		r.problem("Basic.implicitRules", "is not known, so the topic can't be understood")
	}
	i := 0
	for n := range root.node.Get("modifierExtension").Elements() {
		if topicElement(n.Get("url").Text()) != "status" {
			r.problem(fmt.Sprintf("Basic.modifierExtension[%d]", i), "is not known, so the topic can't be understood")
		}
		i++
	}
}

func (r *reader) topic(root element) *Topic {
	t := &Topic{
		Version:     r.text(root, "version"),
		Name:        r.text(root, "name"),
		Title:       r.text(root, "title"),
		Date:        r.text(root, "date"),
		Description: r.text(root, "description"),
		DerivedFrom: r.texts(root, "derivedFrom"),
	}
	var path string
	if t.URL, path = r.required(root, "url"); t.URL != "" && !isCanonical(t.URL) {
		r.problem(path, "must be an absolute address, without version")
	}
	t.Status, path = r.required(root, "status")
	if t.Status != "" && !slices.Contains([]string{"draft", "active", "retired", "unknown"}, t.Status) {
		r.problem(path, "must be draft, active, retired or unknown")
	}
	for _, e := range r.objects(root, "resourceTrigger",
		"description", "resource", "supportedInteraction", "queryCriteria", "fhirPathCriteria") {
		t.ResourceTriggers = append(t.ResourceTriggers, r.resourceTrigger(e))
	}
	for _, e := range r.objects(root, "eventTrigger", "description", "event", "resource") {
		t.EventTriggers = append(t.EventTriggers, r.eventTrigger(e))
	}
	for _, e := range r.objects(root, "canFilterBy",
		"description", "resource", "filterParameter", "filterDefinition", "comparator", "modifier") {
		t.CanFilterBy = append(t.CanFilterBy, r.canFilterBy(e))
	}
	for _, e := range r.objects(root, "notificationShape", "resource", "include", "revInclude") {
		t.NotificationShapes = append(t.NotificationShapes, NotificationShape{
			Resource:    r.resourceType(e),
			Includes:    r.texts(e, "include"),
			RevIncludes: r.texts(e, "revInclude"),

			RelatedQueries: r.relatedQueries(e),
		})
	}
	r.options(root, t)
	return t
}

func isCanonical(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && (u.Host != "" || u.Opaque != "") && !strings.ContainsAny(s, "| ")
}

func (r *reader) resourceTrigger(e element) ResourceTrigger {
	t := ResourceTrigger{
		Description: r.text(e, "description"),
		Resource:    r.resourceType(e),
		FHIRPath:    r.text(e, "fhirPathCriteria"),
		Expression:  r.expression(e),
		Event:       r.changeEvent(e),
	}
	for _, code := range r.find(e, "supportedInteraction", true) {
		switch r.string(code) {
		case "create":
			t.Interactions = append(t.Interactions, Create)
		case "update":
			t.Interactions = append(t.Interactions, Update)
		case "delete":
			t.Interactions = append(t.Interactions, Delete)
		default:
			r.problem(code.path, "must be create, update or delete")
		}
	}
	for _, q := range r.object(e, "queryCriteria",
		"previous", "resultForCreate", "current", "resultForDelete", "requireBoth") {
		t.Query = &QueryCriteria{
			Previous:        r.text(q, "previous"),
			ResultForCreate: r.result(q, "resultForCreate"),
			Current:         r.text(q, "current"),
			ResultForDelete: r.result(q, "resultForDelete"),
			RequireBoth:     r.boolean(q, "requireBoth"),
		}
	}
	return t
}

// resourceType reads the child "resource", whose uri may be relative (TOP-04), and
// returns the type's name.
func (r *reader) resourceType(e element) string {
	uri, path := r.required(e, "resource")
	name := typeName(uri)
	if uri != "" && name == "" {
		r.problem(path, "must be the name of a FHIR resource type or the address of its definition")
	}
	return name
}

// typeName takes a resource type's name from a uri that is relative to FHIR's
// StructureDefinitions; "" if it is something else.
func typeName(uri string) string {
	name := strings.TrimPrefix(uri, "http://hl7.org/fhir/StructureDefinition/")
	for i := range len(name) {
		c := name[i] | 0x20
		if c < 'a' || c > 'z' || i == 0 && name[0] == c {
			return ""
		}
	}
	return name
}

func (r *reader) result(e element, name string) CriteriaNotExistsBehavior {
	for _, child := range r.find(e, name, false) {
		switch r.string(child) {
		case "test-passes":
			return TestPasses
		case "test-fails":
			return TestFails
		}
		r.problem(child.path, "must be test-passes or test-fails")
	}
	return BehaviorAbsent
}
