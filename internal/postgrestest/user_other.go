//go:build !unix

package postgrestest

import "os/exec"

// unprivileged says that there is no server here: its socket is Unix's.
func (c *Cluster) unprivileged(*exec.Cmd) error { return ErrNotInstalled }
