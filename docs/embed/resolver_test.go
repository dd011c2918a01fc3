package embed_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// resolver reads the host's other resources, for topics and filters that need more than the
// change: chains, groups, includes.
type resolver struct{ db *sql.DB }

// Resolve returns nil for what there is not.
func (r resolver) Resolve(ctx context.Context, tenant, reference string) (raw json.RawMessage, err error) {
	reference = strings.TrimPrefix(reference, "https://fhir.example.org/r4/")
	kind, id, ok := strings.Cut(reference, "/")
	if !ok || kind != "Patient" {
		return nil, nil
	}
	err = r.db.QueryRowContext(ctx, `SELECT json FROM patient WHERE id = ?`, id).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return raw, err // an error: asked again later, and nothing is decided meanwhile
}

// Search answers reverse chains and reverse includes; this host has none.
func (r resolver) Search(context.Context, string, string, string, int) ([]json.RawMessage, error) {
	return nil, errors.New("search is not offered")
}

// A topic that needs a Resolver is refused without one.
func Example_resolver() {
	offered, err := topics()
	if err != nil {
		fmt.Println(err)
		return
	}
	offered[0].ResourceTriggers[0].FHIRPath = "%current.managingOrganization.resolve().active"
	config := subscription.Config{
		Release: subscription.R4, BaseURL: "https://fhir.example.org/r4",
		Store: memory.New(), Channels: localChannels(), Topics: offered, Authorizer: policy{},
	}
	_, err = subscription.New(config)
	fmt.Println(strings.Contains(fmt.Sprint(err), "fhirPathCriteria"))
	config.Resolver = resolver{}
	_, err = subscription.New(config)
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}
