package report

import (
	"fmt"
	"strings"
)

// Table writes the rows of all pieces, or their headlines, as Markdown.
func (rs Results) Table(headlines bool) string {
	var b strings.Builder
	b.WriteString("| what | measured | ceiling in the same run | ratio | budget | |\n|---|---|---|---|---|---|\n")
	for _, r := range rs {
		if r.Failed != "" && !headlines {
			fmt.Fprintf(&b, "| %s | failed: %s | | | | |\n", r.Piece, cell(r.Failed))
		}
		for _, row := range r.Rows {
			if headlines && !row.Headline {
				continue
			}
			verdict := string(row.Verdict)
			if row.Verdict == NotMet {
				verdict = "**not met**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", cell(row.What), cell(row.Ours), cell(row.Ceiling), cell(row.Ratio), cell(row.Budget), verdict)
		}
	}
	return b.String()
}

// Score counts the verdicts.
func (rs Results) Score() (met, notMet int) {
	for _, r := range rs {
		for _, row := range r.Rows {
			switch row.Verdict {
			case Met:
				met++
			case NotMet:
				notMet++
			}
		}
	}
	return met, notMet
}

// Machines writes when and where each piece was measured, as Markdown.
func (rs Results) Machines() string {
	var b strings.Builder
	b.WriteString("| piece | day | commit | machine | versions | used by others before | took |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rs {
		m := r.Machine
		versions := m.Go
		if m.PostgreSQL != "" {
			versions += ", PostgreSQL " + m.PostgreSQL
		}
		name := r.Piece
		if m.Quick {
			name += " (quick: sizes that say nothing)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.0f %% | %.0f s |\n", name, m.Day, m.Commit,
			cell(fmt.Sprintf("%d cores, %s, %s", m.Cores, m.Processor, m.System)), cell(versions), 100*m.Others, m.Seconds)
	}
	return b.String()
}

// cell keeps a text from ending its cell.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}

// Replace puts new text between the markers <!-- name: ... --> and <!-- /name --> of a
// page.
func Replace(page, name, text string) (string, error) {
	open := strings.Index(page, "<!-- "+name+":")
	if open < 0 {
		return "", fmt.Errorf("report: the page has no marker %q", name)
	}
	length := strings.Index(page[open:], "-->\n")
	closing := "<!-- /" + name + " -->"
	rest := strings.Index(page[open:], closing)
	if length < 0 || rest < length {
		return "", fmt.Errorf("report: the marker %q has no end", name)
	}
	return page[:open+length+len("-->\n")] + text + page[open+rest:], nil
}
