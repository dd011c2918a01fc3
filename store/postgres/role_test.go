package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
)

// A host's transaction needs no rights but those that the package's page names.
func TestRoleOfTheHost(t *testing.T) {
	h := newHost(t)
	ctx := t.Context()
	tx, err := h.pool.Begin(ctx)
	require.NoError(t, err)
	for _, statement := range []string{
		`CREATE ROLE carillon_test_host`, // for as long as the transaction
		`GRANT USAGE ON SCHEMA carillon TO carillon_test_host`,
		`GRANT USAGE ON SEQUENCE carillon.append TO carillon_test_host`,
		`SAVEPOINT without`,
		`SET LOCAL ROLE carillon_test_host`,
	} {
		_, err := tx.Exec(ctx, statement)
		require.NoError(t, err, statement)
	}
	require.Error(t, h.Tx(tx).Append(ctx, []subscription.Change{named("a")}))
	for _, statement := range []string{
		`ROLLBACK TO without`,
		`GRANT INSERT ON carillon.change TO carillon_test_host`,
		`SET LOCAL ROLE carillon_test_host`,
	} {
		_, err := tx.Exec(ctx, statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, h.Tx(tx).Append(ctx, []subscription.Change{named("a")}))
	_, err = tx.Exec(ctx, `SELECT resource FROM carillon.change`)
	require.Error(t, err)
	require.NoError(t, tx.Rollback(ctx))
}
