package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/carillon-fhir/carillon/internal/bench/chart"
)

// Verdict says whether a row keeps to its budget.
type Verdict string

// The verdicts; a row without a budget has none.
const (
	Met    Verdict = "met"
	NotMet Verdict = "not met"
)

// Judge is Met if all conditions hold.
func Judge(conditions ...bool) Verdict {
	if slices.Contains(conditions, false) {
		return NotMet
	}
	return Met
}

// Row is one line of the table. What Ours and Ceiling say was measured in turns, in one
// process.
type Row struct {
	What     string  `json:"what"`
	Ours     string  `json:"ours"`
	Ceiling  string  `json:"ceiling,omitempty"`
	Ratio    string  `json:"ratio,omitempty"`
	Budget   string  `json:"budget,omitempty"`
	Verdict  Verdict `json:"verdict,omitempty"`
	Headline bool    `json:"headline,omitempty"` // is shown in the README, too
}

// Machine is where and with what a piece was measured.
type Machine struct {
	Day        string  `json:"day"`
	Commit     string  `json:"commit,omitempty"`
	Processor  string  `json:"processor"`
	Cores      int     `json:"cores"`
	System     string  `json:"system"`
	Go         string  `json:"go"`
	PostgreSQL string  `json:"postgresql,omitempty"`
	Others     float64 `json:"others"`          // share of the processors that others used right before
	Used       float64 `json:"used,omitempty"`  // processor time of the piece, in seconds
	Quick      bool    `json:"quick,omitempty"` // sizes are too small to say anything
	Seconds    float64 `json:"seconds"`         // that it took
}

// Result is what a piece of the benchmark found out.
type Result struct {
	Piece   string             `json:"piece"`
	Order   int                `json:"order"`
	Machine Machine            `json:"machine"`
	Rows    []Row              `json:"rows"`
	Charts  []chart.Chart      `json:"charts,omitempty"`
	Figures map[string]float64 `json:"figures,omitempty"` // for programs: seconds, bytes, and per second
	Failed  string             `json:"failed,omitempty"`
}

// Results is what the last run of each piece found out.
type Results []Result

// Read reads a file that Write wrote; there is nothing in one that does not exist.
func Read(path string) (rs Results, err error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &rs); err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return rs, nil
}

// Write writes the results, in the order of the pieces.
func (rs Results) Write(path string) error {
	raw, err := json.MarshalIndent(rs, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// With returns the results with r in the place of what its piece found before. Where r
// failed, the rows from before would be taken for its own, so they go.
func (rs Results) With(r Result) Results {
	with := slices.DeleteFunc(slices.Clone(rs), func(old Result) bool { return old.Piece == r.Piece })
	with = append(with, r)
	slices.SortStableFunc(with, func(a, b Result) int { return cmp.Compare(a.Order, b.Order) })
	return with
}

// Figure returns a figure of any piece, and whether there is one.
func (rs Results) Figure(name string) (float64, bool) {
	for _, r := range rs {
		if f, ok := r.Figures[name]; ok {
			return f, true
		}
	}
	return 0, false
}

// Charts returns the pictures of all pieces; what several drew into one file is one.
func (rs Results) Charts() (all []chart.Chart) {
	for _, r := range rs {
		for _, c := range r.Charts {
			i := slices.IndexFunc(all, func(a chart.Chart) bool { return a.File == c.File })
			if i < 0 {
				c.Series = slices.Clone(c.Series)
				all = append(all, c)
				continue
			}
			all[i].Series = append(all[i].Series, c.Series...)
		}
	}
	return all
}
