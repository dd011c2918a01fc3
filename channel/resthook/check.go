package resthook

import (
	"context"
	"mime"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

// Check decides whether the Subscription may use this channel (spec.md ACC-04 to
// ACC-06, CH-REST-09). It contacts nobody, resolves no name, and returns an
// *subscription.ElementError that holds no value of the Subscription.
func (c *Channel) Check(_ context.Context, t subscription.Target) error {
	if _, problem := c.parseEndpoint(t.Endpoint); problem != "" {
		return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: problem}
	}
	if index, problem := addHeaders(nil, t.Headers); index >= 0 {
		return &subscription.ElementError{
			Element: "Subscription.channel.header[" + strconv.Itoa(index) + "]", Problem: problem,
		}
	}
	if t.ContentType == "" { // AMB-12
		return nil
	}
	if problem := checkPayload(t.ContentType); problem != "" {
		return &subscription.ElementError{
			Element: "Subscription.channel.payload", Code: "not-supported", Problem: problem,
		}
	}
	return nil
}

const defaultPayload = "application/fhir+json"

// checkPayload returns what is wrong with a MIME type, or "". Which fhirVersion can be
// sent is the engine's to say.
func checkPayload(contentType string) (problem string) {
	if contentType == defaultPayload {
		return ""
	}
	if !isText(contentType) {
		return "want one MIME type of visible characters"
	}
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "is no MIME type"
	}
	if mediaType != "application/fhir+json" && mediaType != "application/json" {
		return "want application/fhir+json or application/json"
	}
	for name, value := range parameters {
		switch name {
		case "charset":
			if !strings.EqualFold(value, "utf-8") {
				return "JSON is sent as UTF-8"
			}
		case "fhirversion":
		default:
			return "unknown parameter: want charset or fhirVersion"
		}
	}
	return ""
}
