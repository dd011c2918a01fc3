package subscription

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// guideParameters are the search parameters that the Backport guide adds to
// Subscription (spec.md section 16). Its expressions don't lead to the extensions
// that they mean, so they are evaluated here (SP-03).
var guideParameters = map[string]func(s fhirpath.Node, value string) bool{
	// topic is an uri in 1.0 and 1.1 of the guide and a string in 1.2: a start will do (AMB-25).
	"topic": func(s fhirpath.Node, value string) bool {
		return strings.HasPrefix(s.Get("criteria").Text(), value)
	},
	"filter-criteria": func(s fhirpath.Node, value string) bool {
		return anyExtension(s.Get("_criteria"), filterCriteriaURL, func(ext fhirpath.Node) bool {
			return strings.HasPrefix(ext.Get("valueString").Text(), value)
		})
	},
	"custom-channel": func(s fhirpath.Node, value string) bool {
		return anyExtension(s.Path("channel", "_type"), channelTypeURL, func(ext fhirpath.Node) bool {
			coding := ext.Get("valueCoding")
			return coding.Get("code").Is(value) || value == coding.Get("system").Text()+"|"+coding.Get("code").Text()
		})
	},
	"payload-type": func(s fhirpath.Node, value string) bool {
		return anyExtension(s.Path("channel", "_payload"), payloadContentURL, func(ext fhirpath.Node) bool {
			return ext.Get("valueCode").Is(value)
		})
	},
}

func anyExtension(element fhirpath.Node, url string, f func(fhirpath.Node) bool) bool {
	for ext := range element.Get("extension").Elements() {
		if ext.Get("url").Is(url) && f(ext) {
			return true
		}
	}
	return false
}
