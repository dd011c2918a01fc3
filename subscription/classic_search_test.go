package subscription_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/internal/invariant"
	"github.com/carillon-fhir/carillon/internal/shared"
	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
	"github.com/carillon-fhir/carillon/topic/search"
)

// realResources are some resources of the shared data folder, each with a version.
func realResources(t testing.TB, types ...string) (all []json.RawMessage) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		require.NoError(t, err)
		lines := bufio.NewScanner(bytes.NewReader(raw))
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var r map[string]any
			decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
			decoder.UseNumber()
			if decoder.Decode(&r) != nil {
				continue
			}
			key := fmt.Sprint(r["resourceType"], "/", r["id"])
			if id, _ := r["id"].(string); id == "" || seen[key] || !strings.Contains(strings.Join(types, " ")+" ", fmt.Sprint(r["resourceType"], " ")) {
				continue
			}
			seen[key] = true
			r["meta"] = map[string]any{"versionId": fmt.Sprint(len(all) + 1)}
			versioned, err := json.Marshal(r)
			require.NoError(t, err)
			all = append(all, versioned)
		}
	}
	return all
}

// asks are criteria that a resource may meet, of the parameters that most types have.
func asks(n fhirpath.Node) (list []string) {
	add := func(name, value string) {
		if value != "" {
			list = append(list, name+"="+search.EscapeValue(value))
		}
	}
	add("_id", n.Get("id").Text())
	for _, name := range []string{"status", "gender"} {
		add(name, n.Get(name).Text())
		add(name+":not", n.Get(name).Text())
	}
	for _, name := range []string{"subject", "patient", "encounter"} {
		add(name, n.Path(name, "reference").Text())
	}
	for _, name := range []string{"code", "category", "class"} {
		for _, c := range []fhirpath.Node{n.Path(name, "coding"), n.Path(name, "0", "coding")} {
			for coding := range c.Elements() {
				add(name, coding.Get("code").Text())
				add(name, coding.Get("system").Text()+"|"+coding.Get("code").Text())
			}
		}
	}
	for _, date := range []string{n.Get("effectiveDateTime").Text(), n.Path("period", "start").Text(), n.Get("birthDate").Text()} {
		if len(date) >= 10 {
			for _, name := range []string{"date", "birthdate"} {
				add(name, date[:10])
				add(name, "ge"+date[:7])
				add(name, "lt"+date[:4])
			}
		}
	}
	value := n.Get("valueQuantity")
	add("value-quantity", value.Get("value").Text())
	add("value-quantity", "gt"+value.Get("value").Text()+"|"+value.Get("system").Text()+"|"+value.Get("code").Text())
	return list
}

// TestClassicEqualsSearch writes real resources to a host that has random query
// criteria, and holds what arrives against what search finds.
func TestClassicEqualsSearch(t *testing.T) {
	t.Parallel()
	types := []string{"Observation", "Encounter", "Patient", "Condition"}
	resources := realResources(t, types...)
	synctest.Test(t, func(t *testing.T) {
		w, l := newClassicWorld(t, func(c *subscription.Config) { c.Classic, c.Topics = types, nil })
		random := rand.New(rand.NewPCG(3, 4))
		random.Shuffle(len(resources), func(i, j int) { resources[i], resources[j] = resources[j], resources[i] })
		resources = resources[:min(len(resources), 400)]
		queries, expected := map[string]search.Criteria{}, map[string][]invariant.Focus{}
		about := map[string]string{}
		for len(queries) < 500 {
			n := parsedJSON(t, string(resources[random.IntN(len(resources))]))
			all, of := asks(n), n.Get("resourceType").Text()
			var parts []string
			for range random.IntN(3) {
				parts = append(parts, all[random.IntN(len(all))])
			}
			text := strings.Join(parts, "&")
			want, refused := search.ParseQuery(search.Options{Release: fhirpath.R4}, of, text)
			s, err := w.Create(t.Context(), "", json.RawMessage(classic(of+"?"+text)))
			require.Equal(t, refused == nil, err == nil, text)
			if err == nil {
				queries[s.ID], about[s.ID] = want, of
			}
		}
		matches := 0
		for i, raw := range resources {
			n := parsedJSON(t, string(raw))
			c := subscription.ResourceChange{Interaction: subscription.Create, Resource: raw}
			if i%2 == 0 {
				c.Interaction = subscription.Update // the hook is not asked for what was before
			}
			require.NoError(t, w.OnResourceChange(t.Context(), c))
			for id, query := range queries {
				if !n.Get("resourceType").Is(about[id]) {
					continue
				}
				ok, err := query.Match(t.Context(), n, base)
				require.NoError(t, err)
				if ok {
					matches++
					expected[id] = append(expected[id], focusOf(n))
				}
			}
		}
		time.Sleep(time.Hour)
		report := judge(t, l, expected, 0)
		require.NoError(t, report.Err())
		require.Equal(t, matches, report.Events)
		require.Equal(t, matches, len(l.all()))
		require.Greater(t, matches, 1000)
		t.Logf("CLS criteria=%d resources=%d matches=%d %v", len(queries), len(resources), matches, report)
		require.NoError(t, w.stop())
	})
}

// awaited is a channel that tells when something has arrived.
type awaited struct {
	listener
	arrived chan struct{}
}

func (a *awaited) Send(_ context.Context, _ subscription.Target, _ subscription.Message) error {
	a.arrived <- struct{}{}
	return nil
}

// BenchmarkClassic is the way of one write to the one of n classic Subscriptions that it
// matches.
func BenchmarkClassic(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			channel := &awaited{arrived: make(chan struct{})}
			engine, err := subscription.New(subscription.Config{
				Store: memory.New(), Channels: []subscription.Channel{channel}, Release: subscription.R4, BaseURL: base,
				Authorizer: subscription.InsecureAllowAll{}, Classic: []string{"Observation"},
			})
			require.NoError(b, err)
			for i := range n {
				_, err := engine.Create(b.Context(), "", json.RawMessage(classic(fmt.Sprintf("Observation?code=http://loinc.org|1975-2&patient=Patient/p%d", i))))
				require.NoError(b, err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- engine.Run(ctx) }()
			i := 0
			write := func() {
				i++
				change := subscription.ResourceChange{Interaction: subscription.Create, Resource: fmt.Appendf(nil,
					`{"resourceType":"Observation","id":"o%d","code":{"coding":[{"system":"http://loinc.org","code":"1975-2"}]},"subject":{"reference":"Patient/p%d"}}`, i, i*7919%n)}
				require.NoError(b, engine.OnResourceChange(ctx, change))
				<-channel.arrived
			}
			write() // when it arrives, all have been read
			b.ReportAllocs()
			for b.Loop() {
				write()
			}
			b.StopTimer()
			cancel()
			require.NoError(b, <-ended)
		})
	}
}
