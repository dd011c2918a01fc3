package topics

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/search"
)

func shippedTopic(t *testing.T, name string) *topic.Topic {
	t.Helper()
	all, err := Shipped(fhirpath.R4)
	require.NoError(t, err)
	for _, one := range all {
		if one.URL == "https://carillon-fhir.github.io/topics/"+name {
			return one
		}
	}
	t.Fatal("no such topic: " + name)
	return nil
}

// spec: TOP-15
func TestShipped(t *testing.T) {
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		all, err := Shipped(r)
		require.NoError(t, err)
		require.Len(t, all, 5)
		for _, one := range all {
			t.Run(r.String()+" "+one.Title, func(t *testing.T) {
				require.Equal(t, "active", one.Status)
				require.Equal(t, "1.0.0", one.Version)
				_, err := topic.Compile(one, topic.Options{Release: r})
				require.NoError(t, err)
				for _, filter := range one.CanFilterBy {
					p, ok := search.Lookup(r, filter.Resource, filter.FilterParameter)
					require.True(t, ok, filter.FilterParameter)
					require.Equal(t, p.URL, filter.FilterDefinition, "TOP-15")
				}
			})
		}
	}
}

func TestEncounterCompleteOfR5(t *testing.T) {
	all, err := Shipped(fhirpath.R5)
	require.NoError(t, err)
	program, err := topic.Compile(all[1], topic.Options{Release: fhirpath.R5})
	require.NoError(t, err)
	for status, fires := range map[string]bool{"completed": true, "finished": false, "in-progress": false} {
		doc, err := fhirpath.Parse([]byte(`{"resourceType":"Encounter","status":"` + status + `"}`))
		require.NoError(t, err)
		fired, err := program.Fires(t.Context(), 0, &topic.Change{Interaction: topic.Create, ResourceType: "Encounter", Current: doc.Root()})
		require.NoError(t, err)
		require.Equal(t, fires, fired, status)
	}
}

// TestFires holds each topic to what its description says.
// spec: TRG-12
func TestFires(t *testing.T) {
	const laboratory = `"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]`
	encounter := func(status string) string { return `{"resourceType":"Encounter","status":"` + status + `"}` }
	lab := func(status string) string {
		return `{"resourceType":"Observation","status":"` + status + `",` + laboratory + `}`
	}
	bilirubin := func(status, code, value, unit string) string {
		return `{"resourceType":"Observation","status":"` + status + `","code":{"coding":[{"system":"http://loinc.org","code":"` + code +
			`"}]},"valueQuantity":{"value":` + value + `,"unit":"` + unit + `"}}`
	}
	high := bilirubin("final", "1975-2", "1.01", "mg/dL")
	for _, c := range []struct {
		topic, before, after string
		fires                bool
	}{
		{"encounter-start", "", encounter("in-progress"), true},
		{"encounter-start", "", encounter("planned"), false},
		{"encounter-start", encounter("planned"), encounter("in-progress"), true},
		{"encounter-start", encounter("in-progress"), encounter("in-progress"), false},
		{"encounter-start", encounter("in-progress"), encounter("finished"), false},
		{"encounter-start", encounter("in-progress"), "", false},
		{"encounter-complete", "", encounter("finished"), true},
		{"encounter-complete", "", encounter("planned"), false},
		{"encounter-complete", encounter("in-progress"), encounter("finished"), true},
		{"encounter-complete", encounter("finished"), encounter("finished"), false},
		{"encounter-complete", encounter("finished"), encounter("cancelled"), false},
		{"encounter-complete", encounter("finished"), "", false},
		{"lab-result", "", lab("final"), true},
		{"lab-result", "", lab("preliminary"), true},
		{"lab-result", "", lab("registered"), false},
		{"lab-result", "", `{"resourceType":"Observation","status":"final"}`, false},
		{"lab-result", lab("preliminary"), lab("final"), true},
		{"lab-result", lab("final"), lab("final"), false},
		{"lab-result", lab("registered"), lab("preliminary"), false},
		{"lab-result", lab("final"), "", false},
		{"patient-change", "", `{"resourceType":"Patient"}`, true},
		{"patient-change", `{"resourceType":"Patient"}`, `{"resourceType":"Patient"}`, true},
		{"patient-change", `{"resourceType":"Patient"}`, "", true},
		{"patient-change", "", `{"resourceType":"Person"}`, false},
		{"bilirubin-high", "", high, true},
		{"bilirubin-high", high, high, true},
		{"bilirubin-high", "", bilirubin("final", "1975-2", "1.0", "mg/dL"), false},
		{"bilirubin-high", "", bilirubin("final", "1975-2", "1.00", "mg/dL"), false},
		{"bilirubin-high", "", bilirubin("final", "1975-2", "20", "umol/L"), false},
		{"bilirubin-high", "", bilirubin("preliminary", "1975-2", "2", "mg/dL"), false},
		{"bilirubin-high", "", bilirubin("final", "1968-7", "2", "mg/dL"), false},
		{"bilirubin-high", high, "", false},
	} {
		t.Run(strings.Join([]string{c.topic, c.before, c.after}, " "), func(t *testing.T) {
			require.Equal(t, c.fires, fires(t, shippedTopic(t, c.topic), c.before, c.after))
		})
	}
}

// fires does the caller's part of a trigger, the resource type and the interaction,
// and leaves the criteria to the program.
func fires(t *testing.T, one *topic.Topic, before, after string) bool {
	t.Helper()
	program, err := topic.Compile(one, topic.Options{Release: fhirpath.R4})
	require.NoError(t, err)
	change := topic.Change{Interaction: topic.Update}
	for _, side := range []struct {
		raw  string
		node *fhirpath.Node
	}{{before, &change.Previous}, {after, &change.Current}} {
		if side.raw != "" {
			doc, err := fhirpath.Parse([]byte(side.raw))
			require.NoError(t, err)
			*side.node = doc.Root()
			change.ResourceType = doc.Root().Get("resourceType").Text()
		}
	}
	if before == "" {
		change.Interaction = topic.Create
	} else if after == "" {
		change.Interaction = topic.Delete
	}
	for i, trigger := range one.ResourceTriggers {
		concerned := strings.HasSuffix("/"+trigger.Resource, "/"+change.ResourceType) && len(trigger.Interactions) == 0
		for _, interaction := range trigger.Interactions {
			concerned = concerned || strings.HasSuffix("/"+trigger.Resource, "/"+change.ResourceType) && interaction == change.Interaction
		}
		if !concerned {
			continue
		}
		fired, err := program.Fires(t.Context(), i, &change)
		require.NoError(t, err)
		if fired {
			return true
		}
	}
	return false
}

func TestWithFolder(t *testing.T) {
	folder := t.TempDir()
	_, err := WithFolder(fhirpath.R4, folder)
	require.ErrorContains(t, err, "no file")

	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	raw, err := shipped.ReadFile("patient-change.json")
	require.NoError(t, err)
	write("mine.json", strings.Replace(string(raw), "topics/patient-change", "topics/mine", 1))
	write("other.json", strings.Replace(string(raw), "Patient change", "Replaced", 1))
	write("ignored.txt", "no topic")
	all, err := WithFolder(fhirpath.R4, folder)
	require.NoError(t, err)
	require.Len(t, all, 6)
	titles := map[string]string{}
	for _, one := range all {
		titles[one.URL] = one.Title
	}
	require.Equal(t, "Replaced", titles["https://carillon-fhir.github.io/topics/patient-change"])

	write("bad.json", `{"resourceType":"Patient"}`)
	_, err = WithFolder(fhirpath.R4, folder)
	require.ErrorContains(t, err, "bad.json")
}
