package bare

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/notification"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
)

func change(patient int) []byte {
	return fmt.Appendf(nil, `{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/p%d"}}`, patient)
}

// watched is a Log that knows what is in it.
type watched struct {
	Log
	mu   sync.Mutex
	held map[int64]bool
}

func (w *watched) Commit(ctx context.Context, added, done []*Event) error {
	if err := w.Log.Commit(ctx, added, done); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range added {
		w.held[e.ID] = true
	}
	for _, e := range done {
		delete(w.held, e.ID)
	}
	return nil
}

// TestAnHonestCeiling: what a ceiling leaves out makes it too high. So each change is
// recorded before Change returns, is posted once, and its acknowledgement is recorded,
// too.
func TestAnHonestCeiling(t *testing.T) {
	logs := map[string]func(t *testing.T) (Log, func() int){
		"memory": func(*testing.T) (Log, func() int) {
			m := new(Memory)
			return m, func() int { return len(m.events) }
		},
		"sqlite": func(t *testing.T) (Log, func() int) {
			db, err := modernc.Open(filepath.Join(t.TempDir(), "bare.db"))
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			log, err := NewSQLite(db)
			require.NoError(t, err)
			return log, func() (n int) {
				require.NoError(t, db.QueryRow(`SELECT count(*) FROM bare_delivery`).Scan(&n))
				return n
			}
		},
		"postgres": func(t *testing.T) (Log, func() int) {
			pool, err := pgxpool.New(t.Context(), postgrestest.DSN(t))
			require.NoError(t, err)
			t.Cleanup(pool.Close)
			log, err := NewPostgres(t.Context(), pool)
			require.NoError(t, err)
			return log, func() (n int) {
				require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM bare_delivery`).Scan(&n))
				return n
			}
		},
	}
	for name, open := range logs {
		t.Run(name, func(t *testing.T) {
			var posts atomic.Int64
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				n, parseErr := notification.Parse(body)
				if err == nil && parseErr == nil && len(n.Events) == 1 && strings.Contains(string(n.Events[0].Focus.Resource), "Patient/p") {
					posts.Add(1)
				}
			}))
			defer receiver.Close()
			log, left := open(t)
			w := &watched{Log: log, held: map[int64]bool{}}
			p := Start(w, 10, []string{receiver.URL}, 4)
			const changes = 200
			var acknowledged sync.WaitGroup
			acknowledged.Add(changes)
			var calls sync.WaitGroup
			for i := range changes {
				calls.Go(func() {
					if err := p.Change(change(i%10), acknowledged.Done); err != nil {
						t.Error(err)
					}
				})
			}
			calls.Wait()
			acknowledged.Wait()
			require.NoError(t, p.Close())
			require.Equal(t, int64(changes), posts.Load())
			require.Empty(t, w.held)
			require.Zero(t, left())
			require.NoError(t, log.Close())
		})
	}
}

func TestAChangeIsRecordedBeforeItIsPosted(t *testing.T) {
	w := &watched{Log: new(Memory), held: map[int64]bool{}}
	held := make(chan int, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		held <- len(w.held)
	}))
	defer receiver.Close()
	p := Start(w, 1, []string{receiver.URL}, 1)
	done := make(chan struct{})
	require.NoError(t, p.Change(change(0), func() { close(done) }))
	<-done
	require.Equal(t, 1, <-held)
	require.NoError(t, p.Close())
}

func TestRefusedChanges(t *testing.T) {
	p := Start(new(Memory), 1, nil, 1)
	require.Error(t, p.Change([]byte(`{`), nil))
	require.Error(t, p.Change(change(7), nil), "nobody is told")
	require.NoError(t, p.Close())
}

func TestTheBundleIsANotification(t *testing.T) {
	raw := AppendBundle(nil, &Event{ID: 3, Subscriber: 2, Number: 7, Resource: change(1)})
	_, err := fhirpath.Parse(raw)
	require.NoError(t, err)
	n, err := notification.Parse(raw)
	require.NoError(t, err)
	require.Equal(t, notification.EventNotification, n.Type)
	require.Equal(t, int64(7), n.Events[0].Number)
	require.JSONEq(t, string(change(1)), string(n.Events[0].Focus.Resource))
}

func TestRows(t *testing.T) {
	db, err := modernc.Open(filepath.Join(t.TempDir(), "bare.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	keys := make([]int64, 2500)
	for i := range keys {
		keys[i] = int64(i)
	}
	for round := range int64(2) {
		require.NoError(t, SQLiteRows(t.Context(), db, round, keys))
	}
	var n int
	require.NoError(t, db.QueryRow(`SELECT count(*) FROM bare_row`).Scan(&n))
	require.Equal(t, 2*len(keys), n)
}
