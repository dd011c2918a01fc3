package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/store/postgres"
	"github.com/carillon-fhir/carillon/store/sqlite"
	"github.com/carillon-fhir/carillon/store/sqlite/modernc"
	"github.com/carillon-fhir/carillon/subscription"
)

// BenchmarkDelivery is the whole way of a change to its receiver, as fast as it goes.
// cpu-us/op is the processor time of this process, receiver included, and of the
// database's server: on a machine that does other things, too, it says more than how
// many there were in a second.
func BenchmarkDelivery(b *testing.B) {
	for _, s := range []struct {
		name string
		open func(b *testing.B) (s subscription.Store, server func() time.Duration)
	}{
		{"memory", func(*testing.B) (subscription.Store, func() time.Duration) { return memory.New(), nil }},
		{"sqlite", openSQLite},
		{"postgres", openPostgres},
	} {
		b.Run(s.name, func(b *testing.B) {
			store, server := s.open(b)
			benchmarkDelivery(b, store, server)
		})
	}
}

func openSQLite(b *testing.B) (subscription.Store, func() time.Duration) {
	db, err := modernc.Open(filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	s := sqlite.New(db, sqlite.Config{})
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s, nil
}

func openPostgres(b *testing.B) (subscription.Store, func() time.Duration) {
	cluster := postgrestest.New(b) // with fsync on
	pool, err := pgxpool.New(context.Background(), cluster.DSN("postgres")+" pool_max_conns=16")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	s := postgres.New(pool, postgres.Config{})
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s, cluster.ProcessorTime
}

func benchmarkDelivery(b *testing.B, store subscription.Store, server func() time.Duration) {
	h := &host{committed: make([]time.Time, b.N)}
	h.receiver = httptest.NewServer(http.HandlerFunc(h.receive))
	defer h.receiver.Close()
	var err error
	if h.engine, err = newEngine(store, anyTopic); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.engine.Run(ctx) }()
	if err := h.subscribe(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before, beforeServer := processorTime(), time.Duration(0)
	if server != nil {
		beforeServer = server()
	}
	if err := h.produce(ctx, 0, b.N, 0); err != nil {
		b.Fatal(err)
	}
	h.await(b.N)
	b.StopTimer()
	b.ReportMetric(float64(processorTime()-before)/1e3/float64(b.N), "cpu-us/op")
	if server != nil {
		b.ReportMetric(float64(server()-beforeServer)/1e3/float64(b.N), "server-cpu-us/op")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notifications/s")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

// processorTime is what this process has used, receiver included.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
