package filelock_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/store/sqlite/filelock"
)

// holder is the environment variable that makes this test binary a process which
// holds the lock of the file it names until it is killed.
const holder = "CARILLON_TEST_LOCK_HOLDER"

func TestMain(m *testing.M) {
	if file := os.Getenv(holder); file != "" {
		if _, err := filelock.Lock(file); err != nil {
			panic(err)
		}
		fmt.Println("locked")
		select {}
	}
	os.Exit(m.Run())
}

func TestLockIsExclusive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.db")
	lock, err := filelock.Lock(file)
	require.NoError(t, err)
	_, err = filelock.Lock(file)
	require.ErrorIs(t, err, filelock.ErrInUse)
	other, err := filelock.Lock(file + "2")
	require.NoError(t, err)
	require.NoError(t, other.Close())
	require.NoError(t, lock.Close())
	lock, err = filelock.Lock(file)
	require.NoError(t, err, "after it was closed")
	require.NoError(t, lock.Close())
	require.NoFileExists(t, file)
}

// One file has one lock under all its names, before it is there and afterwards.
func TestLockFollowsLinks(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "real"), 0o700))
	file := filepath.Join(folder, "real", "host.db")
	require.NoError(t, os.Symlink("real", filepath.Join(folder, "linked")))
	require.NoError(t, os.Symlink(filepath.Join("linked", "host.db"), filepath.Join(folder, "name.db")))
	require.NoError(t, os.Symlink("name.db", filepath.Join(folder, "name of name.db")))
	require.NoError(t, os.Symlink("endless", filepath.Join(folder, "endless")))
	for range 2 {
		lock, err := filelock.Lock(filepath.Join(folder, "name of name.db"))
		require.NoError(t, err)
		for _, name := range []string{"real/host.db", "linked/host.db", "name.db", "real/../name.db"} {
			_, err := filelock.Lock(filepath.Join(folder, name))
			require.ErrorIs(t, err, filelock.ErrInUse, name)
		}
		require.NoError(t, lock.Close())
		require.NoError(t, os.WriteFile(file, nil, 0o600))
	}
	_, err := filelock.Lock(filepath.Join(folder, "endless"))
	require.Error(t, err)
	_, err = filelock.Lock(filepath.Join(folder, "absent", "host.db"))
	require.Error(t, err)
}

func TestLockNeedsAWritableFolder(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.Chmod(folder, 0o500))
	if os.Geteuid() == 0 { // whom permissions don't hold back: a lock that can't be made, then
		require.NoError(t, os.Mkdir(filepath.Join(folder, "host.db.lock"), 0o700))
	}
	_, err := filelock.Lock(filepath.Join(folder, "host.db"))
	require.ErrorContains(t, err, "must be writable")
	require.NotErrorIs(t, err, filelock.ErrInUse)
}

// A process that is killed leaves the file, and no lock.
func TestKilledProcessLeavesNoLock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "host.db")
	for range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), holder+"="+file)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "locked\n", line)
		_, err = filelock.Lock(file)
		require.ErrorIs(t, err, filelock.ErrInUse)
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		lock, err := filelock.Lock(file)
		require.NoError(t, err)
		require.NoError(t, lock.Close())
	}
}

func ExampleLock() {
	folder, err := os.MkdirTemp("", "carillon")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	lock, err := filelock.Lock(filepath.Join(folder, "host.db"))
	if err != nil {
		panic(err)
	}
	_, err = filelock.Lock(filepath.Join(folder, "host.db"))
	fmt.Println(err)
	fmt.Println(lock.Close())
	// Output:
	// filelock: the database file is in use already; close it there or use another file
	// <nil>
}
