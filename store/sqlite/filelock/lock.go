// Package filelock makes a database file the own of one process, as store/sqlite needs
// it: what a Store remembers between a write and a delivery would be outdated by
// another process's. store/sqlite/modernc takes the lock when it opens a file. A host
// that opens its file with another driver takes it itself, before it does, and closes
// it after its *sql.DB:
//
//	lock, err := filelock.Lock("host.db")
//	defer lock.Close()
//	db, err := sql.Open("sqlite3", "host.db")
//	defer db.Close()
package filelock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// ErrInUse means that another process, or another part of this one, has the file
// open. End it, close its *sql.DB, or give this one a file of its own; several
// processes on one database are what store/postgres is for.
var ErrInUse = errors.New("filelock: the database file is in use already; close it there or use another file")

// Lock claims a database file, which need not be there yet, until the lock is closed
// or the process ends, however it ends. It does not wait, and fails with ErrInUse if
// someone else has the file.
//
// What is locked is an empty file beside the database, with its name and ".lock",
// which stays there. Its folder must be writable, as it must for SQLite's journal.
// Symbolic links to the database lead to the same lock; hard links don't.
func Lock(file string) (io.Closer, error) {
	path, err := resolve(file)
	if err != nil {
		return nil, fmt.Errorf("filelock: %w", err)
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("filelock: the folder of the database must be writable: %w", err)
	}
	if !locked {
		return nil, ErrInUse
	}
	return lock, nil
}

// resolve returns the path that all names of a file have in common, be it there or
// only to be created.
func resolve(file string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return real, err
		}
		folder, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", err
		}
		path = filepath.Join(folder, filepath.Base(path))
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, and nothing there yet
		}
		if path = target; !filepath.IsAbs(target) {
			path = filepath.Join(folder, target)
		}
	}
}
