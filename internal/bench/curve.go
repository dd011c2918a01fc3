package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// curve is the time of one way over the number of subscriptions.
type curve struct {
	name   string
	points []point
}

type point struct {
	n    int
	time time.Duration
}

// plot makes a curve of the ways that are called the same, in their order.
func plot(ways []*way) (curves []curve) {
	for _, w := range ways {
		i := slices.IndexFunc(curves, func(c curve) bool { return c.name == w.of })
		if i < 0 {
			i = len(curves)
			curves = append(curves, curve{name: w.of})
		}
		curves[i].points = append(curves[i].points, point{w.n, quartile(w.rounds)})
	}
	return curves
}

func (c curve) String() string {
	times := make([]string, len(c.points))
	for i, p := range c.points {
		times[i] = fmt.Sprintf("%.1f", p.time.Seconds()*1e6)
	}
	return strings.Join(times, " / ") + " µs"
}

// growth is the last time in terms of the first.
func (c curve) growth() float64 {
	return float64(c.points[len(c.points)-1].time) / float64(c.points[0].time)
}

// The picture's measures, in pixels.
const (
	width, height           = 760, 400
	left, right, top, below = 70, 250, 30, 50
)

// draw makes a picture of the curves, both axes logarithmic, that can be read on a
// light and on a dark page.
func draw(title string, curves []curve) []byte {
	first, last := math.Inf(1), math.Inf(-1) // powers of ten of a microsecond
	for _, c := range curves {
		for _, p := range c.points {
			first = min(first, math.Floor(math.Log10(p.time.Seconds()*1e6)))
			last = max(last, math.Ceil(math.Log10(p.time.Seconds()*1e6)))
		}
	}
	x := func(n float64) float64 {
		from, to := math.Log10(float64(sizes[0])), math.Log10(float64(sizes[len(sizes)-1]))
		return left + (math.Log10(n)-from)/(to-from)*(width-left-right)
	}
	y := func(microseconds float64) float64 {
		return height - below - (math.Log10(microseconds)-first)/(last-first)*(height-top-below)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">
<style>
svg { background: #fff } text { fill: #24292f } .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2 }
.c0 { stroke: #0969da } .c1 { stroke: #6e7781; stroke-dasharray: 5 4 } .c2 { stroke: #cf222e } .c3 { stroke: #1a7f37 } .c4 { stroke: #8250df } .c5 { stroke: #bf8700 } .c6 { stroke: #bf3989 } .c7 { stroke: #9a6700 }
@media (prefers-color-scheme: dark) { svg { background: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
.c0 { stroke: #58a6ff } .c1 { stroke: #8b949e } .c2 { stroke: #ff7b72 } .c3 { stroke: #3fb950 } .c4 { stroke: #bc8cff } .c5 { stroke: #d29922 } .c6 { stroke: #f778ba } .c7 { stroke: #d4a72c } }
</style>
<title>%s</title>
<text x="%d" y="18">%s</text>
`, width, height, title, left, title)
	for power := first; power <= last; power++ {
		at := y(math.Pow(10, power))
		fmt.Fprintf(&b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, at, width-right, at, left-8, at+4, duration(power))
	}
	for _, n := range sizes {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">10<tspan dy="-5" font-size="10">%.0f</tspan></text>`+"\n",
			x(float64(n)), height-below+22, math.Log10(float64(n)))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">subscriptions</text>`+"\n", (left+width-right)/2, height-8)
	for i, c := range curves {
		b.WriteString(`<polyline class="line c` + fmt.Sprint(i) + `" points="`)
		for _, p := range c.points {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(float64(p.n)), y(p.time.Seconds()*1e6))
		}
		label := top + 20 + i*22
		fmt.Fprintf(&b, `"/><line class="line c%d" x1="%d" y1="%d" x2="%d" y2="%d"/><text x="%d" y="%d">%s</text>`+"\n",
			i, width-right+20, label, width-right+45, label, width-right+52, label+4, c.name)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// duration writes a power of ten of a microsecond.
func duration(power float64) string {
	return (time.Duration(math.Round(math.Pow(10, power+3)))).String()
}
