package feed

import (
	"encoding/json"
	"sync"
	"time"
)

// Entry is one thing that happened.
type Entry struct {
	ID   int64           `json:"id"` // from 1, without gaps
	Kind string          `json:"kind"`
	At   time.Time       `json:"at"`
	Data json.RawMessage `json:"data"`
}

// Log keeps the newest entries. All methods may be called at the same time.
type Log struct {
	keep, most int

	mu      sync.Mutex
	entries []Entry // the last has the highest ID
	bytes   int     // of their Data
	last    int64
	changed chan struct{} // closed by the next Add
}

// New returns a Log that keeps as many entries as given, as long as all their data is not
// more than so many bytes; the newest is kept, whatever its size.
func New(keep, bytes int) *Log { return &Log{keep: keep, most: bytes, changed: make(chan struct{})} }

// Add appends what data is in JSON. What can't be JSON is a defect of the caller.
func (l *Log) Add(kind string, data any) {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.entries = append(l.entries, Entry{l.last, kind, time.Now(), raw})
	l.bytes += len(raw)
	for len(l.entries) > l.keep || l.bytes > l.most && len(l.entries) > 1 {
		l.bytes -= len(l.entries[0].Data)
		l.entries[0] = Entry{}
		l.entries = l.entries[1:]
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// Last returns the ID of the newest entry, 0 if there is none.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Since returns the entries behind the one of that ID. whole says that none between has
// been dropped, changed is closed when there are more. The entries must not be changed.
func (l *Log) Since(id int64) (entries []Entry, whole bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := l.last - int64(len(l.entries)) + 1
	if id > l.last || id < first-1 {
		return nil, false, l.changed
	}
	return l.entries[id-first+1:], true, l.changed
}
