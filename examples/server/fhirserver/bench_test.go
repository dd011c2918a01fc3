package fhirserver

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/carillon-fhir/carillon/internal/postgrestest"
)

// BenchmarkUpdate is a PUT from the request to its durable version, by 16 clients; a
// topic fires.
func BenchmarkUpdate(b *testing.B) {
	for name, store := range map[string]func(testing.TB) string{
		"sqlite":   newStore,
		"postgres": func(t testing.TB) string { return "postgres:" + postgrestest.DSN(t) },
	} {
		b.Run(name, func(b *testing.B) {
			s := open(b, func(c *Config) { c.Store = store(b) })
			b.ReportAllocs()
			b.SetParallelism(8)
			var n atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := fmt.Sprint("p", n.Add(1)%1000)
					if r := send(b, s, "PUT", "/Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`); r.status >= 300 {
						b.Errorf("status %d", r.status)
					}
				}
			})
		})
	}
}
