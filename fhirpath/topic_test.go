package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	planned    = `{"resourceType":"Encounter","id":"1","status":"planned","location":[{"location":{"reference":"Location/1"}}]}`
	inProgress = `{"resourceType":"Encounter","id":"1","status":"in-progress","location":[{"location":{"reference":"Location/1"}}]}`
	finished   = `{"resourceType":"Encounter","id":"1","status":"finished","location":[{"location":{"reference":"Location/2"}}]}`
	completed  = `{"resourceType":"Encounter","id":"1","status":"completed"}`
	none       = ``
)

// TestTopicCriteria evaluates criteria of published topics (TRG-07, TRG-08).
func TestTopicCriteria(t *testing.T) {
	const (
		finish     = `(%previous.id.empty() or (%previous.status != 'finished')) and (%current.status = 'finished')`
		hl7        = `(%previous.empty() | (%previous.status != 'completed')) and (%current.status = 'completed')`
		unguarded  = `%previous.status!='in-progress' and %current.status='in-progress'`
		hapi       = `%current.status='in-progress' and %previous.status.exists().not()`
		anyChange  = `%previous.id.empty() or %current.id.empty() or (%previous.status != %current.status)`
		location   = `(%previous.location.empty() and %current.location.empty().not()) or (%previous.location.empty().not() and %current.location.empty().not() and (%previous.location != %current.location))`
		medplum    = `%previous.exists() implies %previous.status != %current.status`
		names      = `%previous.name.where( ($this in %current.name).not() ).exists()`
		quantities = `%current.value.ofType(Quantity).value > %previous.value.ofType(Quantity).value`
		deceased   = `(%previous.deceased.exists().not() or %previous.deceased = false) and (%current.deceased.exists() and %current.deceased = true)`
		oneOf      = `%previous.id.empty() or (%current.status in ('planned' | 'finished'))`
		folder     = `((%current.code.coding.where(system='s').code='folder')) and ( ((%previous.entry.item).count() < (%current.entry.item).count()) or ((%previous.status != %current.status)) )`
		postal     = `%current.address.postalCode.all(%previous.address.postalCode.contains(%current.address.postalCode)).not()`
		category   = `%current.category.coding.exists(system = 's' and code = 'laboratory')`
		bare       = `status = 'completed' or status = 'amended'`
		beforeDate = `%current.birthDate > '2023'`
	)
	for _, c := range []struct {
		name, criterion, previous, current string
		want                               bool
	}{
		{"update to finished", finish, planned, finished, true},
		{"still finished", finish, finished, finished, false},
		{"created finished", finish, none, finished, true},
		{"deleted", finish, finished, none, false},
		{"HL7's union on an update", hl7, planned, completed, true},
		{"HL7's union on a create", hl7, none, completed, true},
		{"HL7's union, no change", hl7, completed, completed, false},
		{"HL7's union, other status", hl7, planned, finished, false},
		{"unguarded update", unguarded, planned, inProgress, true},
		{"unguarded create is empty", unguarded, none, inProgress, false},
		{"HAPI create", hapi, none, inProgress, true},
		{"HAPI update", hapi, planned, inProgress, false},
		{"US Core delete", anyChange, planned, none, true},
		{"US Core same", anyChange, planned, planned, false},
		{"location changed", location, planned, finished, true},
		{"location same", location, planned, inProgress, false},
		{"location new", location, completed, planned, true},
		{"implies on create", medplum, none, planned, true},
		{"implies on same", medplum, planned, planned, false},
		{"a name went", names, `{"name":[{"text":"a"},{"text":"b"}]}`, `{"name":[{"text":"b"}]}`, true},
		{"a name came", names, `{"name":[{"text":"b"}]}`, `{"name":[{"text":"a"},{"text":"b"}]}`, false},
		{"quantity grew", quantities, `{"valueQuantity":{"value":6.30}}`, `{"valueQuantity":{"value":6.301}}`, true},
		{"quantity as before", quantities, `{"valueQuantity":{"value":6.30}}`, `{"valueQuantity":{"value":6.3}}`, false},
		{"death", deceased, `{"deceasedBoolean":false}`, `{"deceasedBoolean":true}`, true},
		{"death known", deceased, `{"deceasedBoolean":true}`, `{"deceasedBoolean":true}`, false},
		{"one of", oneOf, planned, finished, true},
		{"none of", oneOf, planned, inProgress, false},
		{"folder grew", folder, `{"status":"x"}`, `{"status":"x","code":{"coding":[{"system":"s","code":"folder"}]},"entry":[{"item":{}}]}`, true},
		{"postal code", postal, `{"address":[{"postalCode":"12"}]}`, `{"address":[{"postalCode":"13"}]}`, true},
		{"category", category, none, `{"category":[{"coding":[{"code":"x"},{"system":"s","code":"laboratory"}]}]}`, true},
		{"focus is the resource", bare, none, completed, true},
		{"date with a string is empty", beforeDate, none, `{"birthDate":"2024-01-01"}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := Compile(c.criterion, Options{Release: R4, BooleanUnion: true})
			require.NoError(t, err)
			require.Equal(t, c.criterion == hl7, e.UsesUnionAsOr())
			current := node(t, c.current)
			got, err := e.Bool(t.Context(), current, Env{Variables: []Variable{
				{"previous", node(t, c.previous)}, {"current", current}}})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func node(t testing.TB, resource string) Node {
	if resource == "" {
		return Node{}
	}
	doc, err := Parse([]byte(resource))
	require.NoError(t, err)
	return doc.Root()
}

// TestUnionIsNoBoolean holds that the leniency is off unless asked for, and never
// reaches the result as a whole.
func TestUnionIsNoBoolean(t *testing.T) {
	for _, c := range []struct {
		expression string
		lenient    bool
		want       error
	}{
		{"(true | false) and true", false, ErrSingleton},
		{"(true | false) and true", true, nil},
		{"(true | 'x') and true", true, ErrSingleton},
		{"true | false", true, ErrNotBoolean},
		{"%current | %previous", true, ErrNotBoolean},
		{"%current.id", true, ErrNotBoolean},
		{"%current", true, ErrNotBoolean},
	} {
		e, err := Compile(c.expression, Options{Release: R5, BooleanUnion: c.lenient})
		require.NoError(t, err)
		_, err = e.Bool(t.Context(), Node{}, Env{Variables: []Variable{
			{"previous", node(t, planned)}, {"current", node(t, finished)}}})
		require.ErrorIs(t, err, c.want, c.expression)
	}
}
