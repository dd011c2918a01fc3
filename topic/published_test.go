package topic_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/topic"
)

// refusedTopics are the published topics that can't be computed here, with the
// reason. All others load.
var refusedTopics = map[string]string{
	// Its only criteria ask for membership in value sets, which needs terminology.
	"fhir-candle/server-data/other-igs/Basic-CDex-PASSubscriptionTopic.json": "queryCriteria.current can't be evaluated: " +
		`search: "_tag:in": the modifier needs a terminology service`,
}

// TestPublishedTopics loads every topic that the shared folder has, as R4 if it is
// a Basic, and as what its folder says otherwise.
// spec: USE-02, USE-03, DISC-08
func TestPublishedTopics(t *testing.T) {
	root := filepath.Join(shared.Dir(t), "spec")
	loaded, refused := 0, 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		form := string(fhirpath.ResourceTypeOf(raw))
		isBasic := form == "Basic" && strings.Contains(string(raw), "extension-SubscriptionTopic.")
		if form != "SubscriptionTopic" && !isBasic {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		t.Run(name, func(t *testing.T) {
			release := fhirpath.R4
			switch {
			case strings.Contains(name, "r5"):
				release = fhirpath.R5
			case !isBasic:
				release = fhirpath.R4B
			}
			parsed, err := topic.Parse(raw)
			require.NoError(t, err)
			require.Equal(t, parsed, parse(t, string(parsed.AppendBasic(nil, "x"))))
			_, err = topic.Compile(parsed, topic.Options{Release: release})
			if reason, ok := refusedTopics[name]; ok {
				refused++
				require.ErrorContains(t, err, reason)
				return
			}
			loaded++
			require.NoError(t, err)
		})
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, len(refusedTopics), refused)
	require.GreaterOrEqual(t, loaded, 20)
	t.Logf("%d published topics load, %d are refused", loaded, refused)
}
