package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

// measureWide records one event for 10,000 subscriptions, and beside it inserts as many
// bare rows of three integers.
func measureWide(o options) (r report.Result, err error) {
	r.Figures = map[string]float64{}
	for _, kind := range []storeKind{storeSQLite, storePostgres} {
		db, err := kind.open()
		if err != nil {
			return r, err
		}
		row, seconds, err := wideOn(db, kind, o)
		if err := errors.Join(err, db.close()); err != nil {
			return r, err
		}
		r.Rows = append(r.Rows, row)
		r.Figures["wide."+kind.name+".seconds"] = seconds
		if db.version != "" {
			r.Machine.PostgreSQL = db.version
		}
	}
	return r, nil
}

func wideOn(db *database, kind storeKind, o options) (row report.Row, seconds float64, err error) {
	ctx := context.Background()
	n := o.of(500, 10_000, 10_000)
	a, err := newAudience()
	if err != nil {
		return row, 0, err
	}
	defer a.server.Close()
	if err := subscribe(ctx, db, n, a.urls[0], ""); err != nil {
		return row, 0, err
	}
	if _, err := db.log(ctx); err != nil {
		return row, 0, err
	}
	store, err := db.store(nil)
	if err != nil {
		return row, 0, err
	}
	lease, err := store.Acquire(ctx, subscription.LeaseName(0, 1), "bench", time.Now(), time.Now().Add(time.Hour))
	if err != nil {
		return row, 0, err
	}
	var ours, bare report.Sample
	for round := range int64(o.of(2, 12, 40)) {
		keys := make([]int64, n)
		for i := range keys {
			keys[i] = int64(i) + 1
		}
		if err := store.Append(ctx, []subscription.Change{{
			At: time.Now(), Interaction: topic.Create, ResourceType: "Observation", ResourceID: fmt.Sprint(round), Resource: observation, Method: "POST", URL: "Observation", ResultStatus: "201",
		}}); err != nil {
			return row, 0, err
		}
		changes, err := store.ReadChanges(ctx, lease.Cursor, 10)
		if err != nil || len(changes) == 0 {
			return row, 0, errors.Join(errors.New("bench: the change is not there"), err)
		}
		c := subscription.Commit{Cursor: changes[len(changes)-1].Position, At: time.Now()}
		for _, key := range keys {
			c.Events = append(c.Events, subscription.NewEvent{Key: key, Number: round + 1, Position: c.Cursor})
		}
		begin := time.Now()
		if err := store.CommitEvents(ctx, lease, c); err != nil {
			return row, 0, err
		}
		between := time.Now()
		if err := db.rows(ctx, round, keys); err != nil {
			return row, 0, err
		}
		ours, bare = append(ours, between.Sub(begin).Seconds()), append(bare, time.Since(between).Seconds())
		lease.Cursor = c.Cursor
	}
	ratio := ours.Over(bare)
	return report.Row{
		What: fmt.Sprintf("one event recorded for %s subscriptions, %s", report.Count(float64(n)), kind.title), Ours: report.Seconds(ours.Median()),
		Ceiling: "as many bare rows of three integers: " + report.Seconds(bare.Median()), Ratio: ratio.Ratio(),
		Budget: "≤ 3", Verdict: report.Judge(ratio.Median() <= 3), Headline: true,
	}, ours.Median() / float64(n), nil
}
