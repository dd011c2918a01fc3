package main

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading    = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	codeBlock  = regexp.MustCompile("(?s)```.*?```")
	testName   = regexp.MustCompile("`((?:Test|Fuzz|Benchmark|Example)[A-Z]\\w*)(?:/[^`]*)?`")
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)\(`)
	comment    = regexp.MustCompile(`(?m)//.*$`)
	bareName   = regexp.MustCompile(`(?:^|[ (])([a-z]+(?:-[a-z]+)*\.md)\b`)
	pageName   = regexp.MustCompile(`\bdocs/[a-z0-9/-]+\.(?:md|json|yaml)\b`)
)

// Every link of a page leads to a file, or to a heading, that is there; every test that a
// page names exists; and so does every page that a comment or another page names.
func TestLinksLeadSomewhere(t *testing.T) {
	module := os.DirFS(root)
	pages, sources, tests := map[string]string{}, map[string]string{}, map[string]bool{}
	require.NoError(t, fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains([]string{"testdata", "build", ".git", "node_modules"}, entry.Name()) {
			return fs.SkipDir
		}
		if kind := path.Ext(name); err == nil && !entry.IsDir() && (kind == ".md" || kind == ".go" || entry.Name() == "Makefile") {
			raw, err := fs.ReadFile(module, name)
			if err != nil {
				return err
			}
			if sources[name] = string(raw); kind == ".md" {
				pages[name] = string(raw)
			}
			for _, f := range testFunc.FindAllStringSubmatch(string(raw), -1) {
				tests[f[1]] = true
			}
		}
		return err
	}))
	links, named, dead := 0, 0, []string{}
	for name, text := range pages {
		for _, l := range linkTarget.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(l[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			links++
			where := name
			if target != "" {
				where = path.Join(path.Dir(name), target)
			}
			if _, err := fs.Stat(module, where); err != nil || anchor != "" && !slices.Contains(anchors(pages[where]), anchor) {
				dead = append(dead, name+" to "+l[1])
			}
		}
		for _, test := range testName.FindAllStringSubmatch(text, -1) {
			if named++; !tests[test[1]] {
				dead = append(dead, name+" to "+test[1])
			}
		}
	}
	for name, text := range sources {
		for _, page := range pageName.FindAllString(text, -1) {
			if named++; !there(module, name, page) {
				dead = append(dead, name+" to "+page)
			}
		}
		if !strings.HasSuffix(name, ".go") {
			continue
		}
		for _, line := range comment.FindAllString(text, -1) {
			for _, page := range bareName.FindAllStringSubmatch(line, -1) {
				if named++; !there(module, "docs/doc.go", page[1]) && !there(module, name, page[1]) {
					dead = append(dead, name+" to "+page[1])
				}
			}
		}
	}
	slices.Sort(dead)
	t.Logf("pages=%d links=%d tests and pages named=%d", len(pages), links, named)
	require.Empty(t, slices.Compact(dead), "these lead nowhere")
}

// there reports whether a page is in the module, or in the folder of what names it.
func there(module fs.FS, from, page string) bool {
	for _, where := range []string{page, path.Join(path.Dir(from), page)} {
		if _, err := fs.Stat(module, where); err == nil {
			return true
		}
	}
	return false
}

// anchors are those that headings of a page have on GitHub.
func anchors(text string) (list []string) {
	for _, h := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
				return r
			}
			return -1
		}, strings.ToLower(h[1])))
	}
	return list
}

// The README says what the page of requirements counts, and names every package that others
// import, every example and every page of docs.
func TestReadmeIsUpToDate(t *testing.T) {
	module := os.DirFS(root)
	read := func(name string) string {
		raw, err := fs.ReadFile(module, name)
		require.NoError(t, err)
		return string(raw)
	}
	readme := read("README.md")
	count := regexp.MustCompile(`\d+ requirements`).FindString(read("docs/conformance.md"))
	require.NotEmpty(t, count)
	require.Contains(t, readme, count)
	_, rooms, _ := strings.Cut(readme, "## The rooms")
	for _, folder := range public(t, module) {
		if strings.Count(folder, "/") < 2 { // what is inside of these they tell themselves
			require.Contains(t, rooms, path.Base(folder)+"/", folder)
		}
	}
	examples, err := fs.Glob(module, "examples/*")
	require.NoError(t, err)
	for _, example := range examples {
		require.Contains(t, rooms, path.Base(example)+"/")
	}
	pages, err := fs.Glob(module, "docs/*.md")
	require.NoError(t, err)
	for _, page := range pages {
		require.Contains(t, readme, page[len("docs/"):], page)
	}
}

func TestAnchors(t *testing.T) {
	require.Equal(t, []string{"upgrading", "sqlite-and-postgresql", "config-s-node"}, anchors("# Upgrading\n\n```\n# no heading\n```\n## SQLite and PostgreSQL!\n### Config-s `node`"))
}
