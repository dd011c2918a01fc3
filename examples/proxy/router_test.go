package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// routerVersion is that of the npm package @medplum/fhir-router.
const routerVersion = "5.1.11"

// router starts Medplum's router with its memory repository and returns its base. Its
// packages are installed into the user's cache folder, once.
func router(t *testing.T) (base string) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out: -short installs nothing")
	}
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("left out: @medplum/fhir-router needs %s (Node.js 20 or newer)", name)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("left out: no folder for @medplum/fhir-router: %v", err)
	}
	folder := filepath.Join(cache, "carillon", "fhir-router-"+routerVersion)
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		if err := install(t, folder); err != nil {
			t.Skipf("left out: @medplum/fhir-router can't be installed: %v", err)
		}
	}
	script, err := filepath.Abs("testdata/router.cjs")
	require.NoError(t, err)
	node := exec.Command("node", script)
	node.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(folder, "node_modules"))
	stdin, err := node.StdinPipe() // it ends with it, also when this test is killed
	require.NoError(t, err)
	stdout, err := node.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, node.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = node.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

// install puts the packages into a folder: all of them or, with an error, nothing.
func install(t *testing.T, folder string) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(folder), "install-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	npm := exec.CommandContext(t.Context(), "npm", "install", "--prefix", work, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "@medplum/fhir-router@"+routerVersion)
	npm.Dir = work
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if err := os.Rename(work, folder); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}
