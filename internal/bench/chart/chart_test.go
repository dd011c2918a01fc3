package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err, string(svg))
	}
}

// lines are the coordinates of each line.
func lines(t *testing.T, svg []byte) (all [][][2]float64) {
	t.Helper()
	for _, found := range regexp.MustCompile(`<polyline class="[^"]*" points="([^"]*)"`).FindAllSubmatch(svg, -1) {
		var line [][2]float64
		for _, pair := range strings.Fields(string(found[1])) {
			x, y, _ := strings.Cut(pair, ",")
			var p [2]float64
			var err error
			p[0], err = strconv.ParseFloat(x, 64)
			require.NoError(t, err)
			p[1], err = strconv.ParseFloat(y, 64)
			require.NoError(t, err)
			line = append(line, p)
		}
		all = append(all, line)
	}
	return all
}

func TestLogarithmic(t *testing.T) {
	c := Chart{Title: "a < b & c", X: Axis{Name: "subscriptions", Log: true}, Y: Axis{Log: true, Unit: "s"}, Series: []Series{
		{Name: "ours", Points: []Point{{1e3, 1e-6}, {1e4, 1e-5}, {1e5, 1e-4}}},
		{Name: "<bare>", Bare: true, Points: []Point{{1e3, 1e-6}, {1e5, 1e-6}, {0, 1}}},
	}}
	svg := c.SVG()
	wellFormed(t, svg)
	all := lines(t, svg)
	require.Len(t, all, 2)
	require.Len(t, all[0], 3)
	require.InDelta(t, all[0][1][0]-all[0][0][0], all[0][2][0]-all[0][1][0], 0.2, "tenfold is as far everywhere")
	require.InDelta(t, all[0][0][1]-all[0][1][1], all[0][1][1]-all[0][2][1], 0.2)
	require.Greater(t, all[0][0][1], all[0][2][1], "more is higher up")
	require.Len(t, all[1], 2, "what has no logarithm has no place")
	require.Contains(t, string(svg), "1 µs</text>")
	require.Contains(t, string(svg), "line c1 bare")
	require.Contains(t, string(svg), "&lt;bare&gt;")
	require.NotContains(t, string(svg), "NaN")
}

func TestLinearBeginsAtNothing(t *testing.T) {
	c := Chart{X: Axis{At: []string{"1", "8", "64"}}, Y: Axis{}, Series: []Series{
		{Name: "memory", Points: []Point{{0, 8000}, {1, 12000}, {2, 11000}}},
		{Name: "memory, bare", Kind: "memory", Bare: true, Points: []Point{{0, 20000}, {1, 16000}}},
	}}
	svg := c.SVG()
	wellFormed(t, svg)
	all := lines(t, svg)
	zero := float64(height - below)
	require.InDelta(t, (zero-all[0][0][1])/8000, (zero-all[1][0][1])/20000, 1e-4, "heights are as the values")
	require.Equal(t, 2, strings.Count(string(svg), `<polyline class="line c0`), "both are of one colour")
	require.Contains(t, string(svg), ">64</text>")
	require.Contains(t, string(svg), ">0</text>")
	require.NotContains(t, string(svg), ">-0<")
}

func TestNothingToDraw(t *testing.T) {
	for _, c := range []Chart{
		{}, {Series: []Series{{Name: "a"}}}, {X: Axis{Log: true}, Y: Axis{Log: true}},
		{Series: []Series{{Points: []Point{{5, 5}}}}}, {X: Axis{Log: true}, Y: Axis{Log: true}, Series: []Series{{Points: []Point{{-1, math.NaN()}}}}},
	} {
		svg := c.SVG()
		wellFormed(t, svg)
		require.NotContains(t, string(svg), "NaN")
		require.NotContains(t, string(svg), "Inf")
	}
}

func TestTicks(t *testing.T) {
	y := span{first: 0, last: 23000}
	y.round()
	require.Equal(t, []float64{0, 5000, 10000, 15000, 20000, 25000}, y.ticks())
	small := span{first: 0, last: 0.7}
	small.round()
	require.Len(t, small.ticks(), 5)
	require.InDelta(t, 0.8, small.last, 1e-9)
}

func TestLabels(t *testing.T) {
	require.Equal(t, "10 ms", Axis{Unit: "s"}.label(0.01))
	require.Equal(t, "1 s", Axis{Unit: "s", Log: true}.label(1))
	require.Equal(t, "250 B", Axis{Unit: "B"}.label(250))
	require.Equal(t, "1 KB", Axis{Unit: "B"}.label(1000))
	require.Equal(t, "0 B", Axis{Unit: "B"}.label(0))
	require.Equal(t, `10<tspan dy="-5" font-size="10">6</tspan>`, Axis{Log: true}.label(1e6))
	require.Equal(t, "5000", Axis{}.label(5000))
}
