package subscription

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// stored returns the Record of one Subscription with filters and headers, as others of
// which only Key differs.
func stored(t testing.TB) (*Engine, Record) {
	e := newShelf(t, 0)
	accepted, err := e.accept(context.Background(), "", "s0", []byte(`{"resourceType":"Subscription","status":"requested","reason":"bench","criteria":"https://bench.example.org/observation",
		"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"patient=Patient/p0"}]},
		"channel":{"type":"rest-hook","endpoint":"https://subscriber.example.org/hook","header":["Authorization: Bearer secret"],"payload":"application/fhir+json","_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"full-resource"}]}}}`), e.now(), nil)
	require.NoError(t, err)
	return e, Record{Key: 1, ID: "s0", Revision: 1, Status: StatusActive, Resource: accepted.Resource}
}

func TestServedIsReadOnce(t *testing.T) {
	e, r := stored(t)
	first, err := e.served.restore(e, &r)
	require.NoError(t, err)
	again, err := e.served.restore(e, &r)
	require.NoError(t, err)
	require.Same(t, first, again)
	r.Revision++
	r.Resource = bytes.Replace(r.Resource, []byte("/hook"), []byte("/moved"), 1)
	moved, err := e.served.restore(e, &r)
	require.NoError(t, err)
	require.Equal(t, "https://subscriber.example.org/moved", moved.Endpoint)
	require.Equal(t, moved.size(), e.served.bytes, "the former revision is forgotten")
}

// What is used stays, however many others come and go, and the memory is bounded.
func TestServedKeepsWhatIsUsed(t *testing.T) {
	e, r := stored(t)
	one, err := e.served.restore(e, &r)
	require.NoError(t, err)
	before := heapInUse()
	most := 0
	for key := int64(2); key < 60_000; key++ {
		other := Record{Key: key, ID: "s0", Revision: 1, Resource: bytes.Clone(r.Resource)}
		_, err := e.served.restore(e, &other)
		require.NoError(t, err)
		require.Less(t, e.served.bytes, servedBytes/2+one.size())
		if key%100 == 0 {
			again, err := e.served.restore(e, &r)
			require.NoError(t, err)
			require.Same(t, one, again)
		}
		most = max(most, len(e.served.recent)+len(e.served.older))
	}
	grown := heapInUse() - before
	t.Logf("served=%d most=%d heap=%.0f KiB each=%.0f size=%d", len(e.served.recent)+len(e.served.older), most, grown/1024, grown/float64(len(e.served.recent)+len(e.served.older)), one.size())
	require.Less(t, grown, 1.5*servedBytes)
	require.Nil(t, e.served.find(2, 1), "it was not used for long")
}

func BenchmarkServed(b *testing.B) {
	e, r := stored(b)
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.served.restore(e, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.restore(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
