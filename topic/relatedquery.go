package topic

import "strings"

// RelatedQueryURL is the extension of a notificationShape that names a query which
// subscribers may want to ask about the focus (EXT-08).
const RelatedQueryURL = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-related-query"

// RelatedQuery is a query that subscribers may want to ask about the focus of an event
// (EXT-08).
type RelatedQuery struct {
	Type  Coding // the zero Coding: not said
	Query string // a URL, absolute or relative to the server's base, with [id] for the id of the focus
}

// relatedQueries reads the extensions of a notificationShape.
func (r *reader) relatedQueries(shape element) (queries []RelatedQuery) {
	for _, found := range r.extensions(shape, RelatedQueryURL) {
		var q RelatedQuery
		for part := range found.node.Get("extension").Elements() {
			switch part.Get("url").Text() {
			case "queryType":
				coding := part.Get("valueCoding")
				q.Type = Coding{System: coding.Get("system").Text(), Code: coding.Get("code").Text()}
				if q.Type.Code == "" {
					r.problem(found.path+".extension('queryType').value", "must be a Coding with a code")
				}
			case "query":
				q.Query = part.Get("valueString").Text()
			default:
				r.problem(found.path+".extension", "is neither queryType nor query")
			}
		}
		if q.Query == "" {
			r.problem(found.path+".extension('query').value", "is missing")
		}
		queries = append(queries, q)
	}
	return queries
}

// relatedQueries writes what reader.relatedQueries reads.
func (s *NotificationShape) relatedQueries() (list []extension) {
	for _, q := range s.RelatedQueries {
		children := present(extension{URL: "query", ValueString: q.Query})
		if q.Type != (Coding{}) {
			children = append([]extension{{URL: "queryType", ValueCoding: &coding{q.Type.System, q.Type.Code}}}, children...)
		}
		list = append(list, extension{URL: RelatedQueryURL, Extension: children})
	}
	return list
}

// QueriesAbout returns the related queries of the topic for a focus, with its id in them.
// Those that are relative stay so.
func (t *Topic) QueriesAbout(resourceType, id string) (queries []RelatedQuery) {
	for i := range t.NotificationShapes {
		shape := &t.NotificationShapes[i]
		if !standsFor(shape.Resource, resourceType) {
			continue
		}
		for _, q := range shape.RelatedQueries {
			queries = append(queries, RelatedQuery{q.Type, strings.ReplaceAll(q.Query, "[id]", id)})
		}
	}
	return queries
}
