package subscription

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

// The extensions of the Subscriptions R5 Backport guide (spec.md section 7).
const (
	backport           = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	filterCriteriaURL  = backport + "backport-filter-criteria"
	channelTypeURL     = backport + "backport-channel-type"
	payloadContentURL  = backport + "backport-payload-content"
	heartbeatPeriodURL = backport + "backport-heartbeat-period"
	timeoutURL         = backport + "backport-timeout"
	maxCountURL        = backport + "backport-max-count"
	crossVersionPrefix = "http://hl7.org/fhir/5.0/"
)

// reader reads an R4 Subscription in the form of the Backport guide, collecting
// every issue rather than stopping at the first.
type reader struct {
	root        fhirpath.Node
	limits      Config
	now         time.Time
	stored      bool // it was accepted earlier: has no status, and its end may have come
	issues      []ElementError
	unmasked    bool   // values of headers were taken from what is stored
	unsupported bool   // some issue is about something valid that is not offered here
	fhirVersion string // parameter of channel.payload
}

func (r *reader) invalid(element, problem string) {
	r.issues = append(r.issues, ElementError{element, "invalid", problem})
}

func (r *reader) refuse(element, problem string) {
	r.unsupported = true
	r.issues = append(r.issues, ElementError{element, "not-supported", problem})
}

// status is 400 for what is no valid Subscription, 422 for one that this server
// will not serve.
func (r *reader) status() int {
	if r.unsupported {
		return http.StatusUnprocessableEntity
	}
	return http.StatusBadRequest
}

func (r *reader) read() *Subscription {
	s := new(Subscription)
	if !r.root.Get("resourceType").Is("Subscription") {
		r.invalid("Subscription", "The resource must be a Subscription")
		return s
	}
	r.known(r.root, "Subscription", "id", "meta", "implicitRules", "language", "text", "contained", "extension",
		"modifierExtension", "resourceType", "status", "contact", "end", "reason", "criteria", "error", "channel")
	r.modifiers(r.root, "Subscription")
	for _, ext := range r.extensions(r.root, "Subscription") {
		r.foreign(ext, "Subscription.extension")
	}
	s.ID = r.root.Get("id").Text()
	if !r.stored {
		s.Status = r.readStatus()
	}
	if text, _ := r.text(r.root, "reason", "Subscription.reason"); text == "" {
		r.invalid("Subscription.reason", "reason is required")
	}
	s.End = r.end()
	r.criteria(s)
	channel := r.root.Get("channel")
	if channel.Kind() != fhirpath.Object {
		r.invalid("Subscription.channel", "channel is required")
		return s
	}
	r.known(channel, "Subscription.channel", "id", "extension", "modifierExtension", "type", "endpoint", "payload", "header")
	r.modifiers(channel, "Subscription.channel")
	s.ChannelType = r.channelType(channel)
	s.Endpoint, _ = r.text(channel, "endpoint", "Subscription.channel.endpoint")
	s.Headers = r.headers(channel)
	r.payload(channel, s)
	r.channelExtensions(channel, s)
	return s
}

// readStatus: only requested and off are a client's to say. Many clients write what
// they last read; active and error count as requested (spec.md LIFE-04, AMB-02).
func (r *reader) readStatus() Status {
	text, ok := r.text(r.root, "status", "Subscription.status")
	switch status := Status(text); {
	case !ok || text == "":
		r.invalid("Subscription.status", "status is required")
	case status == StatusOff || status == StatusRequested || status == StatusActive:
		return status
	case status == StatusError:
		return StatusRequested
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
	end, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		r.invalid("Subscription.end", "end must be an instant, such as 2027-01-01T00:00:00Z")
	} else if !r.stored && !end.After(r.now) && !r.root.Get("status").Is("off") {
		r.issues = append(r.issues, ElementError{"Subscription.end", "value", "end is in the past"})
	}
	return end.UTC().Truncate(time.Microsecond)
}

// criteria reads the topic's canonical and the filters. An extension there that is
// not known might narrow what is asked for, so it is refused, never ignored
// (spec.md ACC-08, ACC-13, INF-13).
func (r *reader) criteria(s *Subscription) {
	s.Topic, _ = r.text(r.root, "criteria", "Subscription.criteria")
	before, _, _ := strings.Cut(s.Topic, "?")
	switch {
	case s.Topic == "":
		r.invalid("Subscription.criteria", "criteria is required: the canonical of a topic")
	case !strings.Contains(before, ":"):
		r.refuse("Subscription.criteria", "Query criteria are not supported: criteria must be the canonical of a topic")
	}
	for _, ext := range r.extensions(r.other(r.root, "criteria", "Subscription"), "Subscription.criteria") {
		const element = "Subscription.criteria.extension"
		if url := ext.Get("url").Text(); url != filterCriteriaURL {
			r.refuse(element, "An extension of criteria is not supported; only backport-filter-criteria is")
			continue
		}
		text, ok := r.text(ext, "valueString", element+".value")
		if !ok || text == "" {
			r.invalid(element+".value", "backport-filter-criteria needs a valueString")
			continue
		}
		filters, err := topic.ParseFilter(text)
		if err != nil {
			r.refuse(element+".value", err.Error())
			continue
		}
		s.Filters = append(s.Filters, filters...)
	}
	if len(s.Filters) > maxFilters {
		r.refuse("Subscription.criteria.extension", fmt.Sprintf("There are more than %d filters", maxFilters))
	}
}

// maxFilters bounds what matching one event may cost.
const maxFilters = 100

// known refuses members that R4 does not define. Some are elements of other releases,
// such as filterBy: to ignore them would widen what was asked for.
func (r *reader) known(n fhirpath.Node, element string, names ...string) {
	for name := range n.Members() {
		if !slices.Contains(names, strings.TrimPrefix(name, "_")) {
			r.refuse(element, "There is an element that a Subscription of R4 does not have")
			return
		}
	}
}

// other returns the half of a primitive element that holds its extensions.
func (r *reader) other(n fhirpath.Node, name, element string) fhirpath.Node {
	half := n.Get("_" + name)
	if half.Exists() && half.Kind() != fhirpath.Object {
		r.invalid(element+"."+name, "the element's extensions must be in an object")
	}
	return half
}

// extensions returns an element's extensions; anything else in their place is an
// issue, since it may be a filter that was written wrongly.
func (r *reader) extensions(n fhirpath.Node, element string) (list []fhirpath.Node) {
	extension := n.Get("extension")
	if !extension.Exists() {
		return nil
	}
	if extension.Kind() != fhirpath.Array {
		r.invalid(element+".extension", "extension must be an array")
		return nil
	}
	for ext := range extension.Elements() {
		if ext.Kind() != fhirpath.Object || ext.Get("url").Kind() != fhirpath.String {
			r.invalid(element+".extension", "an extension must be an object with a url")
			continue
		}
		list = append(list, ext)
	}
	return list
}

// single refuses a second extension of the same url, where the guide allows one.
func (r *reader) single(list []fhirpath.Node, element string) []fhirpath.Node {
	seen := map[string]bool{}
	for _, ext := range list {
		url := ext.Get("url").Text()
		if seen[url] && strings.HasPrefix(url, backport) {
			r.invalid(element+".extension", "the extension may be given once only")
		}
		seen[url] = true
	}
	return list
}

// modifiers refuses what changes the meaning of the resource in a way that nobody
// here knows.
func (r *reader) modifiers(n fhirpath.Node, element string) {
	if n.Get("modifierExtension").Len() > 0 || n.Get("implicitRules").Exists() {
		r.refuse(element+".modifierExtension", "modifierExtension and implicitRules are not supported")
	}
}

// text reads a primitive string; another kind of value is an issue.
func (r *reader) text(n fhirpath.Node, name, element string) (text string, ok bool) {
	switch value := n.Get(name); value.Kind() {
	case fhirpath.Absent:
		return "", false
	case fhirpath.String:
		return value.Text(), true
	default:
		r.invalid(element, fmt.Sprintf("%s must be a string", name))
		return "", false
	}
}
