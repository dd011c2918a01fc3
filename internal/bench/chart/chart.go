package chart

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"
)

// Chart is a picture of some lines.
type Chart struct {
	File   string   `json:"file"` // its name
	Title  string   `json:"title"`
	X      Axis     `json:"x"`
	Y      Axis     `json:"y"`
	Series []Series `json:"series"`
}

// Axis says what a coordinate is.
type Axis struct {
	Name string   `json:"name"`
	Log  bool     `json:"log,omitempty"`  // of powers of ten; only for what is above 0
	Unit string   `json:"unit,omitempty"` // s: seconds, B: bytes, "": a number
	At   []string `json:"at,omitempty"`   // names of the places 0, 1, 2 …, where a coordinate is no number
}

// Series is one line; Bare tells that it is a ceiling, which is dashed. Those of one
// Kind have one colour.
type Series struct {
	Name   string  `json:"name"`
	Kind   string  `json:"kind,omitempty"` // default: Name
	Bare   bool    `json:"bare,omitempty"`
	Points []Point `json:"points"`
}

// Point is one place of a line.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// The picture's measures, in pixels.
const (
	width, height           = 780, 400
	left, right, top, below = 70, 270, 34, 50
)

const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">
<style>
svg { background: #fff } text { fill: #24292f } .grid { stroke: #d0d7de } .line { fill: none; stroke-width: 2 } .bare { stroke-dasharray: 5 4 }
.c0 { stroke: #0969da } .c1 { stroke: #cf222e } .c2 { stroke: #1a7f37 } .c3 { stroke: #8250df } .c4 { stroke: #bf8700 } .c5 { stroke: #bf3989 } .c6 { stroke: #6e7781 } .c7 { stroke: #9a6700 }
@media (prefers-color-scheme: dark) { svg { background: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
.c0 { stroke: #58a6ff } .c1 { stroke: #ff7b72 } .c2 { stroke: #3fb950 } .c3 { stroke: #bc8cff } .c4 { stroke: #d29922 } .c5 { stroke: #f778ba } .c6 { stroke: #8b949e } .c7 { stroke: #d4a72c } }
</style>
<title>%s</title>
<text x="%d" y="18">%s</text>
`

// colours is how many kinds can be told apart.
const colours = 8

// SVG draws it.
func (c Chart) SVG() []byte {
	var b bytes.Buffer
	title := html.EscapeString(c.Title)
	fmt.Fprintf(&b, head, width, height, title, left, title)
	xs, ys := c.span()
	x := func(v float64) float64 { return left + xs.share(v)*(width-left-right) }
	y := func(v float64) float64 { return height - below - ys.share(v)*(height-top-below) }
	for _, v := range ys.ticks() {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" y1="%.1f" x2="%d" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, y(v), width-right, y(v), left-8, y(v)+4, c.Y.label(v))
	}
	for _, v := range xs.ticks() {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x(v), height-below+20, c.X.label(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (left+width-right)/2, height-10, html.EscapeString(c.X.Name))
	kinds := map[string]int{}
	for i, s := range c.Series {
		kind := s.Kind
		if kind == "" {
			kind = s.Name
		}
		if _, ok := kinds[kind]; !ok {
			kinds[kind] = len(kinds) % colours
		}
		class := fmt.Sprintf("line c%d", kinds[kind])
		if s.Bare {
			class += " bare"
		}
		var points []string
		for _, p := range s.Points {
			if xs.holds(p.X) && ys.holds(p.Y) {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(p.X), y(p.Y)))
			}
		}
		at := top + 10 + i*22
		fmt.Fprintf(&b, `<polyline class="%s" points="%s"/><line class="%s" x1="%d" y1="%d" x2="%d" y2="%d"/><text x="%d" y="%d">%s</text>`+"\n",
			class, strings.Join(points, " "), class, width-right+20, at, width-right+45, at, width-right+52, at+4, html.EscapeString(s.Name))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// span finds out from where to where the axes go.
func (c Chart) span() (x, y span) {
	x, y = newSpan(c.X), newSpan(c.Y)
	for _, s := range c.Series {
		for _, p := range s.Points {
			x.include(p.X)
			y.include(p.Y)
		}
	}
	if !c.Y.Log {
		y.include(0)
	}
	y.round()
	return x, y
}

// label names a place of an axis.
func (a Axis) label(v float64) string {
	switch {
	case a.At != nil:
		if i := int(v); i < len(a.At) {
			return html.EscapeString(a.At[i])
		}
		return ""
	case a.Unit == "s":
		return scaled(v, "s", "ms", "µs", "ns")
	case a.Unit == "B":
		return scaled(v/1e9, "GB", "MB", "KB", "B")
	case a.Log && v >= 1000:
		return fmt.Sprintf(`10<tspan dy="-5" font-size="10">%.0f</tspan>`, math.Log10(v))
	}
	return fmt.Sprintf("%g", v)
}

// scaled writes v in the first unit, each of which is a thousand of the next, in which
// it is at least one.
func scaled(v float64, units ...string) string {
	for _, unit := range units[:len(units)-1] {
		if v >= 0.9999 {
			return fmt.Sprintf("%.3g %s", v, unit)
		}
		v *= 1000
	}
	return fmt.Sprintf("%.3g %s", v, units[len(units)-1])
}
