package subscription

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// A sorted search keeps what its page needs, however many match, and its pages are those of
// all matches sorted, equals in the order in which they were found.
func TestSortedSearchKeepsLittle(t *testing.T) {
	const matches = 20000
	var all []Stored
	random := rand.New(rand.NewPCG(1, 2))
	for i := range matches {
		all = append(all, Stored{ID: fmt.Sprint(random.IntN(matches / 10)), revision: int64(i)})
	}
	sorted := slices.Clone(all)
	for _, descend := range []bool{false, true} {
		q := &query{sort: []order{{name: "_id", descend: descend}}}
		slices.SortStableFunc(sorted, func(a, b Stored) int { return q.compare(q.key(&a), q.key(&b)) })
		most := 0
		for _, page := range []struct{ offset, count int }{{0, 1}, {0, 50}, {3, 2}, {990, 50}, {5000, 1000}, {19990, 50}, {30000, 10}, {10, 0}} {
			q.offset, q.count = page.offset, page.count
			var found Found
			for _, s := range all {
				found.add(q, s)
				most = max(most, len(found.ranked)-2*(page.offset+page.count))
			}
			found.end(q, url.Values{})
			require.Equal(t, matches, found.Total)
			want := sorted[min(page.offset, matches):min(page.offset+page.count, matches)]
			require.Len(t, found.Matches, len(want))
			for i := range want {
				require.Equal(t, want[i].revision, found.Matches[i].revision)
			}
			require.Equal(t, page.offset+page.count < matches && page.count > 0, found.Next != "")
		}
		require.LessOrEqual(t, most, 0)
		sorted = slices.Clone(all)
	}
}

// Beyond a bound, a sorted search would keep too much: that is refused, in words that say
// what may be done.
func TestSortedSearchIsBounded(t *testing.T) {
	e := &Engine{form: formOf(R4), cfg: Config{Release: R4}}
	ask := func(query string) error {
		asked, err := url.ParseQuery(query)
		require.NoError(t, err)
		_, err = e.readQuery(t.Context(), "Subscription", asked)
		return err
	}
	require.NoError(t, ask("_sort=_id&_offset=9000&_count=1000"))
	require.NoError(t, ask("_offset=20000000"))
	var refusal *Refusal
	require.ErrorAs(t, ask("_sort=_id&_offset=9001&_count=1000"), &refusal)
	require.Equal(t, http.StatusUnprocessableEntity, refusal.Status)
	require.Equal(t, "too-costly", refusal.Issues[0].Code)
	require.Contains(t, refusal.Issues[0].Problem, "10000")
	require.Error(t, ask("_sort=_id&_offset=9223372036854775807"))
}
