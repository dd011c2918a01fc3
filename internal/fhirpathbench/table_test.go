package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	cellOf := func(ns, allocs float64) *cell { return &cell{allocs: allocs, times: []float64{ns * 3, ns, ns / 2}} }
	columns := []*column{
		{name: "ours", kind: fromBytes, ours: true, cells: []*cell{cellOf(2000, 2)}},
		{name: "slow", kind: fromBytes, cells: []*cell{cellOf(1234567, 40)}},
		{name: "fast", kind: fromBytes, cells: []*cell{cellOf(7000, 30)}},
		{name: "fails", kind: fromBytes, cells: []*cell{{why: "error"}}},
		{name: "ready", kind: evaluation, cells: []*cell{cellOf(1, 0)}},
	}
	got := table([]subject{{expression: "a | b"}}, columns, true)
	want := "| `a \\| b` | 2,000, 2 | 1,234,567, 40 | 7,000, 30 | error | 1, 0 | 3.5 × |\n"
	if !strings.Contains(got, want) {
		t.Errorf("got\n%swant the line\n%s", got, want)
	}
	if strings.Contains(got, "not measured") {
		t.Error("fhirpath.js was measured")
	}
	if got := table([]subject{{}}, columns, false); !strings.Contains(got, "node and npm have to be installed") {
		t.Errorf("nothing says that fhirpath.js is missing:\n%s", got)
	}
}

func TestReplace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# Title\n" + begin + "old\n" + end + "behind\n")
	if err := replace(file, "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if want := "# Title\n" + begin + "new\n" + end + "behind\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	write("# Title\n" + begin)
	if err := replace(file, "new\n"); err == nil {
		t.Error("a file without markers was written")
	}
}

func TestWrongEnginesAreNotMeasured(t *testing.T) {
	s := subject{results: 2}
	for want, n := range map[string]int{"": 2, "gives nothing": 0, "wrong result": 3} {
		if got := newCell(s, func() (int, error) { return n, nil }).why; got != want {
			t.Errorf("%d results: got %q, want %q", n, got, want)
		}
	}
	if got := newCell(s, func() (int, error) { return 0, os.ErrInvalid }).why; got != "error" {
		t.Errorf("an error: got %q", got)
	}
	c := newCell(s, func() (int, error) { return 2, nil })
	if _, err := c.step(3); err != nil {
		t.Error(err)
	}
}
