package fhirserver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
)

// TestRealResources writes every real resource and reads it back: but for id and
// meta, not a byte has changed.
func TestRealResources(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	s := open(t, func(c *Config) { c.Store = "memory" })
	refused := map[int]int{}
	written := 0
	for _, file := range files {
		all, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range bytes.Lines(all) {
			resourceType := string(fhirpath.ResourceTypeOf(line))
			if resourceType == "Subscription" {
				continue // the engine's matter
			}
			r := send(t, s, "POST", "/"+resourceType, string(line))
			if r.status != http.StatusCreated {
				require.Less(t, r.status, http.StatusInternalServerError, string(r.raw))
				r.issue(t)
				refused[r.status]++
				continue
			}
			written++
			require.Equal(t, members(t, line), members(t, send(t, s, "GET", "/"+resourceType+"/"+r.body.Get("id").Text(), "").raw))
		}
	}
	t.Logf("%d resources written, refused by status: %v", written, refused)
	require.Greater(t, written, 1900)
}

// members returns a resource's members as they are written, but for id and meta.
func members(t *testing.T, raw []byte) map[string]string {
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &all))
	kept := map[string]string{}
	for name, value := range all {
		if name != "id" && name != "meta" {
			kept[name] = string(value)
		}
	}
	return kept
}

// TestInvalidResources holds that what HL7's validator finds wrong is stored or
// refused, but never breaks the server.
func TestInvalidResources(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "hl7-invalid", "*.json"))
	require.NoError(t, err)
	s := open(t, func(c *Config) { c.Store = "memory" })
	refused := 0
	for _, file := range files {
		if filepath.Base(file) == "index.json" {
			continue
		}
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		resourceType := string(fhirpath.ResourceTypeOf(raw))
		if !isResourceType(fhirpath.R4, resourceType) {
			resourceType = "Patient"
		}
		r := send(t, s, "POST", "/"+resourceType, string(raw))
		require.Less(t, r.status, http.StatusInternalServerError, filepath.Base(file))
		if r.status != http.StatusCreated {
			r.issue(t)
			refused++
		}
	}
	t.Logf("%d of %d files refused", refused, len(files)-1)
}

func BenchmarkCreate(b *testing.B) {
	s := open(b)
	const patient = `{"resourceType":"Patient","name":[{"family":"Doe","given":["Jo"]}],"gender":"other","birthDate":"1970-01-01"}`
	b.ReportAllocs()
	for b.Loop() {
		if r := send(b, s, "POST", "/Patient", patient); r.status != http.StatusCreated {
			b.Fatal(r.status)
		}
	}
}
