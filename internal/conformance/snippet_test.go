package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Go in a guide stands in a file that is compiled, word for word: the comment before it says
// in which.
func TestSnippetsAreCompiled(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	count := 0
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, problem := range snippets(string(text), &count) {
			t.Errorf("%s: %s", page, problem)
		}
	}
	t.Logf("pages=%d snippets=%d", len(pages)+1, count)
	require.GreaterOrEqual(t, count, 12)
}

var fence = regexp.MustCompile("(?s)(?:<!-- ([^\n]*) -->\n)?```go\n(.*?)```")

// snippets counts the blocks of Go in a page and returns what is wrong with them.
func snippets(page string, count *int) (problems []string) {
	for _, m := range fence.FindAllStringSubmatch(page, -1) {
		*count++
		first, _, _ := strings.Cut(m[2], "\n")
		if m[1] == "" {
			problems = append(problems, fmt.Sprintf("%q: no comment says where it is compiled", first))
			continue
		}
		source, err := os.ReadFile(filepath.Join(root, m[1]))
		if err != nil || !strings.HasSuffix(m[1], ".go") {
			problems = append(problems, fmt.Sprintf("%q: there is no %s", first, m[1]))
		} else if !strings.Contains("\n"+flush(string(source)), "\n"+flush(m[2])) {
			problems = append(problems, fmt.Sprintf("%q: is not in %s", first, m[1]))
		}
	}
	return problems
}

// flush takes indentation away, and what gofmt aligns comments with.
func flush(code string) string {
	var out strings.Builder
	for line := range strings.Lines(code) {
		out.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return out.String()
}

func TestSnippetsThatAreWrong(t *testing.T) {
	count := 0
	block := func(where, code string) string { return where + "```go\n" + code + "```\n" }
	require.Empty(t, snippets(block("<!-- internal/conformance/page.go -->\n", "  package main\n\n"), &count))
	require.Contains(t, snippets(block("", "package main\n"), &count)[0], "no comment")
	require.Contains(t, snippets(block("<!-- internal/nowhere.go -->\n", "package main\n"), &count)[0], "there is no")
	require.Contains(t, snippets(block("<!-- internal/conformance/page.go -->\n", "package other\n"), &count)[0], "is not in")
	require.Contains(t, snippets(block("<!-- internal/conformance/page.go -->\n", "ackage main\n"), &count)[0], "is not in")
	require.Equal(t, 5, count)
}
