package fhirpath

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAggregates has the examples of the specification, 7, and its edges.
func TestAggregates(t *testing.T) {
	requireResults(t, `{"n":[3,1,2,2],"d":["2020-02","2019-12-31","2020-03-01"],"w":["b","a","c"]}`, map[string]string{
		"(1.0 | 2.0 | 3.0 | 4.0 | 5.0).sum()":                          "15.0",
		"(1.0 'mg' | 2.0 'mg' | 3.0 'mg' | 4.0 'mg' | 5.0 'mg').sum()": "15.0 'mg'",
		"(1 | 2).sum()":                     "3",
		"(1 | 2).sum() is Integer":          "true",
		"n.sum()":                           "8",
		"5.sum()":                           "5",
		"{}.sum()":                          "",
		"(0.1 | 0.2).sum()":                 "0.3",
		"(1 day | 2 days).sum()":            "3 days",
		"(2147483647 | 1).sum()":            "",
		"(1L | 2L).sum() is Long":           "true",
		"(2L | 4L | 8L | 6L).max() is Long": "true",
		"(2 | 4 | 8 | 6).min()":             "2",
		"(2 | 4 | 8 | 6).max()":             "8",
		"(@2012-12-31 | @2013-01-01 | @2012-01-01).min()":            "2012-01-01",
		"(@2012-12-31 | @2013-01-01 | @2012-01-01).max()":            "2013-01-01",
		"(@T12:00 | @T11:59).min()":                                  "11:59",
		"(@2012-01-01T10:00:00Z | @2012-01-01T10:30:00+01:00).min()": "2012-01-01T10:30:00+01:00",
		"('b' | 'a' | 'c').max()":                                    "c",
		"w.min()":                                                    "a",
		"(1.5 | 1.25).min()":                                         "1.25",
		"(2 'mg' | 1.5 'mg').min()":                                  "1.5 'mg'",
		"n.max()":                                                    "3",
		"d.min()":                                                    "2019-12-31",
		"d.max()":                                                    "2020-03-01",
		"(@2012 | @2012-01).min()":                                   "", // nobody knows
		"{}.min()":                                                   "",
		"{}.max()":                                                   "",
		"'x'.min()":                                                  "x",
		"(5.5 | 4.7 | 4.8).avg()":                                    "5.0",
		"(5.5 'cm' | 4.7 'cm' | 4.8 'cm').avg()":                     "5.0 'cm'",
		"(1 | 2).avg()":                                              "1.5",
		"n.avg()":                                                    "2.0",
		"(1 | 2 | 4).avg()":                                          "2.33333333333333333333",
		"(1 | 3).avg() is Decimal":                                   "true",
		"(9223372036854775807L | 9223372036854775805L).avg()": "9223372036854775806.0",
		"{}.avg()": "",
	})
	requireErrors(t, `{"a":[{},{}],"b":[true,false]}`, map[string]error{
		"(1 | 2.0).sum()":         ErrOperand, // all SHALL be of the same type
		"(1 | 2.0).min()":         ErrOperand,
		"(1 | 2.0).avg()":         ErrOperand,
		"1.combine(1 'mg').sum()": ErrOperand,
		"1.combine(1L).sum()":     ErrOperand,
		"('a' | 1).max()":         ErrOperand,
		"('a' | 'b').sum()":       ErrOperand,
		"'a'.sum()":               ErrOperand,
		"'a'.avg()":               ErrOperand,
		"@2012.sum()":             ErrOperand,
		"(@2012 | @2013).avg()":   ErrOperand,
		"(@2012 | @2013T).min()":  ErrOperand,
		"(@2012 | @T10).min()":    ErrOperand,
		"b.min()":                 ErrOperand,
		"true.max()":              ErrOperand,
		"a.min()":                 ErrOperand,
		"a.sum()":                 ErrOperand,
	})
	requireErrors(t, `{"n":[1`+strings.Repeat(",1", 1000)+`]}`, map[string]error{
		"n.select(%context.n.sum())": ErrLimit,
		"n.select(%context.n.max())": ErrLimit,
	})
}

// TestAggregatesOfUnlikeUnits holds that no unit is taken for another.
func TestAggregatesOfUnlikeUnits(t *testing.T) {
	for name := range aggregationFunctions {
		got, _ := evaluated(t, "(1 'mg').combine(1 's')."+name+"()", `{}`)
		require.Empty(t, got, name) // an error or an empty result, as + and < have it
	}
}

func BenchmarkAggregates(b *testing.B) {
	for _, expression := range []string{"(1.5 | 2.5 | 3.5).sum()", "(1.5 | 2.5 | 3.5).avg()", "(1 | 2 | 3).max()"} {
		b.Run(expression, func(b *testing.B) { benchmarkExpression(b, expression) })
	}
}
