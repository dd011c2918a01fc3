package console

import (
	"strconv"
	"time"
)

// chart is a day in bars, in the units of its picture.
type chart struct {
	Bars   []bar
	Most   uint32 // events or failures in the highest bar
	Labels []label
	Width  int
}

// bar is a part of the day: events from below, failed attempts on top of them.
type bar struct {
	X, Width              int
	EventsY, EventsHeight int
	FailedY, FailedHeight int
	Title                 string
}

type label struct {
	X    int
	Text string
}

// Sizes of the picture.
const (
	chartWidth  = 960
	chartHeight = 120
)

// chartOf draws ticks of which each lasts so long, the last of them now.
func chartOf(ticks []tick, each time.Duration, now time.Time) chart {
	c := chart{Width: chartWidth}
	for _, t := range ticks {
		c.Most = max(c.Most, t.Events+t.Failed)
	}
	step := chartWidth / len(ticks)
	newest := now.UTC().Truncate(each)
	for i, t := range ticks {
		from := newest.Add(-each * time.Duration(len(ticks)-1-i))
		b := bar{X: i * step, Width: max(step-2, 1), Title: from.Format("15:04") + " UTC: " + count(int64(t.Events), "event") + ", " + count(int64(t.Failed), "failed attempt")}
		b.EventsHeight, b.FailedHeight = height(t.Events, c.Most), height(t.Failed, c.Most)
		b.EventsHeight = min(b.EventsHeight, chartHeight-b.FailedHeight)
		b.EventsY = chartHeight - b.EventsHeight
		b.FailedY = b.EventsY - b.FailedHeight
		c.Bars = append(c.Bars, b)
		if from.Minute() == 0 && from.Hour()%6 == 0 {
			c.Labels = append(c.Labels, label{i * step, from.Format("15:04")})
		}
	}
	return c
}

// height of a number; what is not nothing can be seen.
func height(n, most uint32) int {
	if n == 0 {
		return 0
	}
	return max(int(uint64(n)*chartHeight/uint64(most)), 2)
}

// count is a number with its noun.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// grouped is a number that can be read.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}
