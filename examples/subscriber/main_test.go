package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
	"github.com/carillon-fhir/carillon/examples/server/servertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const topic = "https://carillon-fhir.github.io/topics/encounter-start"

// What happens while the subscriber is away arrives first when it is back, and nothing
// twice.
func TestWhatHappensMeanwhileArrives(t *testing.T) {
	base := servertest.Start(t, fhirserver.Config{})
	state := filepath.Join(t.TempDir(), "subscriber")
	begin := func() (lines *bufio.Scanner, stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		read, write := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, base, topic, state, write) }()
		return bufio.NewScanner(read), func() {
			cancel()
			require.NoError(t, read.Close())
			require.NoError(t, <-ended)
		}
	}
	n := 0
	happen := func(times int) {
		for range times {
			n++
			put(t, base, fmt.Sprintf("e%d", n))
		}
	}
	expect := func(lines *bufio.Scanner, first, last int) {
		for i := first; i <= last; i++ {
			require.True(t, lines.Scan())
			require.Equal(t, fmt.Sprintf("%d  %s/Encounter/e%d", i, base, i), lines.Text())
		}
	}
	id, err := subscription(t.Context(), base, topic, state+".id")
	require.NoError(t, err)
	require.NotEmpty(t, id)
	happen(2) // nobody has connected yet
	lines, stop := begin()
	expect(lines, 1, 2)
	happen(3)
	expect(lines, 3, 5)
	stop()
	happen(30)
	lines, stop = begin()
	expect(lines, 6, 35)
	happen(1)
	expect(lines, 36, 36)
	stop()
}

func put(t *testing.T, base, id string) {
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, base+"/Encounter/"+id, strings.NewReader(
		`{"resourceType":"Encounter","id":"`+id+`","status":"in-progress","class":{"code":"AMB"}}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/fhir+json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusCreated, resp.StatusCode)
}
