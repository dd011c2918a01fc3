package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// victim is the environment variable that makes this test binary a process that
// appends to the file it names until it is killed.
const victim = "CARILLON_TEST_VICTIM"

func TestMain(m *testing.M) {
	if file := os.Getenv(victim); file != "" {
		appendForever(file)
	}
	goleak.VerifyTestMain(m)
}

// appendForever prints the id of each change after it was appended. Half of its
// writers are a host's transactions.
func appendForever(file string) {
	db, err := modernc.Open(file)
	if err != nil {
		panic(err)
	}
	store := sqlite.New(db, sqlite.Config{})
	if err := store.Migrate(context.Background()); err != nil {
		panic(err)
	}
	var mu sync.Mutex
	for writer := range 8 {
		go func() {
			for i := 0; ; i++ {
				c := sample(i)
				c.ResourceID = fmt.Sprintf("%d-%d-%d", os.Getpid(), writer, i)
				write := appendInTransaction
				if writer%2 == 0 {
					write = appendAlone
				}
				if err := write(host{store, db, file}, c); err != nil {
					panic(err)
				}
				mu.Lock()
				fmt.Println(c.ResourceID)
				mu.Unlock()
			}
		}()
	}
	select {}
}

func appendAlone(h host, c subscription.Change) error {
	return h.Append(context.Background(), []subscription.Change{c})
}

func appendInTransaction(h host, c subscription.Change) error {
	tx, err := h.db.Begin()
	if err != nil {
		return err
	}
	if err := h.Tx(tx).Append(context.Background(), []subscription.Change{c}); err != nil {
		return err
	}
	return tx.Commit()
}

// What a process has acknowledged is there after it was killed with SIGKILL, and
// a reader with a cursor has missed nothing of it.
func TestKilledProcessLosesNothing(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	file := filepath.Join(t.TempDir(), "killed.db")
	acknowledged, cursor := 0, int64(0)
	seen := map[string]bool{}
	for round := range rounds {
		ids := killAfter(t, file, 1+round*round)
		h := open(t, file)
		for {
			page, err := h.ReadChanges(t.Context(), cursor, 1000)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			for _, c := range page {
				require.Greater(t, c.Position, cursor)
				require.False(t, seen[c.ResourceID], "appended twice")
				seen[c.ResourceID], cursor = true, c.Position
			}
		}
		for _, id := range ids {
			require.True(t, seen[id], "round %d: an acknowledged change is lost", round)
		}
		acknowledged += len(ids)
		require.NoError(t, h.db.Close())
	}
	t.Logf("C2 kills=%d acknowledged=%d lost=0 unacknowledged=%d", rounds, acknowledged, len(seen)-acknowledged)
}

// killAfter runs a victim, kills it when it has acknowledged n changes, and returns
// what it acknowledged until it was dead.
func killAfter(t *testing.T, file string, n int) []string {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victim+"="+file)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var ids []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break // a line that was cut off isn't an acknowledgement
		}
		ids = append(ids, line[:len(line)-1])
		if len(ids) == n {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait())
	require.GreaterOrEqual(t, len(ids), n, "the process ended by itself, "+strconv.Itoa(len(ids)))
	return ids
}
