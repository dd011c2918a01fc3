package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

func main() {
	log.SetFlags(0)
	root := flag.String("root", ".", "`folder` of the repository")
	flag.Parse()
	if err := run(*root); err != nil {
		log.Fatal(err)
	}
}

func run(root string) error {
	results, err := report.Read(filepath.Join(root, "docs", "bench", "results.json"))
	if err != nil {
		return err
	}
	c, err := fromResults(results)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "docs", "scale.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	page := string(raw)
	for _, part := range []struct{ name, text string }{
		{"costs", c.table()}, {"plans", plans(c)}, {"limits", limits(c)}, {"simulation", simulations(c)},
	} {
		if page, err = report.Replace(page, part.name, part.text); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, []byte(page), 0o644)
}

func (c costs) table() string {
	return "| | measured |\n|---|---|\n" +
		row("one change, from its bytes to its matches in a shard of 10^6 Subscriptions", report.Seconds(c.match)) +
		row("one change that triggers a topic and concerns nobody: processor time of a node, of PostgreSQL, and what that writes ahead", c.change.String()) +
		row("what its notification of one Subscription takes beside that, the receiver included", c.event.String()) +
		row("one Subscription, memory where it is sequenced", report.Bytes(c.memory)) +
		row("one Subscription, when a sequencer starts", report.Seconds(c.start)) +
		row("one notification of a resource of 2 KB", report.Bytes(c.notice))
}

func (c cost) String() string {
	return report.Seconds(c.node) + ", " + report.Seconds(c.database) + ", " + report.Bytes(c.log)
}

func row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// demands are those that the page reckons.
var demands = []demand{
	{1e6, 1e3, 1}, {1e7, 1e4, 1}, {1e8, 1e5, 0.1}, {1e8, 1e5, 1}, {1e8, 1e5, 10},
}

func plans(c costs) string {
	var b strings.Builder
	b.WriteString("| Subscriptions | writes a second | matches of a write | shards | nodes | takeover of a shard | PostgreSQL: processors | it writes ahead | the sequencers read | matching, busy in each shard | so one PostgreSQL |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, d := range demands {
		p := c.reckon(d, ordinary)
		verdict := "is enough"
		if first := p.first(); first.load() > 1 {
			verdict = fmt.Sprintf("is %.1f × too small; first: %s", first.load(), first.what)
		}
		cells := []string{report.Count(d.subscriptions), report.Count(d.writes), fmt.Sprintf("%g", d.matches), fmt.Sprint(p.shards), fmt.Sprint(p.nodes), report.Seconds(p.start)}
		for _, n := range p.needs {
			text := n.write(n.needs)
			if n.unit != "" {
				text += " " + n.unit
			}
			if n.load() > 1 {
				text = "**" + text + "**"
			}
			cells = append(cells, text)
		}
		b.WriteString(row(append(cells, verdict)...))
	}
	return b.String()
}

func limits(c costs) string {
	var b strings.Builder
	b.WriteString("| Subscriptions | matches of a write | writes a second that one PostgreSQL carries | what ends it |\n|---|---|---|---|\n")
	for _, d := range demands {
		d.writes = 1000
		writes, limit := c.most(d, ordinary)
		b.WriteString(row(report.Count(d.subscriptions), fmt.Sprintf("%g", d.matches), report.Count(writes), limit.what))
	}
	return b.String()
}

// simulated is the world of the page: as large as a simulation can be in a second.
func simulated(c costs, share float64) world {
	w := world{costs: c, seconds: 1, shards: 4, matches: 1, cores: 4, endpoint: 0.005, seed: 1}
	saturated := float64(w.cores) / (c.change.database + c.event.database)
	w.writes = share * saturated
	w.slots = max(16, int(2*saturated*(w.endpoint+c.event.node)))
	return w
}

func simulations(c costs) string {
	var b strings.Builder
	b.WriteString("| writes, of what the model allows | writes a second | acknowledged after, p50 / p99 | after the last write | database busy | shard busy |\n|---|---|---|---|---|---|\n")
	for _, share := range []float64{0.3, 0.5, 0.7, 0.9, 1, 1.2} {
		w := simulated(c, share)
		o := simulate(w)
		b.WriteString(row(fmt.Sprintf("%.0f %%", 100*share), report.Count(w.writes), report.Seconds(o.p50)+" / "+report.Seconds(o.p99), report.Seconds(o.backlog),
			fmt.Sprintf("%.0f %%", 100*o.database), fmt.Sprintf("%.0f %%", 100*o.shard)))
	}
	return b.String()
}
