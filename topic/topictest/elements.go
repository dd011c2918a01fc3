package topictest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/topic"
)

// row is a resource and what a criterion says about it.
type row struct {
	current string
	want    bool
}

// table evaluates a criterion about current on updates. The resource's texts are not
// shown where it fails, only its number.
func (w *world) table(p topic.Program, previous string, rows ...row) {
	for i, r := range rows {
		require.Equal(w, r.want, w.fires(p, w.change(previous, r.current)), "row %d", i)
	}
}

func quantity(value string) string { return `"valueQuantity":{"value":` + value + `,"unit":"mmol/l"}` }

// types are the types of an Encounter: one for each code, of the same system.
func types(codes ...string) string {
	var list []string
	for _, code := range codes {
		list = append(list, `{"coding":[{"system":"http://example.org/types","code":"`+code+`"}]}`)
	}
	return `"type":[` + strings.Join(list, ",") + `]`
}

// elements: what criteria see of a resource.
var elements = []Clause{
	{"ChoiceIsFoundByItsName", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.table(w.observationProgram(w.Criteria.Value), observation(),
			row{observation(), false},
			row{observation(`"valueString":"x"`), true},
			row{observation(quantity("1")), true},
			row{observation(`"valueBoolean":false`), true},
			row{observation(`"valueCodeableConcept":{"text":"x"}`), true})
	}},
	{"ChoiceIsReadByItsType", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.table(w.observationProgram(w.Criteria.High), observation(),
			row{observation(quantity("7.5")), true},
			row{observation(), false},
			row{observation(`"valueString":"9"`), false},
			row{observation(`"valueInteger":9`), false})
	}},
	{"NumbersCompareByValue", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.table(w.observationProgram(w.Criteria.High), observation(),
			row{observation(quantity("6.3")), false},
			row{observation(quantity("6.30")), false},
			row{observation(quantity("63e-1")), false},
			row{observation(quantity("6.301")), true},
			row{observation(quantity("10")), true},
			row{observation(quantity("1e1")), true},
			row{observation(quantity("-7")), false},
			row{observation(quantity("0.1")), false})
	}},
	{"NumbersOfBothStatesCompare", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		p := w.observationProgram(w.Criteria.Risen)
		w.table(p, observation(quantity("9.5")),
			row{observation(quantity("10")), true},
			row{observation(quantity("9.50")), false},
			row{observation(quantity("9")), false},
			row{observation(), false})
		w.table(p, observation(), row{observation(quantity("10")), false})
	}},
	{"DecimalsAreAsExactAsDeclared", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.table(w.observationProgram(w.Criteria.High), observation(),
			row{observation(quantity("6.3000000000000000000001")), h.ExactDecimals})
	}},
	{"NestedElementsStayTogether", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		const other = `{"system":"http://example.org/others","code":"b"}`
		w.table(w.encounterProgram(w.Criteria.Type), encounter("planned"),
			row{encounter("planned", types("b")), true},
			row{encounter("planned", types("a", "c", "b")), true},
			row{encounter("planned", types("a")), false},
			row{encounter("planned", `"type":[{"coding":[`+other+`,{"system":"http://example.org/types","code":"b"}]}]`), true},
			row{encounter("planned", `"type":[{"coding":[`+other+`,{"system":"http://example.org/types","code":"a"}]}]`), false},
			row{encounter("planned", `"type":[{"coding":[{"code":"b"}]}]`), false},
			row{encounter("planned", `"type":[{"text":"b"}]`), false})
	}},
	{"AbsentElementsAreNoFailure", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		w.skipUnless(w.Criteria.Open)
		w.table(w.encounterProgram(w.Criteria.Provider), encounter("planned"),
			row{encounter("planned"), false},
			row{encounter("planned", `"serviceProvider":{"display":"x"}`), false},
			row{encounter("planned", `"serviceProvider":{"reference":"Organization/o1"}`), true})
		w.table(w.encounterProgram(w.Criteria.Open), encounter("planned"),
			row{encounter("planned"), true},
			row{encounter("planned", `"period":{"start":"2026-03-01"}`), true},
			row{encounter("planned", `"period":{"start":"2026-03-01","end":"2026-03-02"}`), false})
	}},
	{"TextsCompareByCharacters", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		reason := func(text string) string {
			return encounter("planned", `"reasonCode":[{"text":"x"},{"text":"`+text+`"}]`)
		}
		w.table(w.encounterProgram(w.Criteria.Reason), encounter("planned"),
			row{reason("Übelkeit 🤢"), true},
			row{reason(`\u00dcbelkeit \ud83e\udd22`), true},
			row{reason("Übelkeit"), false},
			row{reason("übelkeit 🤢"), false},
			row{reason(`U\u0308belkeit 🤢`), false}) // Ü in two characters
	}},
	{"DatesCompareByTime", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		start := func(at string) string { return encounter("planned", `"period":{"start":"`+at+`"}`) }
		p := w.encounterProgram(w.Criteria.Early)
		w.table(p, encounter("planned"),
			row{start("2026-03-01T07:59:59Z"), true},
			row{start("2026-03-01T08:00:00Z"), false},
			row{start("2026-03-01T08:00:01Z"), false},
			row{start("2026-03-01T09:30:00+02:00"), true},
			row{start("2026-03-01T07:30:00-02:00"), false},
			row{start("2026-03-01T07:59:59.999Z"), true},
			row{encounter("planned"), false},
			row{encounter("planned", `"period":{"end":"2026-01-01"}`), false})

		fired, _ := p.Fires(t.Context(), 0, w.change(encounter("planned"), start("2026-03")))
		require.False(t, fired, "a date that may be before or behind is not before")
	}},
	{"LargeResourcesAreReadWhole", func(t testing.TB, h Harness) {
		w := newWorld(t, h)
		codes := make([]string, 2000)
		for i := range codes {
			codes[i] = "a"
		}
		p := w.encounterProgram(w.Criteria.Type)
		w.table(p, encounter("planned"), row{encounter("planned", types(codes...)), false})
		codes[len(codes)-1] = "b"
		w.table(p, encounter("planned"), row{encounter("planned", types(codes...)), true})
	}},
}
