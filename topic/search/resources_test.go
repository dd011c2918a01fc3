package search_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestRealResources evaluates every parameter on every real resource: none fails,
// and each value that a token or reference has is found by its own key.
func TestRealResources(t *testing.T) {
	evaluated, found := 0, 0
	eachResource(t, func(resource fhirpath.Node) {
		resourceType := resource.Get("resourceType").Text()
		v := search.NewView(resource, base)
		for _, p := range search.Parameters(fhirpath.R4, resourceType) {
			name, value := p.Code+":missing", "false"
			if len(p.Components) > 0 {
				name, value = p.Code, sample(p)
			}
			c, err := search.Parse(search.Options{Release: fhirpath.R4}, resourceType, name, value)
			require.NoError(t, err)
			has, err := c.Test(context.Background(), v)
			require.NoError(t, err, "%s %s", resourceType, p.Code)
			evaluated++
			if has {
				found++
			}
		}
	})
	require.Greater(t, found, 10_000)
	t.Logf("%d evaluations, %d with a value", evaluated, found)
}

// eachResource visits the real resources of the shared data folder.
func eachResource(t testing.TB, visit func(fhirpath.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			doc, err := fhirpath.Parse(lines.Bytes())
			if err != nil {
				continue // a few of them are not strict JSON
			}
			visit(doc.Root())
		}
		require.NoError(t, lines.Err())
	}
}
