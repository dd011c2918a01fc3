package exprtopic_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic"
	"github.com/carillon-fhir/carillon/topic/exprtopic"
)

func TestFires(t *testing.T) {
	for criterion, want := range map[string]bool{
		`current.status in ["final", "amended"]`:                                     true,
		`current.status not in ["final"]`:                                            false,
		`interaction == "update"`:                                                    true,
		`current.resourceType == "Observation"`:                                      true,
		`current["status"] == "final"`:                                               true,
		`current.valueQuantity == previous.valueQuantity`:                            true, // the order of members and zeros don't count
		`current.value == previous.valueQuantity`:                                    true,
		`current.valueQuantity != previous.valueQuantity`:                            false,
		`current.category == previous.category`:                                      false,
		`current.category != previous.category`:                                      true,
		`current.category[0] == previous.category[0]`:                                true,
		`current.component[0] == current.component[1]`:                               false,
		`current.component == [1]`:                                                   false,
		`current.valueQuantity.value == 6.3`:                                         true,
		`current.value.value > 6`:                                                    true,
		`current.valueString == nil`:                                                 true,
		`current.component[0].value == 3`:                                            true,
		`any(current.component, .value == "x")`:                                      true,
		`one(current.component, .valueBoolean == true)`:                              true,
		`none(current.component, .value == 4)`:                                       true,
		`count(current.component, exists(.value)) == 3`:                              true,
		`len(current.category) > len(previous.category)`:                             true,
		`len(filter(current.category, .text != "a")) == 1`:                           true,
		`"b" in map(current.category, .text)`:                                        true,
		`find(current.category, .text == "b").text == "b"`:                           true,
		`find(current.category, .text == "c") == nil`:                                true,
		`current.category | any(#.text == "a")`:                                      true,
		`any(current.contained, .resourceType == "Patient" and .active == true)`:     true,
		`any(current.contained, .multipleBirth == 2)`:                                true,
		`current.subject.reference == nil`:                                           true,
		`current.subject?.reference == nil`:                                          true,
		`exists(current.subject)`:                                                    false,
		`exists(current.category)`:                                                   true,
		`exists(current.performer) or exists(previous)`:                              true,
		`(current.language ?? "en") == "en"`:                                         true, // the other half of a primitive is no value
		`current.status startsWith "fin" and current.status matches "^f.*l$"`:        true,
		`lower("FINAL") == current.status and trim(" final ") == current.status`:     true,
		`upper(current.status) contains "INA" and "final" endsWith "nal"`:            true,
		`exists(current.issued) ? date(current.issued) > date("2026-01-01") : false`: true,
		`date(current.issued) - date(previous.issued) == duration("2h")`:             true,
		`let c = current.category; any(c, .text == "b")`:                             true,
		`float("6.3") == current.valueQuantity.value and int("3") == abs(-3)`:        true,
		`1 + 2 * 3 - 4 / 2 == 5 and 7 % 4 == 3`:                                      true,
		`current.component == filter(current.component, true)`:                       true,
		`+abs(-1) == 1 and -1 < 0`:                                                   true,
		`true ? (false ? current.status : "x") == "x" : false`:                       true,
		`[] == [] and len([]) == 0`:                                                  true,
		`current.language == nil && previous.language == "de" || false`:              true,
	} {
		got, err := fires(t, criterion)
		require.NoError(t, err, criterion)
		require.Equal(t, want, got, criterion)
	}
}

// What fails does not fire, and the error says where and never on what.
func TestFiresFails(t *testing.T) {
	for criterion, place := range map[string]string{
		`current.language > "a"`:                 "column 18",
		`current.category[7].text == "a"`:        "column",
		`int(current.status) > 0`:                "column 1",
		`date(current.status) < now`:             "column 1",
		`current.value.nonsense == 1`:            "column 15",
		`current.component[2].value.value == 1`:  "column 28",
		`any(current.contained, .nonsense == 1)`: "column",
		`current.component[1].value > 1`:         "column",
		`any(current.value, # == 1)`:             "column",
	} {
		got, err := fires(t, criterion)
		require.False(t, got, criterion)
		require.ErrorIs(t, err, exprtopic.ErrEvaluation, criterion)
		require.ErrorContains(t, err, "line 1, "+place, criterion)
		for _, content := range []string{"final", "preliminary", "o1", "Quantity"} {
			require.NotContains(t, err.Error(), content, criterion)
		}
	}
}

// An integer64 is a string in JSON.
func TestInteger64(t *testing.T) {
	p, err := evaluator(t, fhirpath.R5).Compile(inLanguage("DocumentReference", `current.content[0].attachment.size > 9000000000`))
	require.NoError(t, err)
	fired, err := p.Fires(t.Context(), 0, &topic.Change{Interaction: topic.Create, Current: node(t,
		`{"resourceType":"DocumentReference","content":[{"attachment":{"size":"9000000001"}}]}`)})
	require.NoError(t, err)
	require.True(t, fired)
}

func TestNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := evaluator(t, fhirpath.R4)
		p, err := e.Compile(inLanguage("Observation", `date(current.issued) > now - duration("24h")`))
		require.NoError(t, err)
		issued := node(t, `{"resourceType":"Observation","issued":"`+time.Now().UTC().Format(time.RFC3339)+`"}`)
		c := &topic.Change{Interaction: topic.Create, Current: issued}
		for _, want := range []bool{true, false} {
			fired, err := p.Fires(t.Context(), 0, c)
			require.NoError(t, err)
			require.Equal(t, want, fired)
			time.Sleep(25 * time.Hour)
		}
	})
}

func TestMaxSteps(t *testing.T) {
	e, err := exprtopic.New(exprtopic.Config{Release: fhirpath.R4, MaxSteps: 5})
	require.NoError(t, err)
	p, err := e.Compile(inLanguage("Observation", `current.status == "final"`, `all(current.component, exists(.value))`))
	require.NoError(t, err)
	c := &topic.Change{Interaction: topic.Create, Current: node(t, after)}
	fired, err := p.Fires(t.Context(), 0, c)
	require.NoError(t, err)
	require.True(t, fired)
	_, err = p.Fires(t.Context(), 1, c)
	require.ErrorIs(t, err, exprtopic.ErrLimit)
}
