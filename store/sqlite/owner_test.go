package sqlite_test

import (
	"testing"

	"github.com/carillon-fhir/carillon/internal/sweep"
)

func TestOwnersHaveAQuota(t *testing.T) { sweep.Quotas(t, harness) } // I6

func TestConditionalCreatesAtOnce(t *testing.T) { sweep.Conditions(t, harness, 20) }
