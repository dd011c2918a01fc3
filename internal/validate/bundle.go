package validate

import (
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
)

const guide = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

// profiles are those of a notification, and of an answer of $events.
var profiles = map[fhirpath.Release]string{
	fhirpath.R4:  guide + "backport-subscription-notification-r4",
	fhirpath.R4B: guide + "backport-subscription-notification",
	fhirpath.R5:  "http://hl7.org/fhir/StructureDefinition/subscription-notification-bundle",
}

// Bundle fails t for everything that is wrong with a notification or an answer of
// $status or $events of that release.
func Bundle(t testing.TB, r fhirpath.Release, raw []byte) {
	t.Helper()
	for _, issue := range Load(t, r).Bundle(raw) {
		t.Errorf("%v: %v", r, issue)
	}
}

// Bundle returns what is wrong with a notification or an answer of $status or $events.
// A searchset is checked by the definition of Bundle, everything else by the profile of
// notifications.
func (d *Definitions) Bundle(raw []byte) []Issue {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return []Issue{{"", "syntax", err.Error()}}
	}
	bundle := doc.Root()
	carrier := "SubscriptionStatus"
	if d.release == fhirpath.R4 {
		carrier = "Parameters"
	}
	if bundle.Get("type").Is("searchset") {
		issues := d.Validate("", raw)
		for entry := range bundle.Get("entry").Elements() {
			status := entry.Get("resource")
			if d.release == fhirpath.R4 { // where nothing else tells what Parameters are
				issues = append(issues, d.Validate(guide+"backport-subscription-status-r4", status.Raw())...)
			} else if !status.Get("resourceType").Is(carrier) {
				issues = append(issues, Issue{"Bundle.entry", "type", "want " + carrier})
			}
		}
		return issues
	}
	issues := d.Validate(profiles[d.release], raw)
	for entry := range bundle.Get("entry").Elements() {
		if !entry.Path("resource", "resourceType").Is(carrier) { // the profiles of R4 and R4B have it in words only
			issues = append(issues, Issue{"Bundle.entry[0]", "order", "the status comes first (BND-01)"})
		}
		break
	}
	return issues
}
