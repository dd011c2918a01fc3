package search_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// vector is a query with what the standard says of it for one resource: + found,
// - not found, x refused, ? no answer because of the host.
type vector struct{ want, query string }

// vectors reads a table of lines "+ query".
func vectors(table string) []vector {
	var all []vector
	for line := range strings.Lines(table) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			all = append(all, vector{line[:1], strings.TrimSpace(line[1:])})
		}
	}
	return all
}

// check holds each query of the table against the resource, and that what was
// parsed prints to what parses to the same.
func check(t *testing.T, o search.Options, raw, table string) {
	t.Helper()
	resource := node(t, raw)
	resourceType := resource.Get("resourceType").Text()
	for _, c := range vectors(table) {
		t.Run(c.query, func(t *testing.T) {
			query, err := search.ParseQuery(o, resourceType, c.query)
			if c.want == "x" {
				var refused *search.Error
				require.True(t, errors.As(err, &refused), "%v", err)
				require.NotEmpty(t, refused.Problem)
				return
			}
			require.NoError(t, err)
			found, err := query.Match(context.Background(), resource, base)
			again, parseErr := search.ParseQuery(o, resourceType, query.String())
			require.NoError(t, parseErr, query.String())
			require.Equal(t, query.String(), again.String())
			foundAgain, _ := again.Match(context.Background(), resource, base)
			require.Equal(t, found, foundAgain)
			if c.want == "?" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want == "+", found)
			withKey(t, query, resource)
		})
	}
}

// withKey holds that a match has a key, or is within the bounds, of every criterion
// that has some.
func withKey(t *testing.T, query search.Criteria, resource fhirpath.Node) {
	t.Helper()
	v := search.NewView(resource, base)
	for _, c := range query {
		if found, err := c.Test(context.Background(), v); !found || err != nil {
			continue
		}
		if keys, ok := c.Keys(); ok {
			have, err := v.AppendKeys(context.Background(), nil, c)
			require.NoError(t, err)
			shared := slices.ContainsFunc(keys, func(key uint64) bool { return slices.Contains(have, key) })
			require.True(t, shared, "no key in common")
		}
		if ranges, ok := c.Bounds(); ok {
			require.True(t, overlaps(t, ranges, v, c), "%v", ranges)
		}
	}
}

func overlaps(t testing.TB, ranges []search.Bounds, v *search.View, c *search.Criterion) bool {
	t.Helper()
	have, ok, err := v.Bounds(context.Background(), c)
	require.NoError(t, err)
	return ok && slices.ContainsFunc(ranges, func(b search.Bounds) bool { return b.Low <= have.High && have.Low <= b.High })
}

var (
	r4 = search.Options{Release: fhirpath.R4}
	r5 = search.Options{Release: fhirpath.R5}
)

// rowsOf writes the + of numbers as a query must have it.
func rowsOf(table string) string { return strings.ReplaceAll(table, "=+", "=%2B") }
