package subscription

import (
	"net/http"
	"slices"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// The extensions of the Subscriptions R5 Backport guide (docs/conformance.md, Extensions and profiles).
const (
	backport           = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	filterCriteriaURL  = backport + "backport-filter-criteria"
	channelTypeURL     = backport + "backport-channel-type"
	payloadContentURL  = backport + "backport-payload-content"
	heartbeatPeriodURL = backport + "backport-heartbeat-period"
	timeoutURL         = backport + "backport-timeout"
	maxCountURL        = backport + "backport-max-count"
	identifierURL      = crossVersionPrefix + "StructureDefinition/extension-Subscription.identifier"
	crossVersionPrefix = "http://hl7.org/fhir/5.0/"
)

// reader reads a Subscription, collecting every issue rather than stopping at the
// first.
type reader struct {
	form        *form
	root        fhirpath.Node
	limits      Config
	now         time.Time
	stored      bool // it was accepted earlier: has no status, and its end may have come
	issues      []ElementError
	unmasked    bool // values of headers were taken from what is stored
	unsupported bool // some issue is about something valid that is not offered here
}

func (r *reader) invalid(element, problem string) {
	r.issues = append(r.issues, ElementError{element, "invalid", problem})
}

func (r *reader) refuse(element, problem string) {
	r.unsupported = true
	r.issues = append(r.issues, ElementError{element, "not-supported", problem})
}

// refusal is 400 for what is no valid Subscription, 422 for one that this server
// will not serve.
func (r *reader) refusal() *Refusal {
	status := http.StatusBadRequest
	if r.unsupported {
		status = http.StatusUnprocessableEntity
	}
	return r.form.refusal(status, r.issues)
}

// refusal is a Refusal with the elements' names of the release.
func (f *form) refusal(status int, issues []ElementError) *Refusal {
	for i := range issues {
		issues[i].Element = f.element(issues[i].Element)
	}
	return &Refusal{Status: status, Issues: issues}
}

// commonMembers are those that Subscription has in every release.
var commonMembers = []string{"resourceType", "id", "meta", "implicitRules", "language", "text", "contained", "extension",
	"modifierExtension", "status", "contact", "end", "reason"}

func (r *reader) read() *Subscription {
	s := new(Subscription)
	if !r.root.Get("resourceType").Is("Subscription") {
		r.invalid("Subscription", "The resource must be a Subscription")
		return s
	}
	r.known(r.root, "Subscription", slices.Concat(commonMembers, r.form.members)...)
	if meta := r.root.Get("meta"); meta.Exists() && meta.Kind() != fhirpath.Object {
		r.invalid("Subscription.meta", "meta must be an object")
	}
	r.modifiers(r.root, "Subscription")
	for _, ext := range r.extensions(r.root, "Subscription") {
		r.foreign(ext, "Subscription.extension", identifierURL)
	}
	s.ID = r.root.Get("id").Text()
	if !r.stored {
		s.Status = r.readStatus()
	}
	if text, _ := r.text(r.root, "reason", "Subscription.reason"); text == "" && r.form.reason {
		r.invalid("Subscription.reason", "reason is required")
	}
	s.End = r.end()
	r.form.read(r, s)
	return s
}

// readStatus: only requested, off and, in R5, entered-in-error are a client's to say.
// Many clients write what they last read; active and error count as requested
// (LIFE-04, AMB-02).
func (r *reader) readStatus() Status {
	text, ok := r.text(r.root, "status", "Subscription.status")
	switch status := Status(text); {
	case !ok || text == "":
		r.invalid("Subscription.status", "status is required")
	case status == StatusError:
		return StatusRequested
	case slices.Contains(r.form.statuses, status):
		return status
	default:
		r.invalid("Subscription.status", "status must be requested or off")
	}
	return StatusRequested
}

func (r *reader) end() time.Time {
	text, _ := r.text(r.root, "end", "Subscription.end")
	if text == "" {
		return time.Time{}
	}
	end, err := readInstant(text)
	status := Status(r.root.Get("status").Text())
	if err != nil {
		r.invalid("Subscription.end", "end must be an instant, such as 2027-01-01T00:00:00Z")
	} else if !r.stored && !end.After(r.now) && status != StatusOff && status != StatusEnteredInError {
		r.issues = append(r.issues, ElementError{"Subscription.end", "value", "end is in the past"})
	}
	return end
}

// maxFilters bounds what matching one event may cost.
const maxFilters = 100
