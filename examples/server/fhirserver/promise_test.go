package fhirserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/internal/shared"
)

// subscriptions is how many are in force while the real resources are written.
const subscriptions = 200

// decoded is a resource for the oracle, which decides by itself, over maps, what the
// shipped topics are about. It shares no code with the engine.
type decoded map[string]any

func (d decoded) text(path ...string) string {
	var v any = map[string]any(d)
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

// coded reports whether a CodeableConcept, or one of a list, has the coding.
func (d decoded) coded(element, system, code string) bool {
	list, ok := d[element].([]any)
	if !ok {
		list = []any{d[element]}
	}
	for _, concept := range list {
		m, _ := concept.(map[string]any)
		codings, _ := m["coding"].([]any)
		for _, c := range codings {
			if coding, _ := c.(map[string]any); coding["system"] == system && coding["code"] == code {
				return true
			}
		}
	}
	return false
}

// fires says whether the change from before to after, nil for none, is about a topic.
func fires(topic string, before, after decoded) bool {
	changesTo := func(status string) bool {
		return after != nil && after.text("resourceType") == "Encounter" && after.text("status") == status &&
			(before == nil || before.text("status") != status)
	}
	switch topic {
	case "encounter-start":
		return changesTo("in-progress")
	case "encounter-complete":
		return changesTo("finished")
	case "patient-change":
		return before != nil && before.text("resourceType") == "Patient" || after != nil && after.text("resourceType") == "Patient"
	case "lab-result":
		if after == nil || after.text("resourceType") != "Observation" ||
			!after.coded("category", "http://terminology.hl7.org/CodeSystem/observation-category", "laboratory") {
			return false
		}
		if before == nil {
			return slices.Contains([]string{"preliminary", "final", "amended", "corrected"}, after.text("status"))
		}
		return before.text("status") != "final" && after.text("status") == "final"
	case "bilirubin-high":
		if after == nil || after.text("resourceType") != "Observation" || after.text("status") != "final" || !after.coded("code", "http://loinc.org", "1975-2") {
			return false
		}
		quantity, _ := after["valueQuantity"].(map[string]any)
		value, _ := quantity["value"].(json.Number)
		number, err := value.Float64()
		return err == nil && number > 1.0 && (quantity["code"] == "mg/dL" || quantity["unit"] == "mg/dL")
	}
	return false
}

// asked is one of the Subscriptions: a topic, and perhaps one patient.
type asked struct{ id, topic, patient string }

func (a asked) wants(before, after decoded) bool {
	if !fires(a.topic, before, after) {
		return false
	}
	state := after
	if state == nil {
		state = before
	}
	return a.patient == "" || state.text("subject", "reference") == a.patient
}

// TestRealResourcesKeepThePromise writes every real resource (create, update, delete)
// with 200 Subscriptions in force: no answer but success or a clear 4xx, and every
// expected event once, in order.
func TestRealResourcesKeepThePromise(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	s := open(t)
	var checker invariant.Checker
	subscriber := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = checker.Receive(strings.TrimPrefix(r.URL.Path, "/"), body)
		}
		if err != nil {
			t.Error("what arrived is no notification")
		}
	}))
	defer subscriber.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		stop()
		require.NoError(t, <-ended)
	}()

	lines := readAll(t, files)
	if os.Getenv(onPostgres) != "" { // what differs there shows in a part of them
		for i, file := range lines {
			lines[i] = file[:len(file)/4]
		}
	}
	all := subscribeAll(t, s, subscriber.URL, patients(lines))
	require.Eventually(t, func() bool {
		return string(send(t, s, "GET", "/Subscription?status=active&_count=0", "").body.Get("total").Raw()) == fmt.Sprint(subscriptions)
	}, time.Minute, 20*time.Millisecond)

	written, refused := 0, map[int]int{}
	for _, file := range lines { // ids repeat between files: each is written and deleted by itself
		for _, step := range []string{"PUT", "update", "DELETE"} {
			for _, raw := range file {
				before, after, body := states(t, raw, step)
				state := after
				if state == nil {
					state = before
				}
				reference := state.text("resourceType") + "/" + state.text("id")
				method := strings.Replace(step, "update", "PUT", 1)
				r := send(t, s, method, "/"+reference, body)
				if r.status >= 300 {
					require.GreaterOrEqual(t, r.status, 400, reference)
					require.Less(t, r.status, 500, "%s: %s", reference, r.raw)
					r.issue(t)
					refused[r.status]++
					continue
				}
				written++
				for _, a := range all {
					if a.wants(before, after) {
						checker.Expect(a.id, invariant.Focus{Reference: reference})
					}
				}
			}
		}
	}
	require.Eventually(t, checker.Complete, 3*time.Minute, 50*time.Millisecond)
	report := checker.Report()
	t.Logf("written=%d refused=%v %v", written, refused, report)
	require.NoError(t, report.Err())
	require.Greater(t, written, 1000)
	require.Greater(t, report.Events, 500)
}

func readAll(t *testing.T, files []string) (all [][]json.RawMessage) {
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		var lines []json.RawMessage
		seen := map[string]bool{}
		for line := range bytes.Lines(raw) {
			d := decode(t, line)
			reference := d.text("resourceType") + "/" + d.text("id")
			if d.text("resourceType") == "Subscription" || d.text("id") == "" || seen[reference] {
				continue // the engine's own, or not addressable by an id of its own
			}
			seen[reference] = true
			lines = append(lines, bytes.TrimSpace(line))
		}
		all = append(all, lines)
	}
	return all
}

func decode(t *testing.T, raw []byte) decoded {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var d decoded
	require.NoError(t, dec.Decode(&d))
	return d
}

// states returns what a step does to a resource. An update completes encounters and
// results, and adds a tag to everything else.
func states(t *testing.T, raw json.RawMessage, step string) (before, after decoded, body string) {
	created := decode(t, raw)
	if step == "PUT" {
		return nil, created, string(raw)
	}
	updated := decode(t, raw)
	switch updated.text("resourceType") {
	case "Encounter":
		updated["status"] = map[string]string{"finished": "in-progress"}[updated.text("status")]
		if updated.text("status") == "" {
			updated["status"] = "finished"
		}
	case "Observation":
		updated["status"] = map[string]string{"final": "preliminary"}[updated.text("status")]
		if updated.text("status") == "" {
			updated["status"] = "final"
		}
	default:
		updated["language"] = "en"
	}
	edited, err := json.Marshal(updated)
	require.NoError(t, err)
	if step == "update" {
		return created, updated, string(edited)
	}
	return updated, nil, ""
}

// patients returns the references of the subjects that most resources are about.
func patients(lines [][]json.RawMessage) []string {
	count := map[string]int{}
	for _, file := range lines {
		for _, raw := range file {
			var r struct{ Subject struct{ Reference string } }
			if json.Unmarshal(raw, &r) == nil && strings.HasPrefix(r.Subject.Reference, "Patient/") {
				count[r.Subject.Reference]++
			}
		}
	}
	var list []string
	for reference := range count {
		list = append(list, reference)
	}
	slices.SortFunc(list, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	return list
}

// subscribeAll creates the Subscriptions: some to a whole topic, most to one patient's
// events, at all levels that show what an event is about.
func subscribeAll(t *testing.T, s *Server, endpoint string, patients []string) (all []asked) {
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	names := []string{"encounter-start", "encounter-complete", "lab-result", "bilirubin-high", "patient-change"}
	for i := range subscriptions {
		a := asked{id: fmt.Sprint("s", i), topic: names[i%len(names)]}
		filter := ""
		if i >= 2*len(names) && a.topic != "patient-change" {
			a.patient = patients[i/len(names)%len(patients)]
			filter = fmt.Sprintf(`"_criteria":{"extension":[{"url":"%sbackport-filter-criteria","valueString":"patient=%s"}]},`, backport, a.patient)
		}
		content := []string{"id-only", "full-resource"}[i/3%2]
		r := send(t, s, "PUT", "/Subscription/"+a.id, fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"test",
			"criteria":"https://carillon-fhir.github.io/topics/%s",%s
			"channel":{"type":"rest-hook","endpoint":"%s/%s","payload":"application/fhir+json",
			"extension":[{"url":"%[6]sbackport-max-count","valuePositiveInt":%[8]d}],
			"_payload":{"extension":[{"url":"%[6]sbackport-payload-content","valueCode":%[7]q}]}}}`,
			a.id, a.topic, filter, endpoint, a.id, backport, content, 1+i%20))
		require.Equal(t, http.StatusCreated, r.status, string(r.raw))
		all = append(all, a)
	}
	return all
}
