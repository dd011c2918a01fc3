package fhirserver

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTenants(t *testing.T) {
	s := open(t, func(c *Config) { c.TenantHeader = "X-Tenant" })
	for _, tenant := range []string{"red", "blue"} {
		r := send(t, s, "PUT", "/Patient/p", `{"resourceType":"Patient","id":"p","language":"`+tenant+`"}`, "X-Tenant", tenant)
		require.Equal(t, http.StatusCreated, r.status, string(r.raw))
	}
	created(t, s, `{"resourceType":"Patient"}`, "X-Tenant", "red")
	for tenant, patients := range map[string]int{"red": 2, "blue": 1, "green": 0} {
		t.Run(tenant, func(t *testing.T) {
			get := func(path string) response { return send(t, s, "GET", path, "", "X-Tenant", tenant) }
			require.Len(t, get("/Patient").entries(), patients)
			require.Len(t, get("/Patient/_history").entries(), patients)
			require.Len(t, get("/_history").entries(), patients+len(s.cfg.Topics))
			require.Len(t, get("/Basic").entries(), len(s.cfg.Topics), "each tenant is offered the topics")
			if patients == 0 {
				require.Equal(t, http.StatusNotFound, get("/Patient/p").status)
				require.Equal(t, http.StatusNotFound, get("/Patient/p/_history/1").status)
			} else {
				require.True(t, get("/Patient/p").body.Get("language").Is(tenant))
			}
			require.Equal(t, http.StatusNoContent, send(t, s, "DELETE", "/Patient/p", "", "X-Tenant", "green").status)
		})
	}
	for _, path := range []string{"/Patient", "/Subscription", "/Patient/p", "/_history"} {
		r := send(t, s, "GET", path, "")
		require.Equal(t, http.StatusBadRequest, r.status, path)
		code, _ := r.issue(t)
		require.Equal(t, "required", code)
	}
	require.Equal(t, http.StatusOK, send(t, s, "GET", "/metadata", "").status, "the same for all")
	for _, c := range changes(t, s) {
		require.Contains(t, []string{"red", "blue"}, c.Tenant)
	}
}
