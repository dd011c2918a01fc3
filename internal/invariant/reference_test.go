package invariant_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	inRoom  = regexp.MustCompile("([a-z][a-z0-9/]*)? ?`((?:Test|Example)[A-Za-z0-9_]*)`")
	leading = regexp.MustCompile(`\[[^\]]*\]\(([^)#]+)\)`)
)

// Every feature of the reference implementation has its row in docs/reference-implementation.md, each
// with a test, Example, file or page that exists, or is plainly missing.
func TestReferenceRowsAreShown(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference-implementation.md")
	require.NoError(t, err)
	rows, missing, problems := referenceRows(t, string(page))
	require.Empty(t, problems)
	wanted := 0
	for kind, last := range map[string]int{"P": 32, "C": 12, "U": 16, "D": 5} {
		for n := range last {
			wanted++
			require.Equal(t, 1, rows[fmt.Sprint(kind, n+1)], "row %s%d", kind, n+1)
		}
	}
	require.Len(t, rows, wanted)
	t.Logf("rows=%d missing=%d", len(rows), missing)
}

// referenceRows counts the rows of a page and returns what is wrong with any.
func referenceRows(t *testing.T, page string) (rows map[string]int, missing int, problems []string) {
	rows = map[string]int{}
	for line := range strings.Lines(page) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !regexp.MustCompile(`^ [A-Z]\d+ $`).MatchString(cells[1]) {
			continue
		}
		row, room := strings.TrimSpace(cells[1]), ""
		rows[row]++
		shown := 0
		for _, m := range inRoom.FindAllStringSubmatch(cells[3], -1) {
			if m[1] != "" {
				room = m[1]
			}
			if shown++; !exists(t, room, m[2]) {
				problems = append(problems, fmt.Sprintf("%s: there is no %s in %q", row, m[2], room))
			}
		}
		for _, m := range leading.FindAllStringSubmatch(cells[3], -1) {
			if _, err := os.Stat(filepath.Join("../../docs", m[1])); err != nil {
				problems = append(problems, fmt.Sprintf("%s: there is no %s", row, m[1]))
			}
			shown++
		}
		switch {
		case strings.TrimSpace(cells[3]) == "missing":
			missing++
		case shown == 0:
			problems = append(problems, row+": nothing shows it, and it is not said to be missing")
		}
	}
	return rows, missing, problems
}

func TestReferenceRowsThatAreWrong(t *testing.T) {
	rows, missing, problems := referenceRows(t, strings.Join([]string{
		"| row | what | shown by | short of |",
		"|---|---|---|---|",
		"| P1 | fine | internal/invariant `TestRowsHaveTests`; [page](operating.md) | |",
		"| P2 | not there yet | missing | |",
		"| P3 | no such test | internal/invariant `TestRowsHaveTests`, `TestNothing` | |",
		"| P4 | in another package | internal/arrows `TestRowsHaveTests` | |",
		"| P5 | no such page | [page](nothing.md) | |",
		"| P6 | nothing | it is obvious | |",
	}, "\n"))
	require.Len(t, rows, 6)
	require.Equal(t, 1, missing)
	require.Len(t, problems, 4, problems)
}
