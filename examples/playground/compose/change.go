package compose

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Template is a change that a person can make.
type Template struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Words   string `json:"words"`             // what it does
	Patient bool   `json:"patient"`           // it is about a patient
	Updates string `json:"updates,omitempty"` // the Template whose newest resource it updates
	make    func(r fhirpath.Release, patient string, now time.Time) any
}

// Templates are all there are.
func Templates() []Template { return templates }

// Lookup finds a Template by its ID.
func Lookup(id string) (Template, bool) {
	for _, t := range templates {
		if t.ID == id {
			return t, true
		}
	}
	return Template{}, false
}

// Resource returns what the template writes: about a patient, a reference, at a time. id is
// "" for what is new.
func (t Template) Resource(r fhirpath.Release, id, patient string, now time.Time) json.RawMessage {
	raw, err := json.Marshal(t.make(r, patient, now))
	if err != nil {
		panic(err) // maps of strings and numbers
	}
	if id == "" {
		return raw
	}
	return json.RawMessage(`{"id":"` + id + `",` + string(raw[1:]))
}

var templates = []Template{
	{ID: "encounter-start", Title: "Start an encounter", Words: "creates an Encounter in progress", Patient: true,
		make: func(r fhirpath.Release, patient string, now time.Time) any {
			return encounter(r, "in-progress", patient, now, time.Time{})
		}},
	{ID: "encounter-finish", Title: "Finish an encounter", Words: "updates the newest open Encounter, or creates a finished one", Patient: true, Updates: "encounter-start",
		make: func(r fhirpath.Release, patient string, now time.Time) any {
			return encounter(r, "finished", patient, now.Add(-30*time.Minute), now)
		}},
	{ID: "bilirubin-high", Title: "High bilirubin result", Words: "creates a final Observation above 1.0 mg/dL", Patient: true,
		make: func(_ fhirpath.Release, patient string, now time.Time) any {
			return bilirubin(patient, now, 11+rand.IntN(40))
		}},
	{ID: "bilirubin-normal", Title: "Normal bilirubin result", Words: "creates a final Observation below 1.0 mg/dL", Patient: true,
		make: func(_ fhirpath.Release, patient string, now time.Time) any {
			return bilirubin(patient, now, 2+rand.IntN(8))
		}},
	{ID: "patient-new", Title: "Register a patient", Words: "creates a made-up Patient",
		make: func(fhirpath.Release, string, time.Time) any { return patient() }},
	{ID: "patient-update", Title: "Update a patient", Words: "changes a telephone number, or creates a Patient", Updates: "patient-new",
		make: func(fhirpath.Release, string, time.Time) any { return patient() }},
}

type object = map[string]any

func encounter(r fhirpath.Release, status, patient string, from, until time.Time) any {
	class := object{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"}
	period := object{"start": from.Format(time.RFC3339)}
	if !until.IsZero() {
		period["end"] = until.Format(time.RFC3339)
	}
	e := object{"resourceType": "Encounter", "status": status, "class": class, "subject": object{"reference": patient}, "period": period}
	if r == fhirpath.R5 {
		delete(e, "period")
		e["actualPeriod"], e["class"] = period, []any{object{"coding": []any{class}}}
		if status == "finished" {
			e["status"] = "completed"
		}
	}
	return e
}

// bilirubin is a result in tenths of mg/dL.
func bilirubin(patient string, now time.Time, tenths int) any {
	return object{
		"resourceType": "Observation", "status": "final",
		"category": []any{object{"coding": []any{object{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}}}},
		"code":     object{"coding": []any{object{"system": "http://loinc.org", "code": "1975-2", "display": "Bilirubin.total [Mass/volume] in Serum or Plasma"}}},
		"subject":  object{"reference": patient}, "effectiveDateTime": now.Format(time.RFC3339),
		"valueQuantity": object{"value": json.Number(fmt.Sprintf("%d.%d", tenths/10, tenths%10)), "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
	}
}

var (
	givenNames  = []string{"Ada", "Bela", "Chidi", "Dao", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jun", "Kofi", "Lena"}
	familyNames = []string{"Example", "Sample", "Testcase", "Placeholder", "Madeup", "Fictional"}
)

func patient() any {
	return object{
		"resourceType": "Patient", "active": true,
		"name":      []any{object{"family": familyNames[rand.IntN(len(familyNames))], "given": []string{givenNames[rand.IntN(len(givenNames))]}}},
		"gender":    []string{"female", "male", "other", "unknown"}[rand.IntN(4)],
		"birthDate": fmt.Sprintf("%d-%02d-%02d", 1940+rand.IntN(80), 1+rand.IntN(12), 1+rand.IntN(28)),
		"telecom":   []any{object{"system": "phone", "value": fmt.Sprintf("+1 555 01%02d", rand.IntN(100))}}, // numbers that nobody has
	}
}

// Group returns a Group of patients, which are references.
func Group(r fhirpath.Release, patients []string) json.RawMessage {
	var members []any
	for _, reference := range patients {
		members = append(members, object{"entity": object{"reference": reference}})
	}
	g := object{"resourceType": "Group", "type": "person", "actual": true, "name": "Patients of the playground", "member": members}
	if r == fhirpath.R5 {
		delete(g, "actual")
		g["membership"] = "enumerated"
	}
	raw, err := json.Marshal(g)
	if err != nil {
		panic(err) // maps of strings
	}
	return raw
}
