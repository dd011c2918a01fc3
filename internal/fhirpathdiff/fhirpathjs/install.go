// Package fhirpathjs installs HL7's JavaScript engine for FHIRPath, with which
// ours is compared: its answers by internal/fhirpathdiff, its speed by
// internal/fhirpathbench.
package fhirpathjs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Version of the npm package fhirpath.
const Version = "5.1.1"

// ErrMissing: there is no node or no npm on this machine.
var ErrMissing = errors.New("fhirpathjs: node and npm have to be installed (Node.js 20 or newer)")

// Install puts the package into the user's cache folder, unless it is there
// already, and returns the folder in which node finds it. None of the package's own
// scripts runs.
func Install(ctx context.Context) (folder string, err error) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return "", ErrMissing
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("fhirpathjs: %w", err)
	}
	folder = filepath.Join(cache, "carillon", "fhirpath.js-"+Version)
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "fhirpath", "package.json")); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", fmt.Errorf("fhirpathjs: %w", err)
	}
	// Failure policy: a folder that is half there is never used. npm works beside
	// it, and the rename is what makes it complete.
	work, err := os.MkdirTemp(filepath.Dir(folder), "install-")
	if err != nil {
		return "", fmt.Errorf("fhirpathjs: %w", err)
	}
	defer os.RemoveAll(work)
	npm := exec.CommandContext(ctx, "npm", "install", "--prefix", work, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "fhirpath@"+Version)
	npm.Dir = work
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fhirpathjs: npm install fhirpath@%s: %w\n%s", Version, err, out)
	}
	if err := os.Rename(work, folder); err != nil && !errors.Is(err, os.ErrExist) {
		if _, stat := os.Stat(filepath.Join(folder, "node_modules")); stat != nil {
			return "", fmt.Errorf("fhirpathjs: %w", err)
		}
	}
	return folder, nil
}
