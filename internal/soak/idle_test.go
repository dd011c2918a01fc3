package soak

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Row O4: what passes in an idle system from the hook's return, when a change is durable, to
// the moment at which the receiver's handler begins, beside a bare POST of as many bytes.
// The figures are printed and decide nothing; what decides is that each arrives, once.
func TestIdle(t *testing.T) {
	changes := 100
	if os.Getenv("CARILLON_SOAK") != "" {
		changes = 1000
	}
	w := newWorld(t, 1)
	defer w.stop()
	var ours, bare []time.Duration
	arrived := make(chan time.Time, 1)
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- time.Now() }))
	defer plain.Close()
	defer plain.Client().CloseIdleConnections()
	body := bytes.Repeat([]byte("x"), 3400)
	for i := range changes {
		require.NoError(t, w.engine.OnResourceChange(t.Context(), change(0, int64(i+1))))
		durable := time.Now()
		ours = append(ours, max(0, (<-w.arrived).Sub(durable))) // it may be faster than the hook
		began := time.Now()
		answer, err := plain.Client().Post(plain.URL, "application/fhir+json", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		bare = append(bare, (<-arrived).Sub(began))
	}
	slices.Sort(ours)
	slices.Sort(bare)
	at := func(of []time.Duration, share int) time.Duration { return of[min(len(of)-1, len(of)*share/100)] }
	t.Logf("O4 changes=%d commit to first byte p50=%v p99=%v bare POST p50=%v p99=%v ratio of p50=%.1f of p99=%.1f", changes,
		at(ours, 50), at(ours, 99), at(bare, 50), at(bare, 99), float64(at(ours, 50))/float64(at(bare, 50)), float64(at(ours, 99))/float64(at(bare, 99)))
	require.Zero(t, w.heard[0].repeated+w.heard[0].outOfOrder+w.heard[0].foreign)
}
