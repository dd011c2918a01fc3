package main

import (
	"fmt"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/bench/bare"
	"github.com/carillon-fhir/carillon/internal/bench/report"
	"github.com/carillon-fhir/carillon/notification"
)

// sampleNotification has one event about a resource of 2 KB.
func sampleNotification(content notification.Content) *notification.Notification {
	now := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)
	return &notification.Notification{
		ID: "8f1a3c52-0000-4000-8000-000000000001", StatusID: "8f1a3c52-0000-4000-8000-000000000002", Timestamp: now,
		Type: notification.EventNotification, Content: content, Status: "active",
		Subscription: "https://bench.example.org/r4/Subscription/s1", Topic: "https://bench.example.org/observation", EventsSinceSubscriptionStart: 42,
		Events: []notification.Event{{Number: 42, Timestamp: now, Focus: notification.Entry{
			FullURL: "https://bench.example.org/r4/Observation/o1", Resource: observation, Method: "POST", URL: "Observation", Status: "201",
		}}},
	}
}

// measureNotification compares writing a notification into a buffer with appending its
// fixed parts to one.
func measureNotification(o options) (r report.Result, err error) {
	n := sampleNotification(notification.FullResource)
	var buffer, plain []byte
	ours := &operation{run: func() (err error) { buffer, err = notification.Append(buffer[:0], fhirpath.R4, n); return err }}
	e := &bare.Event{ID: 1, Subscriber: 1, Number: 42, Resource: observation}
	ceiling := &operation{run: func() error { plain = bare.AppendBundle(plain[:0], e); return nil }}
	if err := takeTurnsAt(o.runs()+2, time.Duration(o.of(5, 150, 500))*time.Millisecond, ours, ceiling); err != nil {
		return r, err
	}
	perKB := ours.time() / (float64(len(buffer)) / 1e3)
	r.Rows = []report.Row{{
		What:    fmt.Sprintf("building a notification of %s", report.Bytes(float64(len(buffer)))),
		Ours:    fmt.Sprintf("%s, %s for each KB, %.0f allocations", report.Seconds(ours.time()), report.Seconds(perKB), ours.allocations()),
		Ceiling: "its parts appended without a check: " + report.Seconds(ceiling.time()), Ratio: ours.times.Over(ceiling.times).Ratio(),
		Budget: "0 allocations, ≤ 1 µs for each KB", Verdict: report.Judge(ours.allocations() < 0.5, perKB <= 1e-6), Headline: true,
	}}
	r.Figures = map[string]float64{"notification.seconds": ours.time(), "notification.bytes": float64(len(buffer))}
	return r, nil
}
