package search

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Criteria are the parameters of a query. All of them must hold.
type Criteria []*Criterion

// ParseQuery reads the search part of an address: parameters joined by &, each
// name:modifier=value, percent-encoded, with + for a space. "Type?" before them,
// with or without a leading slash, must be resourceType (TOP-07, CLS-01). An
// empty query has no criteria and matches everything. Errors are as those of
// Parse.
func ParseQuery(o Options, resourceType, query string) (Criteria, error) {
	if prefix, rest, ok := strings.Cut(query, "?"); ok && !strings.ContainsAny(prefix, "=&") {
		if t := strings.TrimPrefix(prefix, "/"); t != "" && t != resourceType {
			return nil, &Error{Problem: "the query is for another resource type"}
		}
		query = rest
	}
	if query == "" {
		return nil, nil
	}
	var criteria Criteria
	for _, pair := range strings.Split(query, "&") {
		name, value, err := decode(pair)
		if err != nil {
			return nil, err
		}
		c, err := Parse(o, resourceType, name, value)
		if err != nil {
			return nil, err
		}
		criteria = append(criteria, c)
	}
	return criteria, nil
}

// decode reads one name=value.
func decode(pair string) (name, value string, err error) {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return "", "", &Error{Parameter: "?", Problem: "a parameter has no value"}
	}
	if name, err = url.QueryUnescape(name); err != nil {
		return "", "", &Error{Parameter: "?", Problem: "the name is not percent-encoded"}
	}
	if value, err = url.QueryUnescape(value); err != nil {
		return "", "", &Error{Parameter: printable(name), Problem: "the value is not percent-encoded"}
	}
	return name, value, nil
}

// NeedsHost reports whether any criterion asks the Host.
func (cs Criteria) NeedsHost() bool { return slices.ContainsFunc(cs, (*Criterion).NeedsHost) }

// Match reports whether resource meets every criterion. See Criterion.Match.
func (cs Criteria) Match(ctx context.Context, resource fhirpath.Node, base string) (bool, error) {
	return cs.Test(ctx, NewView(resource, base))
}

// Test is Match for a resource that is asked about more than once. See
// Criterion.Test. The host is asked last, and an error counts only if no criterion
// says no.
func (cs Criteria) Test(ctx context.Context, v *View) (bool, error) {
	var failed error
	asks := false
	for _, c := range cs {
		if c.asks {
			asks = true
			continue
		}
		if ok, err := c.Test(ctx, v); err != nil {
			failed = err
		} else if !ok {
			return false, nil
		}
	}
	for i := 0; asks && i < len(cs); i++ {
		if !cs[i].asks {
			continue
		}
		if ok, err := cs[i].Test(ctx, v); err != nil {
			failed = err
		} else if !ok {
			return false, nil
		}
	}
	return failed == nil, failed
}

// String returns the criteria as a query that parses to the same.
func (cs Criteria) String() string {
	parts := make([]string, len(cs))
	for i, c := range cs {
		parts[i] = c.String()
	}
	return strings.Join(parts, "&")
}

// String returns the criterion as a part of a query that parses to the same:
// name:modifier=value, percent-encoded where it must be.
func (c *Criterion) String() string {
	name := c.name
	if c.Modifier != "" {
		name += ":" + c.Modifier
	}
	return name + "=" + EscapeValue(c.Value)
}

// EscapeValue percent-encodes what would end or change a value in a query, and
// leaves the rest legible.
func EscapeValue(value string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; {
		case c <= ' ' || c >= 0x7f || strings.IndexByte("%&+#\"<>", c) >= 0:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// split cuts s at each separator that no backslash precedes. Escapes stay.
func split(s string, separator byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape resolves \, \| \$ and \\. Any other backslash is an error, as the
// specification defines no other escape.
func unescape(s string) (value, problem string) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, ""
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; i == len(s) || strings.IndexByte(`,|$\`, s[i]) < 0 {
				return "", `a backslash must be followed by a comma, bar, dollar sign or backslash`
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
