package search_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// rewritten returns the same JSON in another form: white space, members in another
// order, slashes with a backslash and some characters as \u.
func rewritten(r *rand.Rand, n fhirpath.Node) string {
	text := func(s string) string {
		var b strings.Builder
		for _, c := range s {
			switch {
			case c == '/':
				b.WriteString(`\/`)
			case c < ' ' || c == '"' || c == '\\' || c < 0x10000 && r.IntN(6) == 0:
				fmt.Fprintf(&b, `\u%04x`, c)
			default:
				b.WriteRune(c)
			}
		}
		return `"` + b.String() + `"`
	}
	var parts []string
	switch n.Kind() {
	case fhirpath.Object:
		for name, member := range n.Members() {
			parts = append(parts, text(name)+" :\n "+rewritten(r, member))
		}
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		return "{ " + strings.Join(parts, " ,\t") + " }"
	case fhirpath.Array:
		for e := range n.Elements() {
			parts = append(parts, rewritten(r, e))
		}
		return "[ " + strings.Join(parts, " , ") + " ]"
	case fhirpath.String:
		return text(n.Text())
	}
	return string(n.Raw())
}

// TestFormOfJSON: RFC 8259. What a resource says does not depend on how its JSON is
// written, for any parameter.
func TestFormOfJSON(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	resources, queries := 0, 0
	eachResource(t, func(resource fhirpath.Node) {
		resourceType := resource.Get("resourceType").Text()
		if resources++; resources%16 != 0 || !search.IsResourceType(fhirpath.R4, resourceType) {
			return
		}
		v, w := search.NewView(resource, base), search.NewView(node(t, rewritten(r, resource)), base)
		for _, p := range search.Parameters(fhirpath.R4, resourceType) {
			if p.Kind == search.KindComposite {
				continue
			}
			there, err := search.Parse(r4, resourceType, p.Code+":missing", "false")
			require.NoError(t, err)
			values, err := there.Values(context.Background(), v, 5)
			require.NoError(t, err)
			again, err := there.Test(context.Background(), w)
			require.NoError(t, err)
			require.Equal(t, len(values) > 0, again, "%s %s", resourceType, p.Code)
			for _, text := range values {
				for _, value := range valuesOf(t, p, text) {
					c, err := search.Parse(r4, resourceType, p.Code, value)
					if err != nil {
						continue
					}
					found, err := c.Test(context.Background(), w)
					require.NoError(t, err)
					require.True(t, found, "%s %s=%s", resourceType, p.Code, value)
					if keys, ok := c.Keys(); ok {
						have, err := w.AppendKeys(context.Background(), nil, c)
						require.NoError(t, err)
						require.True(t, slices.ContainsFunc(keys, func(k uint64) bool { return slices.Contains(have, k) }), "%s %s=%s", resourceType, p.Code, value)
					}
					if ranges, ok := c.Bounds(); ok {
						require.True(t, overlaps(t, ranges, w, c))
					}
					queries++
				}
			}
		}
	})
	require.Greater(t, queries, 2000)
	t.Logf("%d queries", queries)
}
