package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkDelivery is the whole way of a change to its receiver, as fast as it goes, with
// 1000 Subscriptions. cpu-us/op is the processor time of this process, receiver
// included, and of the database's server: on a machine that does other things, too, it
// says more than how many there were in a second.
func BenchmarkDelivery(b *testing.B) {
	for _, kind := range []storeKind{storeMemory, storeSQLite, storePostgres} {
		b.Run(kind.name, func(b *testing.B) {
			db, err := kind.open()
			if err != nil {
				b.Skip(err)
			}
			defer func() { require.NoError(b, db.close()) }()
			a, err := newAudience()
			require.NoError(b, err)
			defer a.server.Close()
			const subscriptions = 1024
			require.NoError(b, subscribe(b.Context(), db, subscriptions, a.urls[0], ""))
			h, err := newHost(db, subscriptions)
			require.NoError(b, err)
			b.ReportAllocs()
			b.ResetTimer()
			r, err := load{changes: b.N, subscriptions: subscriptions, receivers: 8}.run(h.change, db)
			b.StopTimer()
			require.NoError(b, err)
			b.ReportMetric(r.processor*1e6, "cpu-us/op")
			b.ReportMetric(r.server*1e6, "server-cpu-us/op")
			b.ReportMetric(r.perSecond, "notifications/s")
			require.NoError(b, h.stop())
		})
	}
}
