package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/subscription"
)

func TestMain(m *testing.M) {
	if of := os.Getenv(audienceOf); of != "" { // measureFanout's clients
		if err := listen(of); err != nil {
			log.Fatal(err)
		}
		return
	}
	os.Exit(m.Run())
}

func TestChoose(t *testing.T) {
	all, err := choose("")
	require.NoError(t, err)
	require.Len(t, all, len(pieces))
	some, err := choose("match,hook")
	require.NoError(t, err)
	require.Equal(t, []string{"match", "hook"}, []string{some[0].name, some[1].name})
	_, err = choose("hook,nothing")
	require.ErrorContains(t, err, `"nothing"`)
}

// TestPieces runs what is measured with sizes that say nothing: what matters is that it
// still can be measured. match and rest take too long.
func TestPieces(t *testing.T) {
	if testing.Short() {
		t.Skip("left out: -short measures nothing; make test and make bench do")
	}
	for _, p := range pieces {
		if slices.Contains([]string{"match", "rest"}, p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			r, err := p.measure(options{quick: true})
			if errors.Is(err, postgrestest.ErrNotInstalled) {
				t.Skip(err)
			}
			require.NoError(t, err)
			require.NotEmpty(t, r.Rows)
			for _, row := range r.Rows {
				require.NotEmpty(t, row.Ours, row.What)
				require.Equal(t, row.Budget != "", row.Verdict != "", "%s: what has a budget has a verdict, and nothing else", row.What)
			}
			_, err = json.Marshal(r) // no figure is NaN
			require.NoError(t, err)
			for _, c := range r.Charts {
				require.NotContains(t, string(c.SVG()), "NaN")
			}
		})
	}
}

// TestPagesAreMadeFromResults: of the pages in the repository, with their markers.
func TestPagesAreMadeFromResults(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "docs", "bench"), 0o755))
	for _, page := range []string{"README.md", "docs/bench/README.md"} {
		raw, err := os.ReadFile(filepath.Join("../..", page))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(root, page), raw, 0o644))
	}
	require.NoError(t, write(root, report.Results{{Piece: "hook", Rows: []report.Row{
		{What: "a row that is nowhere else", Ours: "1", Budget: "2", Verdict: report.Met, Headline: true},
		{What: "one that only the long table has", Ours: "1"},
	}}}))
	for page, want := range map[string][]bool{"README.md": {true, false}, "docs/bench/README.md": {true, true}} {
		raw, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		require.Equal(t, want, []bool{strings.Contains(string(raw), "a row that is nowhere else"), strings.Contains(string(raw), "only the long table")}, page)
		require.Contains(t, string(raw), "1 budgets are met, 0 are not.")
	}
}

// TestCommittedPagesAreOfTheCommittedResults: nobody has typed into them.
func TestCommittedPagesAreOfTheCommittedResults(t *testing.T) {
	results, err := report.Read("../../docs/bench/results.json")
	require.NoError(t, err)
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "docs", "bench"), 0o755))
	pages := []string{"README.md", "docs/bench/README.md"}
	for _, c := range results.Charts() {
		pages = append(pages, "docs/bench/"+c.File)
	}
	committed := map[string][]byte{}
	for _, page := range pages {
		raw, err := os.ReadFile(filepath.Join("../..", page))
		require.NoError(t, err)
		committed[page] = raw
		require.NoError(t, os.WriteFile(filepath.Join(root, page), raw, 0o644))
	}
	require.NoError(t, write(root, results))
	for _, page := range pages {
		made, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		require.True(t, bytes.Equal(committed[page], made), "%s is not what go run ./internal/bench -render makes of results.json", page)
	}
}

func TestStampsAgree(t *testing.T) {
	original := []byte(`{"id":"abc-1","a":"Patient/p0","b":"http://127.0.0.1:80/x","c":["Subscription/abc-1"]}`)
	require.JSONEq(t, `{"id":"s70","a":"Patient/p70","b":"http://127.0.0.7:80/x","c":["Subscription/s70"]}`, string(stamp(original, "abc-1", 70)))
	db, err := openSQLite()
	require.NoError(t, err)
	defer db.close()
	a, err := newAudience()
	require.NoError(t, err)
	defer a.server.Close()
	require.NoError(t, subscribe(t.Context(), db, 100, a.urls[0], ""))
	store, err := db.store(nil)
	require.NoError(t, err)
	all, err := store.ListSubscriptions(t.Context(), subscription.ListQuery{AllTenants: true, Limit: 1000})
	require.NoError(t, err)
	require.Len(t, all, 100)
	for i, r := range all[1:] {
		require.Equal(t, int64(i+2), r.Key)
		require.Equal(t, string(stamp(all[0].Resource, all[0].ID, i+1)), string(r.Resource))
		require.Equal(t, string(stamp(all[0].Sequenced, all[0].ID, i+1)), string(r.Sequenced))
		require.Equal(t, subscription.StatusActive, r.Status)
	}
}

// TestSubscribersAreThoseOfTheReceivers: n receivers get what changes of their
// subscribers are.
func TestSubscribersAreThoseOfTheReceivers(t *testing.T) {
	for _, n := range measuredReceivers {
		l := load{subscriptions: 100_000, receivers: n}
		seen := map[int]int{}
		for i := range 6400 {
			seen[l.subscriber(i)%receivers]++
		}
		require.Len(t, seen, n)
		for of, count := range seen {
			require.Less(t, of, n)
			require.Equal(t, 6400/n, count)
		}
	}
}

func TestFinishes(t *testing.T) {
	f := newFinishes(2)
	var done []int
	for i := range 3 {
		f.expect(1, func() { done = append(done, i) })
	}
	f.finished(subscription.Outcome{Key: 2, Cursor: 1})
	require.Equal(t, []int{0}, done)
	f.finished(subscription.Outcome{Key: 2, Cursor: 1}) // a heartbeat
	f.finished(subscription.Outcome{Key: 1, Cursor: 5}) // another's
	require.Equal(t, []int{0}, done)
	f.finished(subscription.Outcome{Key: 2, Cursor: 3})
	require.Equal(t, []int{0, 1, 2}, done)
	failed := errors.New("no")
	require.Equal(t, failed, f.after(failed, subscription.Outcome{Key: 2, Cursor: 9}))
}

func TestTurnsAndMedians(t *testing.T) {
	var order []string
	op := func(name string) *operation {
		return &operation{run: func() error { order = append(order, name); time.Sleep(10 * time.Microsecond); return nil }}
	}
	a, b := op("a"), op("b")
	require.NoError(t, takeTurnsAt(3, time.Millisecond, a, b))
	require.Len(t, a.times, 3)
	require.Len(t, b.allocs, 3)
	require.GreaterOrEqual(t, a.time(), 10e-6)
	order = slices.Compact(order)
	require.Equal(t, []string{"a", "b", "a", "b", "a", "b"}, order[len(order)-6:])
	failed := errors.New("no")
	require.Equal(t, failed, takeTurnsAt(1, time.Millisecond, &operation{run: func() error { return failed }}))
}
