package search_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// TestEveryParameterWithEveryModifier: what is not refused prints to what parses to
// the same, for all parameters of all releases.
func TestEveryParameterWithEveryModifier(t *testing.T) {
	modifiers := []string{"", "missing", "exact", "contains", "not", "text", "in", "not-in", "below", "above", "Patient", "identifier",
		"of-type", "code-text", "text-advanced", "iterate", "type", "nonsense"}
	for _, r := range []fhirpath.Release{fhirpath.R4, fhirpath.R4B, fhirpath.R5} {
		t.Run(r.String(), func(t *testing.T) {
			_, o := newHost(t, r)
			read, refused := 0, 0
			for _, resourceType := range search.ResourceTypes(r) {
				for _, p := range search.Parameters(r, resourceType) {
					for _, modifier := range modifiers {
						name, value := p.Code, sample(p)
						if modifier != "" {
							name += ":" + modifier
						}
						switch {
						case modifier == "missing":
							value = "true"
						case modifier == "of-type":
							value = "a|b|c"
						case p.Kind == search.KindReference && strings.HasSuffix(modifier, "in"):
							value = "Group/1"
						case p.Kind == search.KindReference && modifier == "below":
							value = "http://x|1"
						case modifier == "below" || modifier == "above":
							value = "http://x"
						}
						c, err := search.Parse(o, resourceType, name, value)
						if err != nil {
							require.ErrorContains(t, err, p.Code)
							refused++
							continue
						}
						read++
						again, err := search.ParseQuery(o, resourceType, c.String())
						require.NoError(t, err, c.String())
						require.Equal(t, c.String(), again.String())
						require.Equal(t, c.NeedsHost(), again.NeedsHost())
					}
					_, err := search.Parse(o, resourceType, p.Code, sample(p))
					require.NoError(t, err, "%s %s", resourceType, p.Code)
				}
			}
			require.Greater(t, read, 10_000)
			t.Logf("%d read, %d refused", read, refused)
		})
	}
}

// TestEachValueFindsItsResource: a query that is made of what a real resource says
// finds that resource.
func TestEachValueFindsItsResource(t *testing.T) {
	queries := 0
	eachResource(t, func(resource fhirpath.Node) {
		resourceType := resource.Get("resourceType").Text()
		if !search.IsResourceType(fhirpath.R4, resourceType) {
			return
		}
		v := search.NewView(resource, base)
		for _, p := range search.Parameters(fhirpath.R4, resourceType) {
			if p.Kind == search.KindComposite {
				continue
			}
			any, err := search.Parse(r4, resourceType, p.Code+":missing", "false")
			require.NoError(t, err)
			values, err := any.Values(context.Background(), v, 20)
			require.NoError(t, err)
			for _, text := range values {
				for _, value := range valuesOf(t, p, text) {
					c, err := search.Parse(r4, resourceType, p.Code, value)
					if err != nil && p.Kind == search.KindReference {
						continue // some real references are none
					}
					require.NoError(t, err, "%s %s=%s", resourceType, p.Code, value)
					found, err := c.Test(context.Background(), v)
					require.NoError(t, err)
					require.True(t, found, "%s %s=%s", resourceType, p.Code, value)
					again, err := search.ParseQuery(r4, resourceType, c.String())
					require.NoError(t, err)
					require.Equal(t, value, again[0].Value)
					withKey(t, again, resource)
					queries++
				}
			}
		}
	})
	require.Greater(t, queries, 20_000)
	t.Logf("%d queries", queries)
}

// valuesOf makes values of a query of an element, given as its text or JSON.
func valuesOf(t *testing.T, p search.Parameter, text string) (values []string) {
	t.Helper()
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace
	element := fhirpath.Node{}
	if strings.HasPrefix(text, "{") {
		element = node(t, text)
	}
	get := func(names ...string) string { return escape(element.Path(names...).Text()) }
	switch {
	case p.Kind == search.KindToken && element.Exists():
		codings := slices.Collect(element.Get("coding").Elements())
		if !element.Get("coding").Exists() {
			codings = []fhirpath.Node{element}
		}
		for _, coding := range codings {
			system, code := escape(coding.Get("system").Text()), escape(coding.Get("code").Text()+coding.Get("value").Text())
			if code == "" {
				continue
			}
			if values = append(values, code); strings.Contains(system, ":") {
				values = append(values, system+"|"+code, system+"|")
			}
		}
	case p.Kind == search.KindReference && element.Exists():
		if reference := get("reference"); reference != "" && reference[0] != '#' {
			values = append(values, reference)
		}
	case p.Kind == search.KindDate && element.Exists():
		if start := get("start"); start != "" {
			values = append(values, "ge"+start, "sa1000")
		}
		if end := get("end"); end != "" {
			values = append(values, "le"+end, "eb2999")
		}
	case p.Kind == search.KindDate:
		values = append(values, text, text[:4], "ge"+text, "le"+text, "ap"+text, "gt1000", "lt2999", "ne1000")
	case p.Kind == search.KindQuantity && get("comparator") == "" && get("value") != "":
		number := get("value")
		values = append(values, number, "ge"+number, "le"+number, "ap"+number)
		if system, code := get("system"), get("code"); code != "" {
			values = append(values, number+"||"+code, number+"|"+system+"|"+code, "le"+number+"|"+system+"|"+code)
		}
	case p.Kind == search.KindString && element.Exists():
		for _, name := range []string{"family", "text", "city", "state", "country"} {
			values = append(values, get(name))
		}
	case p.Kind == search.KindReference && strings.HasPrefix(text, "#"), element.Exists():
	case p.Kind == search.KindString:
		runes := []rune(text)
		values = append(values, escape(text), escape(string(runes[:min(3, len(runes))])))
	default:
		values = append(values, escape(text))
	}
	return slices.DeleteFunc(values, func(v string) bool { return strings.Trim(v, " -.,/()'#\\|$") == "" })
}
