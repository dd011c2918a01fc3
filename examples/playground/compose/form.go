package compose

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Form is what a person decides about a Subscription. Elements that are zero are left out.
type Form struct {
	Topic       string   `json:"topic"`   // canonical
	Classic     string   `json:"classic"` // query criteria in place of a topic; not in R5
	Reason      string   `json:"reason"`
	Channel     string   `json:"channel"` // rest-hook, websocket, email or message
	Endpoint    string   `json:"endpoint"`
	Content     string   `json:"content"`     // empty, id-only or full-resource
	ContentType string   `json:"contentType"` // MIME type
	Filters     []Filter `json:"filters"`
	Headers     []string `json:"headers"`   // Name: value
	Heartbeat   int      `json:"heartbeat"` // seconds
	Timeout     int      `json:"timeout"`   // seconds
	MaxCount    int      `json:"maxCount"`
	End         string   `json:"end"` // instant
}

// Filter narrows a Subscription.
type Filter struct {
	Resource   string `json:"resource"`
	Parameter  string `json:"parameter"`
	Modifier   string `json:"modifier"`
	Comparator string `json:"comparator"`
	Value      string `json:"value"`
}

// ErrClassic says that R5 has no query criteria.
var ErrClassic = errors.New("compose: R5 has no Subscriptions with query criteria")

const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"

// channelTypes is the code system of the standard's channels.
const channelTypes = "http://terminology.hl7.org/CodeSystem/subscription-channel-type"

// Subscription writes the form as a Subscription of a release, indented: on R4 and R4B as
// the Backport guide has it (docs/conformance.md, Extensions and profiles), on R5 natively. What the server makes of
// the values is the server's to say.
func Subscription(r fhirpath.Release, f Form) (json.RawMessage, error) {
	if f.Classic != "" && r == fhirpath.R5 {
		return nil, ErrClassic
	}
	var resource any = f.backport()
	if r == fhirpath.R5 {
		resource = f.native()
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // & and < are all over criteria
	encoder.SetIndent("", "  ")
	err := encoder.Encode(resource)
	return bytes.TrimSpace(b.Bytes()), err
}

type extended struct {
	Extension []extension `json:"extension"`
}

type extension struct {
	URL              string `json:"url"`
	ValueString      string `json:"valueString,omitempty"`
	ValueCode        string `json:"valueCode,omitempty"`
	ValueUnsignedInt int    `json:"valueUnsignedInt,omitempty"`
	ValuePositiveInt int    `json:"valuePositiveInt,omitempty"`
}

type backportSubscription struct {
	ResourceType string    `json:"resourceType"`
	Status       string    `json:"status"`
	End          string    `json:"end,omitempty"`
	Reason       string    `json:"reason"`
	Criteria     string    `json:"criteria"`
	Filters      *extended `json:"_criteria,omitempty"`
	Channel      struct {
		Extension []extension `json:"extension,omitempty"`
		Type      string      `json:"type"`
		Endpoint  string      `json:"endpoint,omitempty"`
		Payload   string      `json:"payload,omitempty"`
		Content   *extended   `json:"_payload,omitempty"`
		Header    []string    `json:"header,omitempty"`
	} `json:"channel"`
}

func (f Form) backport() any {
	s := backportSubscription{ResourceType: "Subscription", Status: "requested", End: f.End, Reason: f.reason(), Criteria: f.Topic}
	s.Channel.Type, s.Channel.Endpoint, s.Channel.Payload, s.Channel.Header = f.Channel, f.Endpoint, f.ContentType, f.Headers
	if f.Classic != "" {
		s.Criteria = f.Classic
		return s
	}
	if f.Content != "" {
		s.Channel.Content = &extended{[]extension{{URL: backport + "backport-payload-content", ValueCode: f.Content}}}
	}
	for _, filter := range f.Filters {
		if s.Filters == nil {
			s.Filters = &extended{}
		}
		s.Filters.Extension = append(s.Filters.Extension, extension{URL: backport + "backport-filter-criteria", ValueString: filter.criteria()})
	}
	if f.Heartbeat > 0 {
		s.Channel.Extension = append(s.Channel.Extension, extension{URL: backport + "backport-heartbeat-period", ValueUnsignedInt: f.Heartbeat})
	}
	if f.Timeout > 0 {
		s.Channel.Extension = append(s.Channel.Extension, extension{URL: backport + "backport-timeout", ValueUnsignedInt: f.Timeout})
	}
	if f.MaxCount > 0 {
		s.Channel.Extension = append(s.Channel.Extension, extension{URL: backport + "backport-max-count", ValuePositiveInt: f.MaxCount})
	}
	return s
}

// criteria is the filter as backport-filter-criteria has it (FLT-03).
func (f Filter) criteria() string {
	name := f.Parameter
	if f.Modifier != "" {
		name += ":" + f.Modifier
	}
	if f.Resource != "" {
		name = f.Resource + "?" + name
	}
	comparator := f.Comparator
	if comparator == "eq" {
		comparator = ""
	}
	return name + "=" + escape.Replace(comparator+f.Value)
}

// escape writes a value into a query, as readably as it goes.
var escape = strings.NewReplacer("%", "%25", "&", "%26", "#", "%23", "+", "%2B", " ", "%20")

type nativeSubscription struct {
	ResourceType string         `json:"resourceType"`
	Status       string         `json:"status"`
	Topic        string         `json:"topic"`
	End          string         `json:"end,omitempty"`
	Reason       string         `json:"reason"`
	FilterBy     []nativeFilter `json:"filterBy,omitempty"`
	ChannelType  struct {
		System string `json:"system"`
		Code   string `json:"code"`
	} `json:"channelType"`
	Endpoint        string       `json:"endpoint,omitempty"`
	Parameter       []namedValue `json:"parameter,omitempty"`
	HeartbeatPeriod int          `json:"heartbeatPeriod,omitempty"`
	Timeout         int          `json:"timeout,omitempty"`
	ContentType     string       `json:"contentType,omitempty"`
	Content         string       `json:"content,omitempty"`
	MaxCount        int          `json:"maxCount,omitempty"`
}

type nativeFilter struct {
	ResourceType    string `json:"resourceType,omitempty"`
	FilterParameter string `json:"filterParameter"`
	Comparator      string `json:"comparator,omitempty"`
	Modifier        string `json:"modifier,omitempty"`
	Value           string `json:"value"`
}

type namedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (f Form) native() any {
	s := nativeSubscription{
		ResourceType: "Subscription", Status: "requested", Topic: f.Topic, End: f.End, Reason: f.reason(), Endpoint: f.Endpoint,
		HeartbeatPeriod: f.Heartbeat, Timeout: f.Timeout, ContentType: f.ContentType, Content: f.Content, MaxCount: f.MaxCount,
	}
	s.ChannelType.System, s.ChannelType.Code = channelTypes, f.Channel
	for _, filter := range f.Filters {
		s.FilterBy = append(s.FilterBy, nativeFilter{filter.Resource, filter.Parameter, filter.Comparator, filter.Modifier, filter.Value})
	}
	for _, header := range f.Headers {
		name, value, _ := strings.Cut(header, ":")
		s.Parameter = append(s.Parameter, namedValue{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return s
}

func (f Form) reason() string {
	if f.Reason == "" {
		return "Trying subscriptions out"
	}
	return f.Reason
}
