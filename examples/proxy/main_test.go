package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// asProxy makes the test's binary be the proxy, with the flags behind it.
const asProxy = "CARILLON_TEST_AS_PROXY"

func TestMain(m *testing.M) {
	if os.Getenv(asProxy) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// start runs the proxy as a process and returns its base.
func start(t *testing.T, flags ...string) (base string, proxy *exec.Cmd) {
	t.Helper()
	proxy = exec.Command(os.Args[0], flags...)
	proxy.Env = append(os.Environ(), asProxy+"=1")
	stdout, err := proxy.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, proxy.Start())
	t.Cleanup(func() { _ = proxy.Process.Kill() }) // if the test has not ended it
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	base, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(t, ok, line)
	return base, proxy
}

// freeAddress is where the proxy listens each time it starts.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func TestRefusedFlags(t *testing.T) {
	for flags, text := range map[string]string{
		"":                             "Upstream must be",
		"-upstream ftp://x.test":       "Upstream must be",
		"-upstream http://u:p@x.test":  "without user",
		"-upstream http://x.test?a=b":  "without user and query",
		"-upstream x -release R3":      "R3",
		"-upstream x -store file":      "memory, sqlite:FILE or postgres:DSN",
		"-upstream http://x -poll -1s": "Poll",
		"-upstream x stray":            "no flags",
		"-upstream x -retry soon":      "-retry must be a list",
		"-upstream x -topics nowhere":  "no file",
	} {
		t.Run(flags, func(t *testing.T) {
			err := run(t.Context(), append([]string{"-addr", "127.0.0.1:0"}, strings.Fields(flags)...), io.Discard, io.Discard)
			require.ErrorContains(t, err, text)
		})
	}
}
