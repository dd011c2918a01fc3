package report

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/bench/chart"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		sample Sample
		want   float64
	}{
		{nil, 0}, {Sample{3}, 3}, {Sample{9, 1}, 5}, {Sample{100, 1, 2}, 2}, {Sample{4, 1, 3, 2}, 2.5},
	} {
		before := append(Sample(nil), test.sample...)
		require.Equal(t, test.want, test.sample.Median())
		require.Equal(t, before, test.sample, "the order of the runs is kept, for Over")
	}
}

func TestRatiosAreOfTheSameRun(t *testing.T) {
	// A busy moment makes both slow: the ratio does not tell.
	require.Equal(t, Sample{2, 2, 2}, Sample{2, 20, 4}.Over(Sample{1, 10, 2}))
	require.Equal(t, Sample{2}, Sample{2, 3}.Over(Sample{1}), "a run without its ceiling counts for nothing")
	require.Equal(t, "×2.00 (1.00–3.00, 3 runs)", Sample{3, 1, 2}.Ratio())
	require.Equal(t, "×1.50", Sample{1.5}.Ratio())
	require.Empty(t, Sample{}.Ratio())
}

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i) // 1 to 100, in disorder
	}
	require.Equal(t, time.Duration(50), Quantile(hundred, 0.5))
	require.Equal(t, time.Duration(99), Quantile(hundred, 0.99))
	require.Equal(t, time.Duration(100), Quantile(hundred, 0.999))
	require.Equal(t, time.Duration(100), Quantile(hundred, 1))
	require.Equal(t, time.Duration(1), Quantile(hundred, 0))
	require.Zero(t, Quantile(nil, 0.5))
}

func TestFigures(t *testing.T) {
	for want, got := range map[string]string{
		"53.0 ns": Seconds(53e-9), "8.42 µs": Seconds(8.416e-6), "135 ms": Seconds(0.135), "1.00 s": Seconds(1), "0 ns": Seconds(0), "100 ns": Seconds(99.96e-9),
		"139 B": Bytes(139), "1.20 KB": Bytes(1200), "225 MB": Bytes(225e6), "3.00 TB": Bytes(3e12),
		"4,929/s": PerSecond(4929.4), "1,000,000": Count(1e6), "50": Count(50), "0.50": Count(0.5), "999.6 → 1,000": "999.6 → " + Count(1000),
	} {
		require.Equal(t, want, got)
	}
}

func TestVerdict(t *testing.T) {
	require.Equal(t, Met, Judge(true, true))
	require.Equal(t, NotMet, Judge(true, false))
}

var sample = Results{
	{Piece: "hook", Order: 0, Rows: []Row{
		{What: "hook, a|b", Ours: "53 ns", Ceiling: "10 ns", Ratio: "×5.30", Budget: "< 100 ns", Verdict: Met, Headline: true},
		{What: "parse", Ours: "3 µs"},
	}, Figures: map[string]float64{"hook.seconds": 53e-9},
		Charts: []chart.Chart{{File: "m.svg", Title: "t", Series: []chart.Series{{Name: "a"}}}}},
	{Piece: "match", Order: 1, Machine: Machine{Day: "2026-02-03", Cores: 2, Processor: "P", System: "linux 6", Go: "go1.26", Others: 0.021, PostgreSQL: "15.1", Seconds: 4.4, Quick: true},
		Rows:   []Row{{What: "match", Ours: "9 µs", Budget: "≤ 1", Verdict: NotMet, Headline: true}},
		Charts: []chart.Chart{{File: "m.svg", Series: []chart.Series{{Name: "b"}}}}},
	{Piece: "broken", Order: 2, Failed: "it\nfell"},
}

func TestTable(t *testing.T) {
	const head = "| what | measured | ceiling in the same run | ratio | budget | |\n|---|---|---|---|---|---|\n"
	require.Equal(t, head+
		"| hook, a\\|b | 53 ns | 10 ns | ×5.30 | < 100 ns | met |\n"+
		"| parse | 3 µs |  |  |  |  |\n"+
		"| match | 9 µs |  |  | ≤ 1 | **not met** |\n"+
		"| broken | failed: it fell | | | | |\n", sample.Table(false))
	require.Equal(t, head+
		"| hook, a\\|b | 53 ns | 10 ns | ×5.30 | < 100 ns | met |\n"+
		"| match | 9 µs |  |  | ≤ 1 | **not met** |\n", sample.Table(true))
	met, notMet := sample.Score()
	require.Equal(t, []int{1, 1}, []int{met, notMet})
	require.Contains(t, sample.Machines(), "| match (quick: sizes that say nothing) | 2026-02-03 |  | 2 cores, P, linux 6 | go1.26, PostgreSQL 15.1 | 2 % | 4 s |\n")
}

func TestResultsComeBackAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	none, err := Read(path)
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, sample.Write(path))
	read, err := Read(path)
	require.NoError(t, err)
	require.Equal(t, sample, read)
}

// TestOnePieceAgain: the others' figures stay, its own from before do not, even if it
// fails now.
func TestOnePieceAgain(t *testing.T) {
	again := sample.With(Result{Piece: "hook", Order: 0, Failed: "no"})
	require.Equal(t, []string{"hook", "match", "broken"}, []string{again[0].Piece, again[1].Piece, again[2].Piece})
	require.Empty(t, again[0].Rows)
	require.Len(t, sample[0].Rows, 2)
	_, found := again.Figure("hook.seconds")
	require.False(t, found)
	figure, found := sample.Figure("hook.seconds")
	require.True(t, found)
	require.Equal(t, 53e-9, figure)
}

func TestPiecesDrawIntoOnePicture(t *testing.T) {
	charts := sample.Charts()
	require.Len(t, charts, 1)
	require.Equal(t, []chart.Series{{Name: "a"}, {Name: "b"}}, charts[0].Series)
	require.Len(t, sample[0].Charts[0].Series, 1, "what was measured is not changed")
}

func TestReplace(t *testing.T) {
	page := "before\n<!-- bench: made -->\nold\n<!-- /bench -->\nafter <!-- table: x -->\n<!-- /table -->"
	got, err := Replace(page, "bench", "new\n")
	require.NoError(t, err)
	require.Equal(t, strings.Replace(page, "old", "new", 1), got)
	again, err := Replace(got, "bench", "new\n")
	require.NoError(t, err)
	require.Equal(t, got, again)
	for _, broken := range []string{"", "<!-- bench: made -->\n", "<!-- /bench -->", "<!-- bench: made\n<!-- /bench -->"} {
		_, err := Replace(broken, "bench", "new")
		require.Error(t, err, broken)
	}
}
