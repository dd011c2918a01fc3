package main

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/subscription"
)

// TestMedplum: the npm client that FHIR apps use, unmodified, subscribes, loses its
// connection, and gets what it missed. It has the base [root]/fhir/R4 built in, and looks
// for a SubscriptionStatus (interop 1 to 3).
func TestMedplum(t *testing.T) {
	modules := os.Getenv("CARILLON_MEDPLUM")
	if modules == "" {
		t.Skip("left out: CARILLON_MEDPLUM says where @medplum/core and ws are; make peers does it")
	}
	shipped, err := topics.Shipped(subscription.R4)
	require.NoError(t, err)
	web := httptest.NewUnstartedServer(nil)
	root := "http://" + web.Listener.Addr().String()
	s, err := fhirserver.Open(t.Context(), fhirserver.Config{Config: host.Config{BaseURL: root + "/fhir/R4", Topics: shipped, StatusRelease: subscription.R4B}})
	require.NoError(t, err)
	web.Config.Handler = s.Handler()
	web.Start()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() {
		cancel()
		require.NoError(t, <-ended)
		web.Close()
		require.NoError(t, s.Close())
	}()
	script, err := filepath.Abs("testdata/medplum.cjs")
	require.NoError(t, err)
	node := exec.CommandContext(ctx, "node", script, root, "ws"+strings.TrimPrefix(root, "http")+"/fhir/R4/ws")
	node.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(modules, "node_modules"))
	out, err := node.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "connected\ntold by SubscriptionStatus event-notification\nconnected again\ntold of what it missed\ntold again\nclosed\n", string(out))
}
