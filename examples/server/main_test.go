package main

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

// asServer makes the test's binary be the server, with the flags behind it.
const asServer = "CARILLON_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// overStores calls f with -store for each kind of database.
func overStores(t *testing.T, f func(t *testing.T, store string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, "sqlite:"+filepath.Join(t.TempDir(), "fhir.db")) })
	t.Run("postgres", func(t *testing.T) { f(t, "postgres:"+postgrestest.DSN(t)) })
}

// start runs the server as a process and returns its base.
func start(t *testing.T, flags ...string) (base string, server *exec.Cmd) {
	t.Helper()
	server = exec.Command(os.Args[0], append([]string{"-addr", "127.0.0.1:0"}, flags...)...)
	server.Env = append(os.Environ(), asServer+"=1")
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	t.Cleanup(func() { _ = server.Process.Kill() }) // if the test has not ended it
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, ok, line)
	return base, server
}

func request(t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := client.Do(r)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response
}

// TestProcess starts the server, stops it, and finds its data in the next one.
func TestProcess(t *testing.T) { overStores(t, testProcess) }

func testProcess(t *testing.T, store string) {
	for i, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		base, server := start(t, "-store", store, "-allow-private", "-node", "n", "-retry", "1s,2s", "-lease", "5s")
		require.Regexp(t, `^http://127\.0\.0\.1:\d+/fhir$`, base)
		require.Equal(t, http.StatusOK, request(t, "GET", base+"/metadata", "").StatusCode)
		if i > 0 {
			require.Equal(t, http.StatusOK, request(t, "GET", base+"/Patient/p", "").StatusCode)
		}
		response := request(t, "PUT", base+"/Patient/p", `{"resourceType":"Patient","id":"p"}`)
		require.Equal(t, []int{http.StatusCreated, http.StatusOK}[i], response.StatusCode)
		require.NoError(t, server.Process.Signal(sig))
		require.NoError(t, server.Wait(), "it drains and exits 0")
	}
}

func TestRefusedFlags(t *testing.T) {
	for flags, text := range map[string]string{
		"-release R3":                      "R3",
		"-release STU3":                    "not a FHIR release",
		"-store postgres:x":                "can't be read",
		"-classic Ward":                    "Config.Classic",
		"-release R5 -classic Patient":     "no query criteria",
		"-store file":                      "memory, sqlite:FILE or postgres:DSN",
		"-retry soon":                      "-retry must be a list",
		"-retry 1s,,2s":                    "-retry must be a list",
		"-retry -1s":                       "-retry must be a list",
		"-topics no-such-folder":           "no file",
		"-colour red":                      "not defined",
		"stray":                            "no flags",
		"-base-url ftp://x.test/fhir":      "BaseURL",
		"-addr 256.0.0.1:0":                "listen",
		"-tenant-header X -max-bytes -1":   "MaxBytes",
		"-base-url http://x.test/fhir?a=b": "BaseURL",
	} {
		t.Run(flags, func(t *testing.T) {
			args := strings.Fields(flags)
			if !strings.Contains(flags, "-addr") && flags != "stray" {
				args = append([]string{"-addr", "127.0.0.1:0"}, args...)
			}
			err := run(t.Context(), args, io.Discard, io.Discard)
			require.ErrorContains(t, err, text)
		})
	}
}
