package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Capability is what a server says that it can do about subscriptions.
type Capability struct {
	Release  string   `json:"release"` // R4, R4B or R5
	Software string   `json:"software"`
	Rows     []Row    `json:"rows"`
	Channels []string `json:"channels,omitempty"` // that its documentation names; none: it does not say
	Topics   []string `json:"topics,omitempty"`   // canonicals
	release  fhirpath.Release
}

// Row is one line of the capability matrix.
type Row struct {
	What   string `json:"what"`
	Answer string `json:"answer"` // yes, no, or unknown, where servers need not say
	Detail string `json:"detail,omitempty"`
}

// ErrNotFHIR says that what answers is no FHIR server of a release that is known here.
var ErrNotFHIR = errors.New("remote: there is no CapabilityStatement of FHIR R4, R4B or R5 at [base]/metadata")

// FHIRRelease returns the release for whoever needs its type.
func (c *Capability) FHIRRelease() fhirpath.Release { return c.release }

type statement struct {
	ResourceType string   `json:"resourceType"`
	FHIRVersion  string   `json:"fhirVersion"`
	Instantiates []string `json:"instantiates"`
	Software     struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	} `json:"software"`
	Rest []struct {
		Extension []extension `json:"extension"`
		Resource  []struct {
			Type             string                  `json:"type"`
			Extension        []extension             `json:"extension"`
			SupportedProfile []string                `json:"supportedProfile"`
			Documentation    string                  `json:"documentation"`
			Interaction      []struct{ Code string } `json:"interaction"`
			SearchParam      []struct{ Name string } `json:"searchParam"`
			Operation        []struct{ Name string } `json:"operation"`
		} `json:"resource"`
	} `json:"rest"`
}

type extension struct {
	URL            string `json:"url"`
	ValueCanonical string `json:"valueCanonical"`
	ValueURI       string `json:"valueUri"`
	ValueURL       string `json:"valueUrl"`
}

// knownChannels are those of the standard.
var knownChannels = []string{"rest-hook", "websocket", "email", "message", "sms"}

// Capability asks the server for its CapabilityStatement.
func (s *Server) Capability(ctx context.Context) (*Capability, error) {
	e, err := s.Do(ctx, Request{Method: http.MethodGet, Path: "metadata", Why: "What can the server do?"})
	if err != nil {
		return nil, err
	}
	if e.Status == 0 {
		return nil, fmt.Errorf("remote: %s", e.Error)
	}
	var said statement
	if e.Status != http.StatusOK || json.Unmarshal([]byte(e.Answer), &said) != nil || said.ResourceType != "CapabilityStatement" {
		return nil, ErrNotFHIR
	}
	c := &Capability{Software: strings.TrimSpace(said.Software.Name + " " + said.Software.Version)}
	switch {
	case strings.HasPrefix(said.FHIRVersion, "4.0"):
		c.release = fhirpath.R4
	case strings.HasPrefix(said.FHIRVersion, "4.3"), strings.HasPrefix(said.FHIRVersion, "4.1"):
		c.release = fhirpath.R4B
	case strings.HasPrefix(said.FHIRVersion, "5."):
		c.release = fhirpath.R5
	default:
		return nil, ErrNotFHIR
	}
	c.Release = c.release.String()
	c.read(&said)
	return c, nil
}

func (c *Capability) read(said *statement) {
	row := func(what string, yes bool, detail string) {
		c.Rows = append(c.Rows, Row{what, map[bool]string{true: "yes", false: "no"}[yes], detail})
	}
	types := map[string]bool{}
	var interactions, operations, parameters, profiles []string
	var documentation, socket string
	for _, rest := range said.Rest {
		for _, ext := range rest.Extension {
			if strings.Contains(ext.URL, "websocket") {
				socket = ext.ValueURI + ext.ValueURL
			}
		}
		for _, r := range rest.Resource {
			types[r.Type] = true
			if r.Type != "Subscription" {
				continue
			}
			documentation, profiles = r.Documentation, r.SupportedProfile
			for _, ext := range r.Extension {
				if strings.HasSuffix(ext.URL, "capabilitystatement-subscriptiontopic-canonical") {
					c.Topics = append(c.Topics, ext.ValueCanonical)
				}
			}
			for _, i := range r.Interaction {
				interactions = append(interactions, i.Code)
			}
			for _, p := range r.SearchParam {
				parameters = append(parameters, p.Name)
			}
			for _, o := range r.Operation {
				operations = append(operations, strings.TrimPrefix(o.Name, "$"))
			}
		}
	}
	row("Subscriptions can be created", slices.Contains(interactions, "create"), strings.Join(interactions, ", "))
	row("… changed and deleted", slices.Contains(interactions, "update") && slices.Contains(interactions, "delete"), "")
	row("… searched", slices.Contains(interactions, "search-type"), strings.Join(parameters, ", "))
	for _, operation := range []struct{ name, what string }{
		{"status", "how is a Subscription?"}, {"events", "what happened before?"},
		{"resend", "send it again, as the newest guide has it"}, {"get-ws-binding-token", "for websockets"},
	} {
		row("$"+operation.name, slices.ContainsFunc(operations, func(name string) bool { return strings.HasSuffix(name, operation.name) }), operation.what)
	}
	row("Topics as resources", types["SubscriptionTopic"] || types["Basic"] && c.release == fhirpath.R4, map[bool]string{true: "SubscriptionTopic", false: "Basic"}[types["SubscriptionTopic"]])
	if c.release != fhirpath.R5 {
		row("Topics in the CapabilityStatement", len(c.Topics) > 0, fmt.Sprintf("%d listed", len(c.Topics)))
		row("The Subscriptions R5 Backport guide", len(profiles)+len(said.Instantiates) > 0, "")
	}
	for _, channel := range knownChannels {
		if strings.Contains(documentation, channel) {
			c.Channels = append(c.Channels, channel)
		}
	}
	answer := Row{"Channels", "unknown", "a CapabilityStatement need not say; try"}
	if len(c.Channels) > 0 {
		answer = Row{"Channels", "yes", strings.Join(c.Channels, ", ")}
	}
	c.Rows = append(c.Rows, answer)
	if socket != "" {
		c.Rows = append(c.Rows, Row{"Websocket", "yes", socket})
	}
}
