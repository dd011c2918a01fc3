package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

// unresolved lists the expressions of search parameters that name elements which
// their release does not have.
// Both have a slip of R5: no value[x] of its Observation may be a canonical.
var unresolved = map[string]bool{
	"r5 Observation.component.value.ofType(canonical)": true,
	"r5 Observation.value.ofType(canonical)":           true,
}

var (
	asOperator = regexp.MustCompile(`([\w.]+) as (\w+)`)
	asFunction = regexp.MustCompile(`\.as\((\w+)\)`)
	condition  = regexp.MustCompile(`\.where\([^()]*(\(\)[^()]*)?\)|\[0\]`)
	brackets   = regexp.MustCompile(`^\((.*)\)((?:\.\w+)*)$`)
	plainPath  = regexp.MustCompile(`^\w+(\.\w+|\.ofType\(\w+\))*$`)
)

// TestSearchParameters resolves every path that a search parameter has, with its
// casts; conditions and indexers are taken out. Few expressions are something else.
func TestSearchParameters(t *testing.T) {
	dir := filepath.Join(shared.Dir(t), "spec", "search-parameters")
	for release, others := range map[string]int{"r4": 1, "r4b": 1, "r5": 6} {
		m := table(t, release)
		raw, err := os.ReadFile(filepath.Join(dir, release+".compact.tsv"))
		require.NoError(t, err)
		plain, other := map[string]bool{}, map[string]bool{}
		for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
			cells := strings.Split(line, "\t")
			for _, alternative := range strings.FieldsFunc(cells[4], func(r rune) bool { return r == '|' }) {
				path := condition.ReplaceAllString(strings.TrimSpace(alternative), "")
				path = asOperator.ReplaceAllString(path, "$1.ofType($2)")
				path = asFunction.ReplaceAllString(path, ".ofType($1)")
				path = brackets.ReplaceAllString(path, "$1$2")
				switch {
				case !plainPath.MatchString(path):
					other[path] = true
				case path[0] >= 'A' && path[0] <= 'Z':
					plain[path] = true
				default: // starts at the base type
					for _, base := range strings.Split(cells[3], ",") {
						plain[base+"."+path] = true
					}
				}
			}
		}
		for path := range plain {
			require.Equal(t, !unresolved[release+" "+path], resolves(m, path), "%s: %s", release, path)
		}
		require.Len(t, other, others, "%s: %v", release, other)
		t.Logf("%s: %d paths", release, len(plain))
	}
}

// resolves tells whether a path of elements and casts leads to some type. A step
// after a choice without a cast may be an element of any of its types.
func resolves(m model, path string) bool {
	steps := strings.Split(path, ".")
	types := []string{steps[0]}
	if m[steps[0]] == nil {
		return false
	}
	for _, step := range steps[1:] {
		var next []string
		cast, isCast := strings.CutPrefix(step, "ofType(")
		for _, name := range types {
			if isCast {
				if target := strings.TrimSuffix(cast, ")"); m.is(name, target) || m.is(target, name) {
					next = append(next, target)
				}
				continue
			}
			for at := m[name]; at != nil; at = m[at.base] {
				for _, e := range at.elements {
					if e.name == step {
						for _, of := range e.types {
							next = append(next, of.Code)
						}
					}
				}
			}
		}
		if types = next; len(types) == 0 {
			return false
		}
	}
	return true
}

// is tells whether a type is another or specializes it.
func (m model) is(name, other string) bool {
	for ; name != ""; name = m[name].base {
		if name == other {
			return true
		}
		if m[name] == nil {
			return false
		}
	}
	return false
}
