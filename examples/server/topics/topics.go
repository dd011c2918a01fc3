// Package topics holds the SubscriptionTopics that the example server ships, each in
// one of the three forms in which topics are exchanged: a Basic of R4 and a
// SubscriptionTopic of R4B and of R5.
//
//	encounter-start     an encounter is, or becomes, in progress         R4B
//	encounter-complete  an encounter is, or becomes, finished            R4 Basic
//	lab-result          a laboratory result is new, or becomes final     R5
//	patient-change      a patient is created, updated or deleted         R4B
//	bilirubin-high      a bilirubin result is, or becomes, > 1.0 mg/dL   R5
//
// All are right in all three releases but encounter-complete, which a server of R5 needs
// with the status that R5 has for it: it is in the folder r5.
package topics

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
)

//go:embed *.json r5/*.json
var shipped embed.FS

// Shipped returns the topics of this package for a release, sorted by the names of
// their files.
func Shipped(r fhirpath.Release) ([]*topic.Topic, error) {
	all, err := read(shipped)
	if err != nil || r != fhirpath.R5 {
		return all, err
	}
	folder, err := fs.Sub(shipped, "r5")
	if err != nil {
		return nil, err
	}
	own, err := read(folder)
	for _, t := range own {
		i := slices.IndexFunc(all, func(other *topic.Topic) bool { return other.URL == t.URL })
		all[i] = t
	}
	return all, err
}

// WithFolder returns the shipped topics of a release and those in the folder's files *.json. A
// topic of the folder takes the place of a shipped one with the same url. The error
// names each file that is no topic, and why.
func WithFolder(r fhirpath.Release, folder string) ([]*topic.Topic, error) {
	own, err := read(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	if len(own) == 0 {
		return nil, errors.New("topics: the folder has no file *.json")
	}
	replaced := map[string]bool{}
	for _, t := range own {
		replaced[t.URL] = true
	}
	all, err := Shipped(r)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		if !replaced[t.URL] {
			own = append(own, t)
		}
	}
	return own, nil
}

func read(files fs.FS) ([]*topic.Topic, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	var read []*topic.Topic
	var errs []error
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err == nil {
			var t *topic.Topic
			if t, err = topic.Parse(raw); err == nil {
				read = append(read, t)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("topics: %s: %w", path.Base(name), err))
		}
	}
	return read, errors.Join(errs...)
}
