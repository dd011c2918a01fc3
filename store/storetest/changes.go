package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic"
)

var changes = []Clause{
	{"AppendKeepsTheOrder", appendKeepsTheOrder},
	{"AppendKeepsEveryField", appendKeepsEveryField},
	{"AppendIgnoresPosition", appendIgnoresPosition},
	{"AppendOfNothing", appendOfNothing},
	{"AppendKeepsNoSlice", appendKeepsNoSlice},
	{"ReadsGiveListsAway", readsGiveListsAway},
	{"ReadChangesAfterAndLimit", readChangesAfterAndLimit},
	{"ReadsAreBounded", readsAreBounded},
	{"TimesAreMicrosecondsInUTC", timesAreMicrosecondsInUTC},
	{"WritesOfSubscriptionsKeepTheirPlace", writesOfSubscriptionsKeepTheirPlace},
}

func appendKeepsTheOrder(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append(observation("a", start), observation("b", start), observation("c", start))
	w.append(observation("d", start), observation("e", start))
	last := int64(0)
	ids := ""
	for _, c := range w.log() {
		require.Greater(t, c.Position, last)
		last = c.Position
		ids += c.ResourceID
	}
	require.Equal(t, "abcde", ids)
}

func appendKeepsEveryField(t testing.TB, h Harness) {
	w := newWorld(t, h)
	want := []subscription.Change{
		{
			Tenant: "süd", At: start, Interaction: topic.Update, ResourceType: "Observation", ResourceID: "o-1",
			Resource:  json.RawMessage(`{ "value" : 1.00, "text":"\u0000 ☃", "n":12345678901234567890.10 }`),
			Previous:  json.RawMessage(`{"status":"preliminary"}`),
			Topics:    []string{"http://example.org/a|1.0", "http://example.org/b"},
			Undecided: []string{"http://example.org/c,d", `quote " and \`},
			Events:    []byte{0, 255, '{'},
			Method:    "PUT", URL: "Observation/o-1?a=b", ResultStatus: "200",
		},
		{
			Tenant: tenant, At: start, Interaction: topic.Delete, ResourceType: "Patient", ResourceID: "p",
			Resource: json.RawMessage(`{"text":"` + strings.Repeat("x", 100_000) + `"}`),
			Topics:   []string{"t"}, Method: "DELETE", URL: "Patient/p", ResultStatus: "204",
		},
		{Tenant: tenant, Interaction: topic.Create, ResourceType: "Patient", ResourceID: "no time, no content"},
		{Tenant: tenant, At: start, Subscription: 77, Spec: []byte{0, 1, 255, '"'}},
	}
	w.append(want...)
	got := w.log()
	require.Len(t, got, len(want))
	for i := range want {
		want[i].Position = got[i].Position
	}
	requireChanges(t, want, got)
}

func appendIgnoresPosition(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append(observation("a", start))
	first := w.log()[0]
	second := observation("b", start)
	second.Position = first.Position
	w.append(second)
	third := observation("c", start)
	third.Position = first.Position + 1000
	w.append(third)
	all := w.log()
	require.Len(t, all, 3)
	require.Less(t, all[0].Position, all[1].Position)
	require.Less(t, all[1].Position, all[2].Position)
	require.NotEqual(t, first.Position+1000, all[2].Position)
}

func appendOfNothing(t testing.TB, h Harness) {
	w := newWorld(t, h)
	w.append()
	require.Empty(t, w.log())
}

func appendKeepsNoSlice(t testing.TB, h Harness) {
	w := newWorld(t, h)
	c := observation("a", start)
	c.Previous, c.Undecided, c.Events, c.Spec = json.RawMessage(`{}`), []string{"u"}, []byte("events"), []byte("spec")
	list := []subscription.Change{c}
	w.append(list...)
	want := w.log()
	scribble(&list[0])
	list[0] = subscription.Change{}
	requireChanges(t, want, w.log())
	require.JSONEq(t, `{"resourceType":"Observation","id":"a"}`, string(w.log()[0].Resource))
}

func readsGiveListsAway(t testing.TB, h Harness) {
	w := newWorld(t, h)
	put := w.put(dueAt("s", start), 0)
	w.append(observation("a", start))
	log := w.log()
	position := log[len(log)-1].Position
	w.lease = w.acquire("sequencer", "n", start, minute(1))
	w.commit(subscription.Commit{Cursor: position, At: start, Events: []subscription.NewEvent{{Key: put.Key, Number: 1, Position: position}}})
	query := subscription.ListQuery{Tenant: tenant, Limit: 1}
	want, events, listed := slices.Clone(w.log()), slices.Clone(w.events(put.Key, 1, 1, 1)), slices.Clone(w.list(query))
	require.Len(t, events, 1)
	require.Len(t, listed, 1)
	clear(w.log())
	clear(w.events(put.Key, 1, 1, 1))
	clear(w.list(query))
	clear(w.claim("a", start, 1))
	require.NoError(t, w.store.Release(w.ctx, "a"))
	requireChanges(t, want, w.log())
	again := w.events(put.Key, 1, 1, 1)
	requireChanges(t, []subscription.Change{events[0].Change}, []subscription.Change{again[0].Change})
	require.Equal(t, int64(1), again[0].Number)
	require.Equal(t, listed[0].Resource, w.list(query)[0].Resource)
	require.Len(t, w.claim("a", start, 1), 1)
}

// scribble overwrites everything that c points to.
func scribble(c *subscription.Change) {
	for _, b := range [][]byte{c.Resource, c.Previous, c.Events, c.Spec} {
		clear(b)
	}
	for _, s := range [][]string{c.Topics, c.Undecided} {
		clear(s)
	}
}

func readChangesAfterAndLimit(t testing.TB, h Harness) {
	w := newWorld(t, h)
	for i := range 7 {
		w.append(observation(fmt.Sprint(i), start))
	}
	all := w.log()
	var paged []subscription.Change
	for after := int64(0); ; {
		page, err := w.store.ReadChanges(w.ctx, after, 3)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), 3)
		if len(page) == 0 {
			break
		}
		require.Greater(t, page[0].Position, after)
		paged = append(paged, page...)
		after = page[len(page)-1].Position
	}
	requireChanges(t, all, paged)
	requireChanges(t, all[4:], w.logAfter(all[3].Position))
	require.Empty(t, w.logAfter(all[6].Position))
	require.Empty(t, w.logAfter(1<<62))
	none, err := w.store.ReadChanges(w.ctx, 0, 0)
	require.NoError(t, err)
	require.Empty(t, none)
}

func readsAreBounded(t testing.TB, h Harness) {
	w := newWorld(t, h)
	r := w.put(record("s"), 0)
	const n, size = 4, subscription.ReadBytes * 3 / 5
	for i := range n {
		c := observation(fmt.Sprint(i), start)
		c.Resource = json.RawMessage(`"` + strings.Repeat("x", size) + `"`)
		w.append(c)
	}
	w.lease = w.acquire("sequencer", "a", start, minute(1))
	commit := subscription.Commit{At: start}
	for rest := n + 1; rest > 0; { // with the creation
		page, err := w.store.ReadChanges(w.ctx, commit.Cursor, 100)
		require.NoError(t, err)
		require.NotEmpty(t, page)
		require.LessOrEqual(t, len(page), 3, "more than ReadBytes and one")
		rest -= len(page)
		for _, c := range page {
			commit.Cursor = c.Position
			if c.Subscription == 0 {
				commit.Events = append(commit.Events, subscription.NewEvent{Key: r.Key, Number: int64(len(commit.Events) + 1), Position: c.Position})
			}
		}
	}
	w.commit(commit)
	for first := int64(1); first <= n; {
		page := w.events(r.Key, first, n, 100)
		require.NotEmpty(t, page)
		require.LessOrEqual(t, len(page), 2, "more than ReadBytes and one")
		for _, e := range page {
			require.Equal(t, first, e.Number)
			require.Len(t, e.Change.Resource, size+2)
			first++
		}
	}
}

func timesAreMicrosecondsInUTC(t testing.TB, h Harness) {
	w := newWorld(t, h)
	elsewhere := time.FixedZone("elsewhere", 5*3600+1800)
	for i, at := range []time.Time{
		{},
		start,
		start.Add(999).In(elsewhere),
		time.Unix(0, 0),
		time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC),
		time.Date(2299, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		want := at.UTC().Truncate(time.Microsecond)
		last := int64(0)
		if all := w.log(); len(all) > 0 {
			last = all[len(all)-1].Position
		}
		w.append(observation("o", at))
		require.Equal(t, want, w.logAfter(last)[0].At)

		r := record(fmt.Sprint(i))
		r.UpdatedAt, r.FailingSince, r.Due = at, at, at
		w.put(r, 0)
		got := w.get(r.ID)
		require.Equal(t, []time.Time{want, want, want}, []time.Time{got.UpdatedAt, got.FailingSince, got.Due})
	}
}

// N17 of docs/delivery-rows.md: which events came after a subscription is one answer, for
// everybody.
func writesOfSubscriptionsKeepTheirPlace(t testing.TB, h Harness) {
	w := newWorld(t, h)
	var want []string
	note := func(what string) { want = append(want, what) }
	for i := range 5 {
		id := fmt.Sprint(i)
		w.append(observation("before "+id, start))
		note("before " + id)
		r := w.put(dueAt(id, start), 0)
		note("spec of " + id)
		w.append(observation("between "+id, start), observation("and "+id, start))
		note("between " + id)
		note("and " + id)
		for _, c := range w.claim("a", start, 9) {
			o := outcome(c, start)
			o.Due, o.Spec = time.Time{}, []byte("finished "+c.ID)
			w.finish(o)
			note("finished " + c.ID)
		}
		w.append(observation("after "+id, start))
		note("after " + id)
		if i%2 == 0 {
			require.NoError(t, w.store.DeleteSubscription(w.ctx, tenant, id, 0))
			note(fmt.Sprint("deleted ", r.Key))
		}
	}
	var got []string
	for _, c := range w.log() {
		switch {
		case c.Subscription == 0:
			got = append(got, c.ResourceID)
		case c.Interaction == topic.Delete:
			got = append(got, fmt.Sprint("deleted ", c.Subscription))
		default:
			got = append(got, string(c.Spec))
		}
	}
	require.Equal(t, want, got)
}
