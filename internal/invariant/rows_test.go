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

// Every row of the delivery contract has its place in docs/delivery-rows.md, and every test
// named there exists.
func TestRowsHaveTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/delivery-rows.md")
	require.NoError(t, err)
	named := regexp.MustCompile("([a-z/]+)? ?`(Test[A-Za-z0-9]+)`")
	rows, tests := map[string]bool{}, 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.Contains(cells[2], "`Test") {
			continue
		}
		row, room := strings.TrimSpace(cells[1]), ""
		rows[row] = true
		for _, m := range named.FindAllStringSubmatch(cells[2], -1) {
			if m[1] != "" && m[1] != "," {
				room = m[1]
			}
			require.True(t, exists(t, room, m[2]), "row %s: there is no %s in %s", row, m[2], room)
			tests++
		}
	}
	for kind, numbers := range map[string][]int{
		"R": upTo(1, 22), "C": {1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 14, 15, 16}, "N": append(upTo(3, 19), 1), "S": upTo(1, 11), "A": upTo(1, 10),
		"I": upTo(1, 6), "W": upTo(1, 10), "E": upTo(1, 4), "O": {1, 2},
	} {
		for _, n := range numbers {
			require.True(t, rows[fmt.Sprint(kind, n)], "row %s%d has no test", kind, n)
		}
	}
	t.Logf("rows=%d tests=%d", len(rows), tests)
}

func upTo(first, last int) (list []int) {
	for n := first; n <= last; n++ {
		list = append(list, n)
	}
	return list
}

func exists(t *testing.T, room, test string) bool {
	files, err := filepath.Glob(filepath.Join("../..", room, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(raw), "func "+test+"(") {
			return true
		}
	}
	return false
}
