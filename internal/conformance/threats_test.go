package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// threats are what docs/threats.md must speak of, by a word of its first column.
var threats = []string{
	"SSRF", "DNS rebinding", "redirect", "decompression bomb", "slow endpoint", "slow reader", "header injection", "secrets at rest", "in logs", "log injection",
	"across tenants", "by counts", "by content", "revocation", "takeover", "hostile expressions", "hostile JSON", "hostile criteria", "hostile Subscriptions",
	"third party", "token theft", "replay", "another origin", "mail to strangers", "the console", "DoS", "supply chain",
}

// Every threat has its defence, in files that exist, and its tests, which exist.
func TestThreats(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "threats.md"))
	require.NoError(t, err)
	found, err := collect(os.DirFS(root))
	require.NoError(t, err)
	table, fuzzing, ok := strings.Cut(string(text), "## Fuzz targets")
	require.True(t, ok)
	var spoken []string
	rows, count := 0, 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || strings.Contains(line, "---") || strings.Contains(cells[0], "threat") && rows == 0 {
			continue
		}
		rows++
		spoken = append(spoken, cells[0])
		links := link.FindAllStringSubmatch(cells[2], -1)
		require.NotEmpty(t, links, cells[0])
		for _, l := range links {
			require.FileExists(t, filepath.Join(root, "docs", l[1]), cells[0])
		}
		tests := namesIn(cells[3])
		require.NotEmpty(t, tests, cells[0])
		for _, test := range tests {
			_, ok := found[test]
			require.True(t, ok, "%s: there is no %s in %s", cells[0], test.name, test.folder)
		}
		count += len(tests)
		t.Logf("%s:%s", strings.TrimSpace(cells[0]), cells[3])
	}
	for _, threat := range threats {
		require.True(t, slices.ContainsFunc(spoken, func(s string) bool { return strings.Contains(s, threat) }), "nothing is said of %s", threat)
	}
	var want, got []string
	for test := range found {
		if strings.HasPrefix(test.name, "Fuzz") {
			want = append(want, test.folder+" "+test.name)
		}
	}
	for line := range strings.Lines(fuzzing) {
		cells := strings.Split(line, "|")
		if len(cells) > 3 {
			for _, m := range name.FindAllStringSubmatch(cells[2], -1) {
				got = append(got, strings.TrimSpace(cells[1])+" "+m[1])
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, want, got, "the list of fuzz targets")
	t.Logf("threats=%d tests=%d fuzz=%d", rows, count, len(got))
}

var (
	link = regexp.MustCompile(`\]\(([^)#]+)`)
	name = regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Za-z0-9_]*)`")
)

// namesIn reads the form of where: folders, each before its tests.
func namesIn(cell string) (list []named) {
	for part := range strings.SplitSeq(cell, ";") {
		folder, _, _ := strings.Cut(strings.TrimSpace(part), " ")
		for _, m := range name.FindAllStringSubmatch(part, -1) {
			list = append(list, named{folder, m[1]})
		}
	}
	return list
}
