package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var releases = []string{"r4", "r4b", "r5"}

// tableFile reads a committed table.
func tableFile(t *testing.T, release string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "fhirpath", "model", release+".tsv"))
	require.NoError(t, err)
	return raw
}

var elementForm = regexp.MustCompile(`^(\w+)(\[x\])?(\*)?:(\S+)$`)
var typeForm = regexp.MustCompile(`([\w.]+)(?:\(([\w|]+)\))?(?:\||$)`)

// table reads a committed table back into a model.
func table(t *testing.T, release string) model {
	t.Helper()
	m := model{}
	for line := range strings.Lines(string(tableFile(t, release))) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, cells, 4, line)
		typ := &modelType{name: cells[0], kind: cells[1], base: strings.TrimSuffix(cells[2], "-")}
		require.Nil(t, m[typ.name], typ.name)
		m[typ.name] = typ
		for _, cell := range strings.Fields(cells[3]) {
			parts := elementForm.FindStringSubmatch(cell)
			require.NotNil(t, parts, "%s: %s", typ.name, cell)
			e := &element{name: parts[1], choice: parts[2] != "", many: parts[3] != ""}
			for _, of := range typeForm.FindAllStringSubmatch(parts[4], -1) {
				e.types = append(e.types, pathType{of[1], strings.FieldsFunc(of[2], func(r rune) bool { return r == '|' })})
			}
			typ.elements = append(typ.elements, e)
		}
	}
	return m
}

// TestTablesAreWhole holds what a reader of the tables relies on.
func TestTablesAreWhole(t *testing.T) {
	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			m := table(t, release)
			var again bytes.Buffer
			m.write(&again)
			lines := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAll(tableFile(t, release), nil)
			require.Equal(t, string(lines), again.String(), "sorted, and nothing that is not read")
			for name, typ := range m {
				holdsType(t, m, name, typ)
			}
		})
	}
}

func holdsType(t *testing.T, m model, name string, typ *modelType) {
	t.Helper()
	seen := map[string]bool{}
	for at, depth := typ, 0; at != nil; at, depth = m[at.base], depth+1 {
		require.Less(t, depth, 8, "%s: its bases go round", name)
		require.True(t, at.base == "" || m[at.base] != nil, "%s has no known base", at.name)
		for _, e := range at.elements {
			for _, of := range e.types {
				property := e.name
				if e.choice {
					property += suffix(of.Code)
				}
				require.False(t, seen[property], "%s has %s twice", name, property)
				seen[property] = true
			}
		}
	}
	for _, e := range typ.elements {
		require.NotEmpty(t, e.types, "%s.%s", name, e.name)
		require.True(t, e.choice || len(e.types) == 1, "%s.%s", name, e.name)
		require.False(t, e.choice && e.many, "%s.%s: no choice of FHIR repeats", name, e.name)
		for _, of := range e.types {
			require.True(t, m[of.Code] != nil || of.Code == "System.String", "%s.%s: %s", name, e.name, of.Code)
			require.True(t, len(of.Targets) == 0 || of.Code == "Reference" || of.Code == "canonical", "%s.%s", name, e.name)
			for _, target := range of.Targets {
				require.Equal(t, kindResource, m[target].kind, "%s.%s", name, e.name)
			}
		}
	}
	outer := name[:max(strings.LastIndexByte(name, '.'), 0)]
	require.Equal(t, outer != "", typ.kind == kindBackbone, name)
	if typ.kind == kindBackbone {
		require.NotNil(t, m[outer], name)
		_, of, ok := m.at(name)
		require.True(t, ok && of.Code == name, "%s is the type of the element at its path", name)
	}
	if typ.kind == kindPrimitive {
		require.Empty(t, typ.elements, name)
	}
}

// TestKinds counts the types of each release: FHIR 4.0.1 defines 146 resources,
// 4.3.0 141 and 5.0.0 158, to which come Resource and DomainResource. R5 added
// the primitive type integer64.
func TestKinds(t *testing.T) {
	primitives := strings.Fields("base64Binary boolean canonical code date dateTime decimal id instant integer " +
		"markdown oid positiveInt string time unsignedInt uri url uuid xhtml")
	for release, want := range map[string]map[string]int{
		"r4":  {kindResource: 148, kindPrimitive: 20},
		"r4b": {kindResource: 143, kindPrimitive: 20},
		"r5":  {kindResource: 160, kindPrimitive: 21},
	} {
		m := table(t, release)
		got := map[string]int{}
		for _, typ := range m {
			got[typ.kind]++
		}
		require.Equal(t, want[kindResource], got[kindResource], release)
		require.Equal(t, want[kindPrimitive], got[kindPrimitive], release)
		for _, name := range primitives {
			require.Equal(t, kindPrimitive, m[name].kind, "%s: %s", release, name)
		}
		require.Equal(t, release == "r5", m["integer64"] != nil)
	}
}

// TestResourcesAreThoseOfSearch compares with the resource types that the search
// parameters of the release know.
func TestResourcesAreThoseOfSearch(t *testing.T) {
	for _, release := range releases {
		raw, err := os.ReadFile(filepath.Join("..", "..", "topic", "search", "definitions", release+".tsv"))
		require.NoError(t, err)
		head, _, _ := strings.Cut(string(raw), "\n")
		want := append(strings.Split(head, ","), "Resource", "DomainResource")
		slices.Sort(want)
		m := table(t, release)
		got := slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(name string) bool { return m[name].kind != kindResource })
		require.Equal(t, want, got, release)
	}
}
