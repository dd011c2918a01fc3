package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
)

// dashboard is what is read of Grafana's form.
type dashboard struct {
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// alerts is Prometheus's form of rules.
type alerts struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}
	}
}

var (
	metricName = regexp.MustCompile(`\bcarillon_[a-z_]+`)
	labelName  = regexp.MustCompile(`([a-z]+)(?:=~|!~|!=|=)"`)
	byLabels   = regexp.MustCompile(`by \(([a-z, ]+)\)`)
)

// expressions are those of the dashboard and of the alerts.
func expressions(t *testing.T) (list []string) {
	raw, err := os.ReadFile("../../docs/monitoring/dashboard.json")
	require.NoError(t, err)
	var board dashboard
	require.NoError(t, json.Unmarshal(raw, &board))
	for _, p := range board.Panels {
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			list = append(list, target.Expr)
		}
	}
	panels := len(list)
	require.Greater(t, panels, 20)
	file, err := os.Open("../../docs/monitoring/alerts.yaml")
	require.NoError(t, err)
	defer file.Close()
	var rules alerts
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&rules))
	for _, r := range rules.Groups[0].Rules {
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		require.NotEmpty(t, r.Annotations["description"], r.Alert)
		require.NotEmpty(t, r.Labels["severity"], r.Alert)
		list = append(list, r.Expr)
	}
	require.Len(t, list, panels+10)
	return list
}

// Every metric and every label that the dashboard and the alerts name is one that the
// server really has, and its metrics tell nothing of what it carries.
func TestDashboardAndAlertsNameWhatThereIs(t *testing.T) {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/bad") {
			body, _ := io.ReadAll(r.Body)
			if !strings.Contains(string(body), "handshake") {
				w.WriteHeader(http.StatusBadGateway)
			}
		}
	}))
	defer endpoint.Close()
	base := servertest.Start(t, fhirserver.Config{Config: host.Config{Store: "memory", AllowPrivate: true, Metrics: true, MinHeartbeat: time.Second,
		Retry: []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond}}})
	for _, path := range []string{"/good/canary-4711?t=canary-4711", "/bad/canary-4711"} {
		subscription := `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"` + patientChange + `",
			"channel":{"type":"rest-hook","endpoint":"` + endpoint.URL + path + `","header":["X-Token: canary-4711"],"payload":"application/fhir+json",
			"_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`
		require.Equal(t, http.StatusCreated, request(t, http.MethodPost, base+"/Subscription", subscription).StatusCode)
	}
	scrape := func() string {
		response, err := http.Get(strings.TrimSuffix(base, "/fhir") + "/metrics")
		require.NoError(t, err)
		defer response.Body.Close()
		require.Equal(t, http.StatusOK, response.StatusCode)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(text)
	}
	all := expressions(t)
	var text string
	missing := func() (list []string) {
		text = scrape()
		names, labels := map[string]bool{"le": true, "instance": true}, map[string]bool{"le": true, "instance": true}
		for line := range strings.Lines(text) {
			if name := metricName.FindString(line); name != "" && !strings.HasPrefix(line, "#") {
				names[name] = true
				for _, label := range labelName.FindAllStringSubmatch(line, -1) {
					labels[label[1]] = true
				}
			}
		}
		for _, expr := range all {
			for _, name := range metricName.FindAllString(expr, -1) {
				if !names[name] {
					list = append(list, name)
				}
			}
			for _, label := range labelName.FindAllStringSubmatch(expr, -1) {
				if !labels[label[1]] {
					list = append(list, label[1])
				}
			}
			for _, by := range byLabels.FindAllStringSubmatch(expr, -1) {
				for label := range strings.SplitSeq(by[1], ", ") {
					if !labels[label] {
						list = append(list, label)
					}
				}
			}
		}
		return list
	}
	require.Eventually(t, func() bool {
		response := request(t, http.MethodPost, base+"/Patient", `{"resourceType":"Patient","name":[{"family":"canary-4711"}]}`)
		return response.StatusCode == http.StatusCreated && len(missing()) == 0
	}, time.Minute, 50*time.Millisecond)
	require.Empty(t, missing(), text)
	require.NotContains(t, text, "canary-4711")
	require.NotContains(t, text, "127.0.0.1")
	t.Logf("expressions=%d", len(all))
}

func TestMetricsAreOnlyServedWhenAskedFor(t *testing.T) {
	base := servertest.Start(t, fhirserver.Config{})
	response, err := http.Get(strings.TrimSuffix(base, "/fhir") + "/metrics")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusNotFound, response.StatusCode)
}
