package postgres_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/internal/sweep"
	"github.com/carillon-fhir/carillon/store/postgres"
)

func TestOwnersHaveAQuota(t *testing.T) { // I6
	sweep.Quotas(t, harness(t, postgrestest.DSN(t), postgres.Config{}))
}

func TestConditionalCreatesAtOnce(t *testing.T) {
	sweep.Conditions(t, harness(t, postgrestest.DSN(t), postgres.Config{}), 20)
}
