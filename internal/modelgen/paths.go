package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// paths is what fhirpath.js knows of a release, by path; a choice has a path for
// each of its types (Observation.valueQuantity).
type paths struct {
	types   map[string]pathType
	choices map[string][]string // path of a choice without [x] -> suffixes (CodeableConcept, String)
	parents map[string]string   // type -> base
	refers  map[string]string   // path of a content reference -> the path it refers to
	repeats map[string]bool     // content references are missing here
}

// pathType is the FHIR type at a path and, of a Reference or canonical, its targets.
type pathType struct {
	Code    string   `json:"code"`
	Targets []string `json:"refType"`
}

// UnmarshalJSON takes "code" and {"code": "Reference", "refType": […]}.
func (t *pathType) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &t.Code)
	}
	type object pathType
	return json.Unmarshal(b, (*object)(t))
}

// readPaths reads the five files of one release.
func readPaths(dir string) (*paths, error) {
	p := &paths{repeats: map[string]bool{}}
	var repeating []string
	for name, into := range map[string]any{
		"path2Type":             &p.types,
		"choiceTypePaths":       &p.choices,
		"type2Parent":           &p.parents,
		"pathsDefinedElsewhere": &p.refers,
		"path2Repeating":        &repeating,
	} {
		raw, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, path := range repeating {
		p.repeats[path] = true
	}
	return p, nil
}

// parsePaths reads a table by hand of lines "path type", where a type may have
// targets, Reference(Patient|Group). A choice is written as "path[x]" and has no
// type: its declaration shows its types.
func parsePaths(table string) (*paths, error) {
	p := &paths{types: map[string]pathType{}, choices: map[string][]string{}}
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		path, code, _ := strings.Cut(line, "\t")
		choice, isChoice := strings.CutSuffix(path, "[x]")
		switch {
		case isChoice != (code == ""):
			return nil, fmt.Errorf("line %d: an element has a type, a choice has none", i+1)
		case isChoice:
			p.choices[choice] = nil
		default:
			code, targets, _ := strings.Cut(strings.TrimSuffix(code, ")"), "(")
			p.types[path] = pathType{code, strings.FieldsFunc(targets, func(r rune) bool { return r == '|' })}
		}
	}
	return p, nil
}

// primitives lists the primitive types, which alone begin with a small letter.
func (p *paths) primitives() []string {
	var names []string
	for name := range p.parents {
		if name[0] >= 'a' {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
