package egress

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

// Check decides whether Send could serve the Subscription (ACC-04 to
// ACC-06, CH-REST-09). It contacts nobody, resolves no name, asks Config's functions
// for the credentials and secrets that Send would need, and returns an
// *subscription.ElementError that holds no value of the Subscription.
func (s *Sender) Check(ctx context.Context, t subscription.Target) error {
	endpoint, problem := s.parseEndpoint(t.Endpoint)
	if problem != "" {
		return &subscription.ElementError{Element: endpointElement, Problem: problem}
	}
	host := hostOf(endpoint)
	credentials, err := s.credentials(ctx, t.Tenant, host)
	if err != nil {
		return &subscription.ElementError{
			Element: endpointElement, Code: "not-supported", Problem: "the server lacks the credentials for this host",
		}
	}
	if o := credentials.OAuth; o != nil {
		if _, problem := s.parseEndpoint(o.TokenURL); problem != "" {
			return &subscription.ElementError{
				Element: endpointElement, Code: "not-supported", Problem: "the server has no usable token endpoint for this host",
			}
		}
	}
	index, problem := addHeaders(http.Header{}, t.Headers, secrets{ctx, s, t.Tenant, host}, credentials.OAuth != nil)
	if index >= 0 {
		return &subscription.ElementError{
			Element: "Subscription.channel.header[" + strconv.Itoa(index) + "]", Problem: problem,
		}
	}
	if t.ContentType == "" { // AMB-12
		return nil
	}
	if problem := checkPayload(t.ContentType); problem != "" {
		return &subscription.ElementError{
			Element: payloadElement, Code: "not-supported", Problem: problem,
		}
	}
	return nil
}

const (
	endpointElement = "Subscription.channel.endpoint"
	payloadElement  = "Subscription.channel.payload"
)

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
