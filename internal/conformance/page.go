package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// page renders docs/conformance.md, or says what is wrong with the annotations and the
// reasons, all at once.
func page(sections []section, found tests) (string, error) {
	by := map[string][]named{}
	for _, test := range slices.SortedFunc(maps.Keys(found), func(a, b named) int {
		return cmp.Or(cmp.Compare(a.folder, b.folder), cmp.Compare(a.name, b.name))
	}) {
		for _, id := range found[test] {
			by[id] = append(by[id], test)
		}
	}
	var wrong []error
	var tables strings.Builder
	counts := map[string]int{}
	for _, s := range sections {
		fmt.Fprintf(&tables, "\n## %s\n\n| id | for | requirement | | tests |\n|---|---|---|---|---|\n", s.title)
		for _, r := range s.requirements {
			switch tested, partly := by[r.id] != nil, r.verdict == "in part"; {
			case tested && r.verdict != "" && !partly:
				wrong = append(wrong, fmt.Errorf("%s: %s, but %s asserts it", r.id, r.verdict, by[r.id][0].name))
			case !tested && (r.verdict == "" || partly):
				wrong = append(wrong, fmt.Errorf("%s: no test asserts it, and no reason is given", r.id))
			}
			verdict, told := cmp.Or(r.verdict, "met"), r.text
			counts[verdict]++
			if r.reason != "" {
				told += " *" + r.reason + "*"
			}
			fmt.Fprintf(&tables, "| %s | %s | %s | %s | %s |\n", r.id, r.releases, demand(r)+told, verdict, where(by[r.id]))
			delete(by, r.id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(by)) {
		wrong = append(wrong, fmt.Errorf("%s in %s: there is no such requirement", id, by[id][0].name))
	}
	head := fmt.Sprintf(introduction, counts["met"]+counts["in part"]+counts["not met"]+counts["n.a."], counts["met"], counts["in part"], counts["not met"], counts["n.a."])
	return head + tables.String(), errors.Join(wrong...)
}

// demand is how binding a requirement is, and where it stands.
func demand(r requirement) string {
	force := map[string]string{"def": "", "open": "choice"}
	f, ok := force[r.force]
	if !ok {
		f = r.force
	}
	text := strings.Join(slices.DeleteFunc([]string{f, r.source}, func(s string) bool { return s == "" }), ", ")
	if text == "" {
		return ""
	}
	return "(" + text + ") "
}

// where lists tests by their folders.
func where(list []named) string {
	var text, folder string
	for _, test := range list {
		switch {
		case test.folder != folder && folder != "":
			text += "; " + test.folder + " "
		case test.folder != folder:
			text += test.folder + " "
		default:
			text += ", "
		}
		folder = test.folder
		text += "`" + test.name + "`"
	}
	return text
}

const introduction = `# What the standard asks, and what is met

Made by ` + "`make conformance`" + ` from [the requirements](../internal/conformance/requirements.txt) and from
comments in the tests. Do not edit; a test fails when it is out of date.

%d requirements: %d met, %d met in part, %d not met, %d not applicable. "Met" means that the tests named assert it; each of them can be run
by ` + "`go test -run NAME ./PACKAGE`" + `. R4 and R4B stand for the Subscriptions R5 Backport guide (STU 1.1, with what the 1.2
ballot adds) on that release, classic for Subscriptions with query criteria. "Choice" marks what the sources leave
open, and says what was chosen. The delivery contract has [a page of its own](delivery-rows.md).
`
