package validate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/shared"
)

// Definitions are those of one release, with the profiles of the guide for it. They
// are read once and never change; they may be used from several goroutines at once.
type Definitions struct {
	release fhirpath.Release
	byType  map[string][]*definition // of the standard
	byURL   map[string][]*definition // all; several versions of a guide have the same profile
}

var (
	loading sync.Mutex
	loaded  = map[fhirpath.Release]*Definitions{}
)

// Load returns the definitions of a release. It skips t where the specification data is
// absent, and fails it if they cannot be read.
func Load(t testing.TB, r fhirpath.Release) *Definitions {
	t.Helper()
	spec := filepath.Join(shared.Dir(t), "spec")
	loading.Lock()
	defer loading.Unlock()
	if loaded[r] == nil {
		d, err := load(spec, r)
		if err != nil {
			t.Fatal(err)
		}
		loaded[r] = d
	}
	return loaded[r]
}

// guides are the versions of the guide whose status resource is that of the release.
// The first, 1.0.0, was for R4B only.
var guides = map[fhirpath.Release][]string{
	fhirpath.R4:  {"v1.1.0", "v1.2.0-ballot"},
	fhirpath.R4B: {"v1.0.0", "v1.1.0", "v1.2.0-ballot"},
	fhirpath.R5:  {"v1.2.0-ballot"}, // its extensions of SubscriptionStatus are for R4B and later
}

func load(spec string, r fhirpath.Release) (*Definitions, error) {
	d := &Definitions{release: r, byType: map[string][]*definition{}, byURL: map[string][]*definition{}}
	core := filepath.Join(spec, "core-"+strings.ToLower(r.String()), "definitions")
	files, err := filepath.Glob(filepath.Join(core, "*.profile.json"))
	if err != nil {
		return nil, err
	}
	for _, guide := range guides[r] {
		more, err := filepath.Glob(filepath.Join(spec, "backport-json", guide, "StructureDefinition-*.json"))
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	if len(files) == 0 {
		return nil, errors.New("validate: no definitions")
	}
	for _, file := range files {
		if filepath.Base(file) == "history-bundle.profile.json" || !isFor(r, filepath.Base(file)) {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := build(raw, r)
		if err != nil {
			return nil, fmt.Errorf("validate: %s: %w", filepath.Base(file), err)
		}
		d.byURL[s.url] = append(d.byURL[s.url], s)
		if s.url == "http://hl7.org/fhir/StructureDefinition/"+s.of {
			d.byType[s.of] = append(d.byType[s.of], s)
		}
	}
	return d, nil
}

// isFor reports whether a profile is for the release: the guide has some for R4 and
// some for R4B, and R5 has its own of a notification.
func isFor(r fhirpath.Release, file string) bool {
	switch name := strings.TrimSuffix(file, ".json"); {
	case strings.HasSuffix(name, "-r4"):
		return r == fhirpath.R4
	case strings.HasSuffix(name, "backport-subscription-notification"):
		return r == fhirpath.R4B
	case strings.HasSuffix(name, "backport-subscription"):
		return r != fhirpath.R5
	}
	return true
}
