package main

import (
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// subject is an expression with what it is evaluated over: a resource, or two
// versions of one for a trigger.
type subject struct {
	expression        string
	focus             []byte // nil for a trigger
	current, previous []byte // nil for all others
	results           int    // how many items it gives
}

//go:embed encounter.json
var finished []byte

// readSubjects reads the resources of the official suite.
func readSubjects() ([]subject, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	inputs := filepath.Join("fhirpath", "testdata", "suite", "r4", "inputs")
	for above := ""; ; dir, above = filepath.Dir(dir), dir {
		if dir == above {
			return nil, errors.New("the inputs of the suite are not found: run this inside the checkout")
		}
		if _, err := os.Stat(filepath.Join(dir, inputs)); err == nil {
			break
		}
	}
	patient, err := os.ReadFile(filepath.Join(dir, inputs, "patient-example.json"))
	if err != nil {
		return nil, err
	}
	observation, err := os.ReadFile(filepath.Join(dir, inputs, "observation-example.json"))
	if err != nil {
		return nil, err
	}
	inProgress := []byte(strings.Replace(string(finished), `"finished"`, `"in-progress"`, 1))
	return []subject{
		{expression: "Patient.name.where(use='official').given", focus: patient, results: 2},
		{expression: "(Observation.value as Quantity)", focus: observation, results: 1},
		{expression: "Observation.subject.where(resolve() is Patient)", focus: observation, results: 1},
		{expression: "%previous.status != 'finished' and %current.status = 'finished'", current: finished, previous: inProgress, results: 1},
		{expression: "Patient.telecom.where(system='phone').value", focus: patient, results: 3},
		{expression: "Observation.code | Observation.component.code", focus: observation, results: 1},
		{expression: "Patient.contact.relationship.coding.where(system='http://terminology.hl7.org/CodeSystem/v2-0131' and code='N').exists()", focus: patient, results: 1},
	}, nil
}
