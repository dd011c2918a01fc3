package fhirserver

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFailedTransactionLeavesNothing(t *testing.T) {
	s := open(t)
	before := rows(t, s)
	broken := errors.New("broken")
	err := s.transact(t.Context(), "", func(ctx context.Context, x *txn) error {
		resource, err := parseResource([]byte(`{"resourceType":"Patient"}`), "Patient")
		require.NoError(t, err)
		_, err = x.put(ctx, "POST", nil, resource, "p")
		require.NoError(t, err)
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.Equal(t, before, rows(t, s))
}
