package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

// structureDefinition is what is compared of a StructureDefinition.
type structureDefinition struct {
	Type, BaseDefinition string
	Snapshot             struct {
		Element []struct {
			Path, Max, ContentReference string
			Type                        []struct {
				Code          string
				TargetProfile []string
			}
		}
	}
}

// TestDefinitions compares the tables with HL7's own StructureDefinitions of the
// resources that the shared folder has: every element of a snapshot is in the
// table with the same types, max and choices, and the table has no others.
func TestDefinitions(t *testing.T) {
	spec := filepath.Join(shared.Dir(t), "spec")
	for release, want := range map[string][]string{
		"r4":  {"Bundle", "Parameters", "Subscription"},
		"r4b": {"Bundle", "Parameters", "Subscription", "SubscriptionStatus", "SubscriptionTopic"},
		"r5":  {"Bundle", "Parameters", "Subscription", "SubscriptionStatus", "SubscriptionTopic"},
	} {
		m := table(t, release)
		files, err := filepath.Glob(filepath.Join(spec, "core-"+release, "definitions", "*.json"))
		require.NoError(t, err)
		var got []string
		for _, file := range files {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			var any struct{ ResourceType, Derivation string }
			require.NoError(t, json.Unmarshal(raw, &any))
			if any.ResourceType != "StructureDefinition" || any.Derivation != "specialization" {
				continue // code systems and the like; profiles and extensions
			}
			var d structureDefinition
			require.NoError(t, json.Unmarshal(raw, &d))
			got = append(got, d.Type)
			holdsDefinition(t, release, m, d)
		}
		slices.Sort(got)
		require.Equal(t, want, got, release)
	}
}

func holdsDefinition(t *testing.T, release string, m model, d structureDefinition) {
	t.Helper()
	require.Equal(t, m[d.Type].base, last(d.BaseDefinition))
	defined := map[string]bool{}
	for _, def := range d.Snapshot.Element[1:] {
		where := release + " " + def.Path
		path := def.Path
		cut := strings.LastIndexByte(path, '.')
		outer, name := path[:cut], path[cut+1:]
		name, choice := strings.CutSuffix(name, "[x]")
		defined[outer+"."+name] = true
		require.NotNil(t, m[outer], where)
		var found *element
		for at := m[outer]; at != nil && found == nil; at = m[at.base] {
			for _, e := range at.elements {
				if e.name == name {
					found = e
				}
			}
		}
		require.NotNil(t, found, where)
		require.Equal(t, choice, found.choice, where)
		require.Equal(t, def.Max != "1", found.many, where)
		if def.ContentReference != "" {
			require.Equal(t, def.ContentReference, "#"+found.types[0].Code, where)
			continue
		}
		require.Len(t, found.types, len(def.Type), where)
		for i, of := range def.Type {
			got := found.types[i]
			switch code := last(of.Code); code {
			case "System.String": // ids and Extension.url
				require.Equal(t, "id", name, where)
			case "BackboneElement", "Element":
				require.Equal(t, path, got.Code, where)
				require.Equal(t, code, m[path].base, where)
			default:
				require.Equal(t, code, got.Code, where)
			}
			var targets []string
			for _, profile := range of.TargetProfile {
				targets = append(targets, last(profile))
			}
			// R4B's targets are those of R4 or absent.
			if release != "r4b" || len(got.Targets) > 0 {
				require.ElementsMatch(t, targets, got.Targets, where)
			}
		}
	}
	for name, typ := range m {
		if name == d.Type || strings.HasPrefix(name, d.Type+".") {
			for _, e := range typ.elements {
				require.True(t, defined[name+"."+e.name], "%s %s.%s is not defined", release, name, e.name)
			}
		}
	}
}

func last(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }
