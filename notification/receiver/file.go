package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// File is Positions in a JSON file, for one process: {"id":number, ...}. It is for a
// handful of subscriptions, since each Save writes all of it: to a new file, which is
// forced to disk and then takes the old one's place.
type File struct {
	path    string
	mu      sync.Mutex
	numbers map[string]int64
}

// OpenFile reads the file, if it is there.
func OpenFile(path string) (*File, error) {
	f := &File{path: path, numbers: map[string]int64{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &f.numbers)
	}
	if err != nil {
		return nil, fmt.Errorf("receiver: positions can't be read: %w", err)
	}
	return f, nil
}

// Load implements Positions.
func (f *File) Load(_ context.Context, subscription string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.numbers[subscription], nil
}

// Save implements Positions.
func (f *File) Save(_ context.Context, subscription string, number int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	numbers := maps.Clone(f.numbers)
	numbers[subscription] = number
	raw, err := json.Marshal(numbers)
	if err != nil {
		return err
	}
	if err := replace(f.path, append(raw, '\n')); err != nil {
		return fmt.Errorf("receiver: positions can't be written: %w", err)
	}
	f.numbers = numbers
	return nil
}

// replace puts a file in the place of another so that a crash, or a loss of power, leaves
// the one or the other whole.
func replace(path string, content []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
