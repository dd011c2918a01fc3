package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// A store need not tell an empty slice from none, so both are compared as none.

func plainChange(c subscription.Change) subscription.Change {
	c.Resource, c.Previous, c.Events, c.Spec = plain(c.Resource), plain(c.Previous), plain(c.Events), plain(c.Spec)
	c.Topics, c.Undecided = plain(c.Topics), plain(c.Undecided)
	return c
}

func plainRecord(r subscription.Record) subscription.Record {
	r.Resource, r.Spec, r.Sequenced = plain(r.Resource), plain(r.Spec), plain(r.Sequenced)
	return r
}

func plain[S ~[]E, E any](s S) S {
	if len(s) == 0 {
		return nil
	}
	return s
}

func mapped[T any](all []T, f func(T) T) []T {
	out := make([]T, len(all))
	for i, v := range all {
		out[i] = f(v)
	}
	return out
}

func requireChanges(t testing.TB, want, got []subscription.Change) {
	t.Helper()
	require.Equal(t, mapped(want, plainChange), mapped(got, plainChange))
}

func requireRecords(t testing.TB, want, got []subscription.Record) {
	t.Helper()
	require.Equal(t, mapped(want, plainRecord), mapped(got, plainRecord))
}

func requireRecord(t testing.TB, want, got subscription.Record) {
	t.Helper()
	require.Equal(t, plainRecord(want), plainRecord(got))
}
