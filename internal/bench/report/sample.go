package report

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Sample is one figure, measured several times.
type Sample []float64

// Median is the middle of a sample, or the mean of the two in the middle; 0 of none.
func (s Sample) Median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}
	return sorted[half]
}

// Over divides what was measured in the same run, run by run.
func (s Sample) Over(ceiling Sample) Sample {
	ratios := make(Sample, min(len(s), len(ceiling)))
	for i := range ratios {
		ratios[i] = s[i] / ceiling[i]
	}
	return ratios
}

// Ratio writes the median with the least and the most, as ×1.21 (1.18–1.25, 3 runs).
func (s Sample) Ratio() string {
	switch len(s) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("×%.2f", s[0])
	}
	return fmt.Sprintf("×%.2f (%.2f–%.2f, %d runs)", s.Median(), slices.Min(s), slices.Max(s), len(s))
}

// Quantile returns the time that the share q of the times do not exceed. It sorts them.
func Quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	i := int(math.Ceil(q*float64(len(times)))) - 1
	return times[min(max(i, 0), len(times)-1)]
}

// Seconds writes a number of seconds with three digits and the unit that fits.
func Seconds(s float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}} {
		if s >= unit.size {
			return digits(s/unit.size) + " " + unit.name
		}
	}
	return digits(s/1e-9) + " ns"
}

// Bytes writes a number of bytes with three digits and the unit that fits.
func Bytes(b float64) string {
	for _, unit := range []struct {
		name string
		size float64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}} {
		if b >= unit.size {
			return digits(b/unit.size) + " " + unit.name
		}
	}
	return digits(b) + " B"
}

// PerSecond writes a rate, with commas between thousands.
func PerSecond(r float64) string { return Count(r) + "/s" }

// Count writes a number: of a thousand and more with commas, and no fraction.
func Count(n float64) string {
	if n < 1000 && n != math.Trunc(n) {
		return digits(n)
	}
	plain := fmt.Sprintf("%.0f", n)
	for i := len(plain) - 3; i > 0; i -= 3 {
		plain = plain[:i] + "," + plain[i:]
	}
	return plain
}

// digits writes what is below 1000 with three significant digits.
func digits(n float64) string {
	switch {
	case n == 0:
		return "0"
	case math.Abs(n) >= 99.95:
		return fmt.Sprintf("%.0f", n)
	case math.Abs(n) >= 9.995:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.2f", n)
}
