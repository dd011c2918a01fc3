// Command bench measures what the README states and prints it as a table, each
// figure beside a bare ceiling from the same run. With -readme FILE it also replaces
// the table between that file's bench markers, and the picture docs/bench/match.svg
// beside the file.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

const (
	begin = "<!-- bench: made by make bench -->\n"
	end   = "<!-- /bench -->\n"
)

func main() {
	log.SetFlags(0)
	readme := flag.String("readme", "", "file whose table to replace")
	flag.Parse()

	var table bytes.Buffer
	fmt.Fprintf(&table, "| what (%s, %d cores, %s) | measured | ceiling in the same run |\n|---|---|---|\n", runtime.Version(), runtime.NumCPU(), runtime.GOARCH)
	rows, curves, err := measure()
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rows {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", r.what, r.measured, r.ceiling)
	}
	os.Stdout.Write(table.Bytes())
	if *readme == "" {
		return
	}
	text, err := os.ReadFile(*readme)
	if err != nil {
		log.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		log.Fatalf("%s has no bench markers", *readme)
	}
	picture := filepath.Join(filepath.Dir(*readme), "docs", "bench", "match.svg")
	if err := os.WriteFile(picture, draw("from a change's bytes to its matches", curves), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(*readme, []byte(head+begin+table.String()+end+tail), 0o644); err != nil {
		log.Fatal(err)
	}
}

// row is one line of the table.
type row struct{ what, measured, ceiling string }

func measure() ([]row, []curve, error) {
	rows, err := measureHook()
	if err != nil {
		return nil, nil, err
	}
	match, curves, err := measureMatch()
	if err != nil {
		return nil, nil, err
	}
	delivery, err := measureDelivery()
	return slices.Concat(rows, match, delivery), curves, err
}
