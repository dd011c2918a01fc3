package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

const module = "github.com/carillon-fhir/carillon"

// measureREST runs examples/server as a process of its own, and restload as another.
func measureREST(o options) (r report.Result, err error) {
	folder, err := os.MkdirTemp("", "carillon-bench")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	build := exec.Command("go", "build", "-o", folder+string(filepath.Separator), module+"/examples/server", module+"/internal/bench/restload")
	if out, err := build.CombinedOutput(); err != nil {
		return r, fmt.Errorf("%w: %s", err, out)
	}
	topics := filepath.Join(folder, "topics")
	topic, err := exec.Command(filepath.Join(folder, "restload"), "-print-topic").Output()
	if err != nil {
		return r, err
	}
	if err := errors.Join(os.Mkdir(topics, 0o755), os.WriteFile(filepath.Join(topics, "restload.json"), topic, 0o644)); err != nil {
		return r, err
	}
	stores := []struct{ name, flag string }{{"SQLite FULL", "sqlite:" + filepath.Join(folder, "rest.db")}}
	if o.long {
		cluster, err := postgrestest.Start("") // with fsync on
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, cluster.Close()) }()
		stores = append(stores, struct{ name, flag string }{"memory", "memory"}, struct{ name, flag string }{"PostgreSQL", "postgres:" + cluster.DSN("postgres")})
	}
	for _, store := range stores {
		rows, err := loadServer(folder, store.flag, store.name, o)
		if err != nil {
			return r, err
		}
		r.Rows = append(r.Rows, rows...)
	}
	return r, nil
}

// loadFigures are those of restload.
type loadFigures struct {
	Subscriptions                    int
	Filtered                         bool
	Subscribing, PerSecond, P50, P99 float64
	Repeated                         int
}

func loadServer(folder, store, name string, o options) (rows []report.Row, err error) {
	server := exec.Command(filepath.Join(folder, "server"), "-addr", "127.0.0.1:0", "-store", store, "-allow-private", "-classic", "", "-topics", filepath.Join(folder, "topics"))
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.Process.Signal(syscall.SIGTERM), server.Wait()) }()
	said := bufio.NewScanner(out)
	if !said.Scan() {
		return nil, errors.New("bench: examples/server does not start")
	}
	url, found := strings.CutPrefix(said.Text(), "listening on ")
	if !found {
		return nil, errors.New("bench: examples/server does not say where it listens")
	}
	load := exec.Command(filepath.Join(folder, "restload"), "-json", "-keep", "-url", url,
		"-unfiltered", []string{"1,10", "1,100,1000"}[o.of(0, 1, 1)], "-filtered", fmt.Sprint(o.of(50, 100_000, 100_000)), "-notifications", fmt.Sprint(o.of(100, 10_000, 50_000)))
	load.Stderr = os.Stderr
	raw, err := load.Output()
	if err != nil {
		return nil, err
	}
	var all []loadFigures
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for _, f := range all {
		what := "each gets all"
		if f.Filtered {
			what = "each filtered by a patient"
		}
		rows = append(rows, report.Row{
			What: fmt.Sprintf("REST, examples/server over %s, %s Subscriptions, %s", name, report.Count(float64(f.Subscriptions)), what),
			Ours: fmt.Sprintf("%s; from create to receipt, p50 / p99: %s / %s; %s Subscriptions created and verified; %d repeated",
				report.PerSecond(f.PerSecond), report.Seconds(f.P50), report.Seconds(f.P99), report.PerSecond(f.Subscribing), f.Repeated),
			Headline: f.Filtered && name == "SQLite FULL",
		})
	}
	return rows, nil
}
