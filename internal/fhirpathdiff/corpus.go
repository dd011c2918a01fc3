package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// resource is one of those that expressions are made for.
type resource struct {
	number int
	tree   map[string]any
	doc    *fhirpath.Doc
}

// maxResource leaves out the few resources that would slow everything down.
const maxResource = 40 << 10

var errNoCorpus = errors.New("no resources found: run this inside the checkout, or set CARILLON_SHARED")

// readCorpus reads the real resources in data/*.ndjson of the shared folder or,
// where that is absent, the inputs of the official suite.
func readCorpus() ([]*resource, error) {
	var list []*resource
	for _, file := range corpusFiles() {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading the resources: %w", err)
		}
		documents := [][]byte{raw}
		if filepath.Ext(file) == ".ndjson" {
			documents = lines(raw)
		}
		for _, d := range documents {
			r := &resource{number: len(list)}
			if r.doc, err = fhirpath.Parse(d); err != nil || len(d) > maxResource {
				continue
			}
			if decodeTree(d, &r.tree) == nil && r.tree["resourceType"] != nil {
				list = append(list, r)
			}
		}
	}
	if len(list) == 0 {
		return nil, errNoCorpus
	}
	return list, nil
}

func decodeTree(raw []byte, tree *map[string]any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(tree)
}

// corpusFiles looks in $CARILLON_SHARED, then upwards from the working directory.
func corpusFiles() []string {
	folders := []string{os.Getenv("CARILLON_SHARED")}
	dir, _ := os.Getwd()
	for above := ""; dir != above; dir, above = filepath.Dir(dir), dir {
		folders = append(folders, filepath.Join(filepath.Dir(dir), "shared"))
	}
	for _, folder := range folders {
		if files, _ := filepath.Glob(filepath.Join(folder, "data", "*.ndjson")); folder != "" && len(files) > 0 {
			return files
		}
	}
	dir, _ = os.Getwd()
	for above := ""; dir != above; dir, above = filepath.Dir(dir), dir {
		if files, _ := filepath.Glob(filepath.Join(dir, "fhirpath", "testdata", "suite", "r4", "inputs", "*.json")); len(files) > 0 {
			return files
		}
	}
	return nil
}

func lines(raw []byte) (list [][]byte) {
	s := bufio.NewScanner(bytes.NewReader(raw))
	s.Buffer(nil, len(raw)+1)
	for s.Scan() {
		list = append(list, bytes.Clone(s.Bytes()))
	}
	return list
}

// decimalMark is the name of the only member of the object that stands for a
// decimal on the way to fhirpath.js and back.
const decimalMark = "$decimal"

// forPeer returns the resource with its decimals in that form.
func (r *resource) forPeer() (string, error) {
	out, err := json.Marshal(markDecimals(r.tree))
	return string(out), err
}

func markDecimals(v any) any {
	switch v := v.(type) {
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return map[string]string{decimalMark: v.String()}
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = markDecimals(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for name := range v {
			out[name] = markDecimals(v[name])
		}
		return out
	}
	return v
}
