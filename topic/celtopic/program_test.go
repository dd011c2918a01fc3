package celtopic_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/celtopic"
)

func node(t testing.TB, raw string) fhirpath.Node {
	t.Helper()
	doc, err := fhirpath.Parse([]byte(raw))
	require.NoError(t, err)
	return doc.Root()
}

const (
	before = `{"resourceType":"Observation","id":"o1","status":"preliminary","issued":"2026-03-01T08:00:00Z",
		"valueQuantity":{"value":6.30,"unit":"mmol/l"},"category":[{"text":"a"}],"language":"de"}`
	after = `{"resourceType":"Observation","id":"o1","status":"final","issued":"2026-03-01T10:00:00Z",
		"valueQuantity":{"unit":"mmol/l","value":6.3},"category":[{"text":"a"},{"text":"b"}],
		"component":[{"valueInteger":3},{"valueBoolean":true},{"valueString":"x"}],
		"contained":[{"resourceType":"Patient","id":"p1","active":true,"multipleBirthInteger":2}],
		"_language":{"extension":[{"url":"http://example.org/e","valueCode":"x"}]},
		"extension":[{"url":"http://example.org/e","valueReference":{"reference":"Patient/p1"}}]}`
)

// update asks about the update from before to after.
func update(t testing.TB, criterion string) (bool, error) {
	t.Helper()
	p, err := evaluator(t, fhirpath.R4).Compile(inLanguage("Observation", criterion))
	require.NoError(t, err, criterion)
	return p.Fires(context.Background(), 0, &topic.Change{
		Interaction: topic.Update, ResourceType: "Observation", Previous: node(t, before), Current: node(t, after),
	})
}

func TestFires(t *testing.T) {
	for criterion, want := range map[string]bool{
		`current.status in ["final", "amended"]`:                                    true,
		`!(current.status in ["final"])`:                                            false,
		`interaction == "update"`:                                                   true,
		`current.resourceType == "Observation"`:                                     true,
		`has(current.resourceType)`:                                                 true,
		`current.valueQuantity == previous.valueQuantity`:                           true, // the order of members and zeros don't count
		`current.value == previous.value`:                                           true,
		`current.valueQuantity != previous.valueQuantity`:                           false,
		`current.category == previous.category`:                                     false,
		`current.category != previous.category`:                                     true,
		`current.category[0] == previous.category[0]`:                               true,
		`current.component[0] == current.component[1]`:                              false,
		`current.extension == [current.extension[0]]`:                               true,
		`current.category + previous.category == previous.category`:                 false,
		`(current.category + previous.category).size() == 3`:                        true,
		`current.category[1] in previous.category`:                                  false,
		`previous.category[0] in current.category`:                                  true,
		`current.valueQuantity.value == 6.3`:                                        true,
		`current.valueQuantity.value > 6`:                                           true,
		`current.value.value > 6`:                                                   true,
		`current.value.unit == "mmol/l"`:                                            true,
		`has(current.value.unit) && !has(current.value.code)`:                       true,
		`current.valueString == null`:                                               true,
		`current.effective == null`:                                                 true,
		`current.component[0].value == 3`:                                           true,
		`current.component[0].valueInteger == 3`:                                    true,
		`type(current.component[2].value) == string`:                                true,
		`current.component.exists(c, c.value == "x")`:                               true,
		`current.component.exists_one(c, c.valueBoolean == true)`:                   true,
		`current.component.all(c, has(c.value))`:                                    true,
		`current.component.filter(c, c.value == 3).size() == 1`:                     true,
		`"b" in current.category.map(c, c.text)`:                                    true,
		`current.contained.exists(r, r.resourceType == "Patient" && r.active)`:      true,
		`current.contained.exists(r, r.multipleBirth == 2)`:                         true,
		`current.contained[0]["active"] == true`:                                    true,
		`has(current.contained[0].active) && !has(current.contained[0].gender)`:     true,
		`current.extension[0].value.reference == "Patient/p1"`:                      true,
		`current.subject.reference == null`:                                         true,
		`exists(current.subject)`:                                                   false,
		`exists(current.category) && exists(current.status)`:                        true,
		`exists(current.performer) || exists(current.language)`:                     false,
		`exists(current.value)`:                                                     true,
		`current.language == null && previous.language == "de"`:                     true, // the other half of a primitive is no value
		`current.status.startsWith("fin") && current.status.matches("^f.*l$")`:      true,
		`timestamp(current.issued) - timestamp(previous.issued) == duration("2h")`:  true,
		`current.issued > previous.issued`:                                          true,
		`dyn(current)["status"] == "final" && dyn(current.category)[0].text == "a"`: true,
		`dyn(current.category) == [] || [] == dyn(current.performer)`:               true,
		`!has(current.contained[0].nonsense)`:                                       true,
		"current.`status` == 'final'":                                               true,
		`current.language > "a" && false`:                                           false, // as CEL has it: one false is enough
		`type(current) == type(previous) && type(current.category) == list`:         true,
	} {
		got, err := update(t, criterion)
		require.NoError(t, err, criterion)
		require.Equal(t, want, got, criterion)
	}
}

// What fails does not fire, and the error says where, if CEL does, and never on what.
func TestFiresFails(t *testing.T) {
	for criterion, place := range map[string]string{
		`current.language > "a"`:                       " at line 1, column 18",
		`current.language.startsWith("a")`:             " at line 1, column 28",
		`current.category[7].text == "a"`:              " at line 1, column 20",
		`int(current.status) > 0`:                      " at line 1, column 4",
		`timestamp(current.status) < now`:              " at line 1, column 10",
		`current.value.nonsense == 1`:                  " at line 1, column 14",
		`current.component[2].value.value == 1`:        " at line 1, column 27",
		`current.contained.exists(r, r.nonsense == 1)`: " at line 1, column 30",
		`current.component[1].value > 1`:               " at line 1, column 28",
		`current.value.all(v, v == 1)`:                 "",
		`current.contained[0][1] == 2`:                 " at line 1, column 21",
		`string(current.value) == "x"`:                 " at line 1, column 7",
		`dyn(current.category)["a"] == 1`:              " at line 1, column 22",
		`dyn(current)[1] == 1`:                         " at line 1, column 13",
		`1 / 0 == 1`:                                   " at line 1, column 3",
	} {
		got, err := update(t, criterion)
		require.False(t, got, criterion)
		require.ErrorIs(t, err, celtopic.ErrEvaluation, criterion)
		for _, content := range []string{"final", "preliminary", "o1", "Quantity", "unit"} {
			require.NotContains(t, err.Error(), content, criterion)
		}
		require.Equal(t, "cel: evaluation failed"+place, err.Error(), criterion)
	}
}

func TestNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := evaluator(t, fhirpath.R4).Compile(inLanguage("Observation",
			`timestamp(current.issued) > now - duration("24h") && now == now`))
		require.NoError(t, err)
		c := &topic.Change{Interaction: topic.Create, Current: node(t,
			`{"resourceType":"Observation","issued":"`+time.Now().UTC().Format(time.RFC3339)+`"}`)}
		for _, want := range []bool{true, false} {
			fired, err := p.Fires(t.Context(), 0, c)
			require.NoError(t, err)
			require.Equal(t, want, fired)
			time.Sleep(25 * time.Hour)
		}
	})
}

// Hostile expressions end with ErrLimit, whatever they make much of.
func TestHostile(t *testing.T) {
	types := strings.TrimSuffix(strings.Repeat(`{"text":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},`, 1000), ",")
	c := &topic.Change{Interaction: topic.Create, ResourceType: "Encounter",
		Current: node(t, `{"resourceType":"Encounter","id":"e","status":"planned","type":[`+types+`]}`)}
	ten := "[0,1,2,3,4,5,6,7,8,9]"
	for name, criterion := range map[string]string{
		"1e9 steps over a resource": `current.type.all(a, current.type.all(b, current.type.all(c, true)))`,
		"1e9 steps over a literal":  strings.Repeat(ten+".all(x, ", 9) + "true" + strings.Repeat(")", 9),
		"lists of lists":            strings.Repeat(ten+".map(x, ", 9) + "x" + strings.Repeat(")", 9) + ".size() == 1",
		"regular expressions":       `current.type.all(a, current.type.all(b, a.text.matches("(a*)*b|(a|aa)+c")==false))`,
		"texts":                     `current.type.all(a, current.type.all(b, (a.text + b.text).contains("b") == false))`,
		"equality":                  `current.type.all(a, current.type == current.type)`,
	} {
		t.Run(name, func(t *testing.T) {
			p, err := evaluator(t, fhirpath.R4).Compile(inLanguage("Encounter", criterion))
			require.NoError(t, err)
			fired, err := p.Fires(t.Context(), 0, c)
			require.ErrorIs(t, err, celtopic.ErrLimit)
			require.False(t, fired)
		})
	}
}

func TestMaxCost(t *testing.T) {
	e, err := celtopic.New(celtopic.Config{Release: fhirpath.R4, MaxCost: 5})
	require.NoError(t, err)
	p, err := e.Compile(inLanguage("Observation", `current.status == "final"`, `current.component.all(c, has(c.value))`))
	require.NoError(t, err)
	c := &topic.Change{Interaction: topic.Create, Current: node(t, after)}
	fired, err := p.Fires(t.Context(), 0, c)
	require.NoError(t, err)
	require.True(t, fired)
	_, err = p.Fires(t.Context(), 1, c)
	require.ErrorIs(t, err, celtopic.ErrLimit)
}
