package subscription

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// guideParameter is a search parameter that the Backport guide adds to Subscription.
type guideParameter struct {
	kind    string
	matches func(s fhirpath.Node, value string) bool
}

// guideParameters are those of all versions of the guide (docs/conformance.md, Capabilities and search). Its
// expressions don't lead to the extensions that they mean, so they are evaluated here
// (SP-03).
var guideParameters = map[string]guideParameter{
	// topic is an uri in 1.0 and 1.1 of the guide and a string in 1.2: a start will do (AMB-25).
	"topic": {"uri", func(s fhirpath.Node, value string) bool {
		return strings.HasPrefix(s.Get("criteria").Text(), value)
	}},
	"filter-criteria": {"string", func(s fhirpath.Node, value string) bool {
		return anyExtension(s.Get("_criteria"), filterCriteriaURL, func(ext fhirpath.Node) bool {
			return strings.HasPrefix(ext.Get("valueString").Text(), value)
		})
	}},
	"custom-channel": {"token", func(s fhirpath.Node, value string) bool {
		return anyExtension(s.Path("channel", "_type"), channelTypeURL, func(ext fhirpath.Node) bool {
			coding := ext.Get("valueCoding")
			return isToken(value, coding.Get("system").Text(), coding.Get("code").Text())
		})
	}},
	"payload-type": {"token", func(s fhirpath.Node, value string) bool {
		return anyExtension(s.Path("channel", "_payload"), payloadContentURL, func(ext fhirpath.Node) bool {
			return isToken(value, "", ext.Get("valueCode").Text())
		})
	}},
	"identifier": {"token", func(s fhirpath.Node, value string) bool {
		return anyExtension(s, identifierURL, func(ext fhirpath.Node) bool {
			identifier := ext.Get("valueIdentifier")
			return isToken(value, identifier.Get("system").Text(), identifier.Get("value").Text())
		})
	}},
}

func anyExtension(element fhirpath.Node, url string, f func(fhirpath.Node) bool) bool {
	for ext := range element.Get("extension").Elements() {
		if ext.Get("url").Is(url) && f(ext) {
			return true
		}
	}
	return false
}

// isToken compares as search does: code, |code, system|code or system|.
func isToken(value, system, code string) bool {
	wantSystem, wantCode, both := strings.Cut(value, "|")
	if !both {
		return value == code
	}
	return wantSystem == system && (wantCode == "" || wantCode == code)
}

// alternatives parts the value of a parameter at its commas, but for those that a
// backslash escapes.
func alternatives(value string) (list []string) {
	var one strings.Builder
	escaped := false
	for _, c := range value {
		switch {
		case escaped:
			one.WriteRune(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c == ',':
			list = append(list, one.String())
			one.Reset()
		default:
			one.WriteRune(c)
		}
	}
	return append(list, one.String())
}
