package postgrestest

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNotInstalled means that the machine has no PostgreSQL server.
var ErrNotInstalled = errors.New("postgrestest: no initdb and pg_ctl on the PATH, in /usr/lib/postgresql or /usr/local: " +
	"install PostgreSQL 13 or later (Debian: apt-get install postgresql), or set CARILLON_TEST_POSTGRES")

// Cluster is a PostgreSQL server with its data. It is not safe for concurrent use.
type Cluster struct {
	dir  string // the data, the log and the socket
	bin  string
	args []string

	keeper *exec.Cmd // nil: stopped
	orders *os.File
}

// keeper starts the server and waits for the order to stop it. The end of the orders
// is the end of whoever gives them: then nobody needs the files any more.
//
//go:embed keeper.sh
var keeper string

// Start makes a cluster in a new directory below dir ("" means that for temporary
// files, which is the better choice: a socket's path may have no more than 107
// bytes), with settings such as "fsync=off", and starts its server.
func Start(dir string, settings ...string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	if dir == "" && len(os.TempDir()) > 60 {
		dir = "/tmp"
	}
	if dir, err = os.MkdirTemp(dir, "carillon-pg"); err != nil {
		return nil, fmt.Errorf("postgrestest: %w", err)
	}
	c := &Cluster{dir: dir, bin: bin}
	c.args = append([]string{
		"listen_addresses=", "unix_socket_directories=" + dir, "max_connections=300", "shared_buffers=128MB",
		"log_min_messages=fatal",
	}, settings...)
	if err := c.create(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	if err := c.Restart(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return c, nil
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *Cluster) create() error {
	cmd := exec.Command(filepath.Join(c.bin, "initdb"), "-D", c.data(), "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C", "--no-sync")
	if err := c.unprivileged(cmd); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("postgrestest: initdb: %w: %s", err, out)
	}
	return nil
}

// Restart starts the server of a cluster that was stopped or killed, and returns when
// it answers.
func (c *Cluster) Restart() error {
	if c.keeper != nil {
		return errors.New("postgrestest: the server runs already")
	}
	var options strings.Builder
	for _, a := range c.args {
		options.WriteString(" -c " + a)
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", filepath.Join(c.bin, "pg_ctl"), c.dir, options.String())
	if err := c.unprivileged(cmd); err != nil {
		return err
	}
	in, orders, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("postgrestest: %w", err)
	}
	defer in.Close()
	answers, out, err := os.Pipe()
	if err != nil {
		orders.Close()
		return fmt.Errorf("postgrestest: %w", err)
	}
	defer answers.Close()
	cmd.Stdin, cmd.Stdout = in, out
	err = cmd.Start()
	out.Close()
	if err != nil {
		orders.Close()
		return fmt.Errorf("postgrestest: %w", err)
	}
	if answer, _ := bufio.NewReader(answers).ReadString('\n'); answer != "ready\n" {
		log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
		orders.Close()
		cmd.Wait()
		return fmt.Errorf("postgrestest: the server doesn't start: %s", log)
	}
	c.keeper, c.orders = cmd, orders
	return nil
}

// DSN returns the connection string of a database; "postgres" is always there.
func (c *Cluster) DSN(database string) string {
	return "host=" + c.dir + " port=5432 user=postgres dbname=" + database
}

// Stop shuts the server down as an operator does: sessions end, the data are kept.
func (c *Cluster) Stop() error { return c.order("fast") }

// Kill ends the server without a word, as a crash does. What was committed is there
// after a Restart.
func (c *Cluster) Kill() error { return c.order("kill") }

func (c *Cluster) order(how string) error {
	if c.keeper == nil {
		return nil
	}
	_, err := c.orders.WriteString(how + "\n")
	err = errors.Join(err, c.orders.Close(), c.keeper.Wait())
	c.keeper, c.orders = nil, nil
	if err != nil {
		return fmt.Errorf("postgrestest: stopping the server: %w", err)
	}
	return nil
}

// Close ends the server and removes its files.
func (c *Cluster) Close() error {
	return errors.Join(c.order("immediate"), os.RemoveAll(c.dir))
}

// binaries returns the folder of the newest server on this machine.
func binaries() (string, error) {
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil && isServer(filepath.Dir(real)) {
			return filepath.Dir(real), nil
		}
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", "/usr/local/bin", "/usr/bin"} {
		found, _ := filepath.Glob(pattern)
		slices.Reverse(found)
		for _, dir := range found {
			if isServer(dir) {
				return dir, nil
			}
		}
	}
	return "", ErrNotInstalled
}

func isServer(dir string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
