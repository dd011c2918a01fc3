package validate

import (
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// valueSets are those with few codes, as all releases have them. R5's additions are in
// additions.
var valueSets = map[string][]string{
	"bundle-type": {"document", "message", "transaction", "transaction-response", "batch", "batch-response", "history",
		"searchset", "collection"},
	"http-verb":                      {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"},
	"search-entry-mode":              {"match", "include", "outcome"},
	"subscription-status":            {"requested", "active", "error", "off"},
	"subscription-notification-type": {"handshake", "heartbeat", "event-notification", "query-status", "query-event"},
	"subscription-channel-type":      {"rest-hook", "websocket", "email", "sms", "message"},
	"backport-content-value-set":     {"empty", "id-only", "full-resource"},
	"subscription-payload-content":   {"empty", "id-only", "full-resource"},
	"publication-status":             {"draft", "active", "retired", "unknown"},
	"interaction-trigger":            {"create", "update", "delete"},
	"subscriptiontopic-cr-behavior":  {"test-passes", "test-fails"},
}

var additions = map[string][]string{
	"bundle-type":         {"subscription-notification"},
	"subscription-status": {"entered-in-error"},
}

// codes returns the codes of a value set, nil if it has too many to be listed here.
func codes(r fhirpath.Release, canonical string) []string {
	name, _, _ := strings.Cut(canonical[strings.LastIndexByte(canonical, '/')+1:], "|")
	if r == fhirpath.R5 {
		return slices.Concat(valueSets[name], additions[name])
	}
	return valueSets[name]
}
