package fhirpath

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

// TestStrictInvariants holds that the strict check accepts every invariant that the
// published StructureDefinitions have, each for the element that it is about.
func TestStrictInvariants(t *testing.T) {
	type constraint struct{ Key, Expression string }
	type element struct {
		Path       string
		Type       []struct{ Code string }
		Constraint []constraint
	}
	checked := map[string]bool{}
	for folder, release := range map[string]Release{"core-r4": R4, "core-r4b": R4B, "core-r5": R5, "backport-json": R4} {
		err := filepath.WalkDir(filepath.Join(shared.Dir(t), "spec", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".json" {
				return err
			}
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			var definition struct {
				ResourceType           string
				FHIRVersion            string
				Snapshot, Differential struct{ Element []element }
			}
			if json.Unmarshal(raw, &definition) != nil || definition.ResourceType != "StructureDefinition" {
				return nil
			}
			release := release
			if strings.HasPrefix(definition.FHIRVersion, "4.3") {
				release = R4B
			}
			for _, e := range append(definition.Snapshot.Element, definition.Differential.Element...) {
				context := e.Path
				if release.model().structures[context] == nil {
					context = ""
					if len(e.Type) == 1 && release.model().structures[e.Type[0].Code] != nil {
						context = e.Type[0].Code
					}
				}
				for _, c := range e.Constraint {
					_, err := Compile(c.Expression, Options{Release: release, Strict: true, Context: context})
					if c.Expression == "" || err != nil && strings.Contains(err.Error(), "unknown type") { // of another release
						continue
					}
					require.NoError(t, err, "%s of %s", c.Key, e.Path)
					checked[release.String()+context+c.Expression] = true
				}
			}
			return nil
		})
		require.NoError(t, err)
	}
	require.Greater(t, len(checked), 100)
	t.Logf("%d invariants", len(checked))
}
