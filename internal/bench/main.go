// Command bench measures what Carillon promises about speed and memory, each figure
// beside a bare ceiling that takes turns with it in the same process, and writes tables
// and pictures:
//
//	go run ./internal/bench                       # all pieces, medians of three runs, some minutes
//	go run ./internal/bench -long                 # larger and longer
//	go run ./internal/bench -only match,hook      # these pieces; of the others, the last run's figures stay
//	go run ./internal/bench -quick                # tiny sizes: whether it works, nothing else
//	go run ./internal/bench -render               # measures nothing, writes the pages again
//
// Each piece runs in a process of its own, so that none has to do with another's
// memory. What they find is in docs/bench/results.json, from which the pages are made:
// docs/bench/README.md, the pictures beside it, and the table in README.md.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

func main() {
	log.SetFlags(0)
	if of := os.Getenv(audienceOf); of != "" {
		if err := listen(of); err != nil {
			log.Fatal(err)
		}
		return
	}
	var o options
	flag.BoolVar(&o.quick, "quick", false, "tiny sizes")
	flag.BoolVar(&o.long, "long", false, "larger sizes, more and longer runs")
	only := flag.String("only", "", "`pieces` to measure, with commas: "+strings.Join(pieceNames(), ", "))
	render := flag.Bool("render", false, "measure nothing, only write the pages from results.json")
	root := flag.String("root", ".", "`folder` of the repository, whose pages are written; empty: none")
	one := flag.String("piece", "", "measure this `piece` in this process and print what it found as JSON")
	flag.Parse()
	var err error
	if *one != "" {
		err = runPiece(*one, o)
	} else {
		err = run(o, *only, *root, *render)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run measures the pieces that were asked for, one after the other, and writes the pages
// after each.
func run(o options, only, root string, render bool) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	if render {
		chosen = nil
	}
	path := filepath.Join(root, "docs", "bench", "results.json")
	var results report.Results
	if root != "" {
		if results, err = report.Read(path); err != nil {
			return err
		}
	}
	var failures []error
	for _, p := range chosen {
		r := measure(p, o)
		if r.Failed != "" {
			failures = append(failures, fmt.Errorf("%s failed: %s", p.name, r.Failed))
		}
		fmt.Printf("## %s (%.0f s, %.0f s of processor time)\n\n%s\n", p.name, r.Machine.Seconds, r.Machine.Used, report.Results{r}.Table(false))
		results = results.With(r)
	}
	if root == "" {
		return errors.Join(failures...)
	}
	return errors.Join(append(failures, results.Write(path), write(root, results))...)
}

// choose returns the pieces of a list of names, or all.
func choose(names string) ([]piece, error) {
	if names == "" {
		return pieces, nil
	}
	var chosen []piece
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(pieces, func(p piece) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("bench: there is no piece %q; there are %s", name, strings.Join(pieceNames(), ", "))
		}
		chosen = append(chosen, pieces[i])
	}
	return chosen, nil
}

// measure runs a piece in a process of its own.
func measure(p piece, o options) report.Result {
	order := slices.IndexFunc(pieces, func(q piece) bool { return q.name == p.name })
	failed := report.Result{Piece: p.name, Order: order}
	self, err := os.Executable()
	if err != nil {
		failed.Failed = err.Error()
		return failed
	}
	machine := describe(o)
	begin := time.Now()
	cmd := exec.Command(self, append(o.flags(), "-piece", p.name)...)
	var said bytes.Buffer
	cmd.Stderr = io.MultiWriter(os.Stderr, &said)
	out, err := cmd.Output()
	r := failed
	if err == nil {
		err = json.Unmarshal(out, &r)
	}
	if err != nil {
		r = failed
		r.Failed = strings.TrimSpace(said.String() + err.Error())
	}
	machine.PostgreSQL = r.Machine.PostgreSQL
	machine.Seconds = time.Since(begin).Seconds()
	if cmd.ProcessState != nil {
		machine.Used = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	}
	r.Order, r.Machine = order, machine
	return r
}

// runPiece is what that process does.
func runPiece(name string, o options) error {
	chosen, err := choose(name)
	if err != nil {
		return err
	}
	r, err := chosen[0].measure(o)
	if err != nil {
		return err
	}
	r.Piece = name
	return json.NewEncoder(os.Stdout).Encode(r)
}

// write makes the pages anew.
func write(root string, results report.Results) error {
	folder := filepath.Join(root, "docs", "bench")
	for _, c := range results.Charts() {
		if err := os.WriteFile(filepath.Join(folder, c.File), c.SVG(), 0o644); err != nil {
			return err
		}
	}
	met, notMet := results.Score()
	score := fmt.Sprintf("%d budgets are met, %d are not.\n", met, notMet)
	if err := replace(filepath.Join(folder, "README.md"), map[string]string{
		"score": score, "table": results.Table(false), "machines": results.Machines(),
	}); err != nil {
		return err
	}
	return replace(filepath.Join(root, "README.md"), map[string]string{
		"bench": results.Table(true) + "\n" + score,
	})
}

func replace(path string, texts map[string]string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page := string(raw)
	for name, text := range texts {
		if page, err = report.Replace(page, name, text); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, []byte(page), 0o644)
}
