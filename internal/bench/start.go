package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/chart"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/subscription"
)

// measureStart starts an engine where there are many Subscriptions already: how long it
// takes until a change is delivered, what memory it takes, and what it does when it has
// nothing to do.
func measureStart(o options) (r report.Result, err error) {
	memory := memoryChart("engine over SQLite, all included")
	sizes := []int{1e4, 1e6}
	switch {
	case o.quick:
		sizes = []int{1e3, 1e4}
	case o.long:
		sizes = []int{1e3, 1e4, 1e5, 1e6}
	}
	for _, n := range sizes {
		last := n == sizes[len(sizes)-1]
		s, err := startOn(storeSQLite, n, last, o)
		if err != nil {
			return r, err
		}
		memory.Series[0].Points = append(memory.Series[0].Points, chart.Point{X: float64(n), Y: s.bytes})
		if last {
			r.Rows = append(r.Rows, s.rows(n, storeSQLite)...)
			r.Figures = map[string]float64{"start.seconds": s.seconds / float64(n), "engine.bytes": s.bytes, "idle.share": s.idle.Median()}
		}
	}
	if o.long {
		n := sizes[len(sizes)-1]
		s, err := startOn(storePostgres, n, true, o)
		if err != nil {
			return r, err
		}
		r.Machine.PostgreSQL = s.version
		r.Rows = append(r.Rows, s.rows(n, storePostgres)...)
	}
	r.Charts = []chart.Chart{memory}
	return r, nil
}

// started is what it took.
type started struct {
	seconds, listed float64 // until a change is delivered; to read all records from the store alone
	bytes           float64 // for each
	idle            report.Sample
	version         string
}

func (s started) rows(n int, kind storeKind) []report.Row {
	of := fmt.Sprintf("%s Subscriptions, %s", report.Count(float64(n)), kind.title)
	return []report.Row{
		{What: "start with " + of + ", until a change is delivered", Ours: report.Seconds(s.seconds),
			Ceiling: "reading them from the store alone: " + report.Seconds(s.listed), Ratio: report.Sample{s.seconds / s.listed}.Ratio(),
			Budget: "≤ 15 s", Verdict: report.Judge(s.seconds <= 15), Headline: true},
		{What: "memory of each of " + of + ", engine and store, all included", Ours: report.Bytes(s.bytes),
			Budget: "≤ 1 KB", Verdict: report.Judge(s.bytes <= 1000), Headline: true},
		{What: "idle with " + of, Ours: fmt.Sprintf("%.2f %% of a core", 100*s.idle.Median()), Budget: "< 1 %", Verdict: report.Judge(s.idle.Median() < 0.01)},
	}
}

func startOn(kind storeKind, n int, rest bool, o options) (s started, err error) {
	ctx := context.Background()
	db, err := kind.open()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	s.version = db.version
	a, err := newAudience()
	if err != nil {
		return s, err
	}
	defer a.server.Close()
	if err := subscribe(ctx, db, n, a.urls[0], ""); err != nil {
		return s, err
	}
	if s.listed, err = listAll(ctx, db); err != nil {
		return s, err
	}
	before := memoryInUse()
	begin := time.Now()
	h, err := newHost(db, n)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, h.stop()) }()
	if err := h.deliverOne(n-1, 0); err != nil {
		return s, err
	}
	s.seconds = time.Since(begin).Seconds()
	// What finishes takes is the benchmark's own: a slice and a number for each.
	s.bytes = (memoryInUse()-before)/float64(n) - 32
	if rest {
		s.idle = idle(o)
	}
	return s, nil
}

// listAll reads all records, and returns how long it took.
func listAll(ctx context.Context, db *database) (float64, error) {
	store, err := db.store(nil)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	for after := int64(0); ; {
		page, err := store.ListSubscriptions(ctx, subscription.ListQuery{AllTenants: true, After: after, Limit: 1000})
		if err != nil {
			return 0, err
		}
		if len(page) == 0 {
			return time.Since(begin).Seconds(), nil
		}
		after = page[len(page)-1].Key
	}
}
