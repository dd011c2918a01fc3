package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed requirements.txt
var requirementsText string

// requirement is one that the standard, or this project where the standard is silent, has.
type requirement struct {
	id, force, releases, source, text string

	verdict string // "in part", "not met" or "n.a."; "": met
	reason  string // of the verdict, or a note
}

// section is a heading and the requirements below it.
type section struct {
	title        string
	requirements []requirement
}

var (
	idForm = regexp.MustCompile(`^[A-Z]+(-[A-Z]+)?-[0-9]{2}$`)
	forces = map[string]bool{"SHALL": true, "SHOULD": true, "MAY": true, "SHALL NOT": true, "SHOULD NOT": true, "def": true, "open": true}
)

// parseRequirements reads the form that requirements.txt explains at its head.
func parseRequirements(text string) (sections []section, err error) {
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\n")
		fail := func(problem string) error { return fmt.Errorf("requirements.txt:%d: %s", number, problem) }
		switch {
		case line == "" || strings.HasPrefix(line, "# ") || line == "#":
		case strings.HasPrefix(line, "## "):
			sections = append(sections, section{title: line[3:]})
		case len(sections) == 0:
			return nil, fail("there is no section yet")
		case line[0] == ' ':
			list := sections[len(sections)-1].requirements
			if len(list) == 0 || list[len(list)-1].reason != "" {
				return nil, fail("a reason without its requirement")
			}
			r := &list[len(list)-1]
			verdict, reason, _ := strings.Cut(strings.TrimSpace(line), ": ")
			if !slices.Contains([]string{"in part", "not met", "n.a.", "note"}, verdict) || reason == "" {
				return nil, fail(`want "in part: ", "not met: ", "n.a.: " or "note: " and the reason`)
			}
			if r.reason = reason; verdict != "note" {
				r.verdict = verdict
			}
		default:
			cells := strings.Split(line, "|")
			if len(cells) != 5 {
				return nil, fail("want five cells")
			}
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			r := requirement{id: cells[0], force: cells[1], releases: cells[2], source: cells[3], text: cells[4]}
			if !idForm.MatchString(r.id) || !forces[r.force] || r.releases == "" || r.text == "" || seen[r.id] {
				return nil, fail("no requirement, or one that is there already")
			}
			seen[r.id] = true
			last := &sections[len(sections)-1]
			last.requirements = append(last.requirements, r)
		}
	}
	return sections, nil
}
