package fhirpath

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBoundary has the examples of the specification, 5.10, and its edges.
func TestBoundary(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"1.587.lowBoundary()":         "1.58650000",
		"1.587.lowBoundary(6)":        "1.586500",
		"1.587.lowBoundary(2)":        "1.58",
		"1.587.lowBoundary(0)":        "1",
		"(-1.587).lowBoundary()":      "-1.58750000",
		"(-1.587).lowBoundary(6)":     "-1.587500",
		"(-1.587).lowBoundary(2)":     "-1.59",
		"(-1.587).lowBoundary(0)":     "-2",
		"1.587.highBoundary()":        "1.58750000",
		"1.587.highBoundary(6)":       "1.587500",
		"1.587.highBoundary(2)":       "1.59",
		"1.587.highBoundary(0)":       "2",
		"(-1.587).highBoundary()":     "-1.58650000",
		"(-1.587).highBoundary(6)":    "-1.586500",
		"(-1.587).highBoundary(2)":    "-1.58",
		"(-1.587).highBoundary(0)":    "-1",
		"1.5870.lowBoundary(6)":       "1.586950", // the last zero is known
		"9.95.highBoundary(1)":        "10.0",
		"0.0.lowBoundary(2)":          "-0.05",
		"0.0.highBoundary(2)":         "0.05",
		"0.0034.lowBoundary(1)":       "0.0",
		"0.0034.highBoundary(1)":      "0.0",
		"1.lowBoundary()":             "0.50000000",
		"1.lowBoundary(0)":            "0",
		"1.lowBoundary(0) is Decimal": "true",
		"1.highBoundary(0)":           "2",
		"120.highBoundary(2)":         "120.50",
		"1.lowBoundary(31)":           "0.5000000000000000000000000000000",
		"1.lowBoundary(32)":           "",
		"1.lowBoundary(-1)":           "",
		"1.highBoundary(4294967295)":  "",
		"1.lowBoundary({})":           "",
		"{}.lowBoundary()":            "",
		"{}.highBoundary(2)":          "",
		"1.587 'cm'.lowBoundary(8)":   "1.58650000 'cm'",
		"1.587 'm'.highBoundary()":    "1.58750000 'm'",
		"1 'm'.highBoundary(32)":      "",
		"2 days.highBoundary(1)":      "2.5 days",

		"@2014.lowBoundary(6)":                              "2014-01",
		"@2014.lowBoundary()":                               "2014-01-01",
		"@2014.lowBoundary(4)":                              "2014",
		"@2014.highBoundary(6)":                             "2014-12",
		"@2014.highBoundary()":                              "2014-12-31",
		"@2016-02.highBoundary()":                           "2016-02-29",
		"@2015-02.highBoundary(8)":                          "2015-02-28",
		"@2015-02-03.highBoundary(6)":                       "2015-02",
		"@2015-02-03.lowBoundary(4)":                        "2015",
		"@9999.highBoundary()":                              "9999-12-31",
		"@0001.lowBoundary()":                               "0001-01-01",
		"@2014.lowBoundary(5)":                              "",
		"@2014.lowBoundary(0)":                              "",
		"@2014.lowBoundary(-4)":                             "",
		"@2014.lowBoundary(17)":                             "",
		"@2014.lowBoundary() is Date":                       "true",
		"@2014T.lowBoundary() is DateTime":                  "true",
		"@T10.lowBoundary() is Time":                        "true",
		"@2014T.lowBoundary()":                              "2014-01-01T00:00:00.000+14:00",
		"@2014T.highBoundary()":                             "2014-12-31T23:59:59.999-12:00",
		"@2014-01-01T08.lowBoundary(17)":                    "2014-01-01T08:00:00.000+14:00",
		"@2014-01-01T08.highBoundary(17)":                   "2014-01-01T08:59:59.999-12:00",
		"@2014-01-01T08.lowBoundary(12)":                    "2014-01-01T08:00+14:00",
		"@2014-01-01T08.highBoundary(10)":                   "2014-01-01T08-12:00",
		"@2014-01-01T08.highBoundary(14)":                   "2014-01-01T08:59:59-12:00",
		"@2014-01-01T08.lowBoundary(8) = @2014-01-01T":      "true",
		"@2014-01-01T08.lowBoundary(8) is DateTime":         "true",
		"@2014-01-01T08:05+08:00.lowBoundary(17)":           "2014-01-01T08:05:00.000+08:00",
		"@2014-01-01T08:05-05:00.highBoundary(17)":          "2014-01-01T08:05:59.999-05:00",
		"@2014-01-01T08:05:30.5Z.lowBoundary()":             "2014-01-01T08:05:30.500Z",
		"@2014-01-01T08:05:30.5Z.highBoundary()":            "2014-01-01T08:05:30.599Z",
		"@2014-01-01T08:05:30.123456789Z.highBoundary()":    "2014-01-01T08:05:30.123Z",
		"@2014-01-01T08:05:30Z.highBoundary(6) = @2014-01T": "true",
		"@2014-01-01T08:05:30.lowBoundary(15)":              "",
		"@2014-01-01T08:05:30.lowBoundary(18)":              "",
		"@T10:30.lowBoundary(9)":                            "10:30:00.000",
		"@T10:30.highBoundary(9)":                           "10:30:59.999",
		"@T10:30.highBoundary()":                            "10:30:59.999",
		"@T10:30.highBoundary(2)":                           "10",
		"@T23.highBoundary(4)":                              "23:59",
		"@T10:30:15.highBoundary(6)":                        "10:30:15",
		"@T10:30.highBoundary(8)":                           "",
		"@T10:30.highBoundary(0)":                           "",
		"@T10:30.highBoundary(-8)":                          "",
		"@T10:30.highBoundary(-2147483648)":                 "",
	})
	requireErrors(t, `{"a":[1,2],"s":"1"}`, map[string]error{
		"a.lowBoundary()":       ErrSingleton,
		"'x'.lowBoundary()":     ErrOperand,
		"'2014'.highBoundary()": ErrOperand,
		"true.highBoundary()":   ErrOperand,
		"1.lowBoundary('1')":    ErrOperand,
		"1.lowBoundary(1.0)":    ErrOperand,
		"1.lowBoundary(1 | 2)":  ErrSingleton,
	})
}

// TestBoundaryOfElements reads what JSON holds.
func TestBoundaryOfElements(t *testing.T) {
	const resource = `{"resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"mg","code":"mg"},
		"effectiveDateTime":"2015-02-03T10:00:00+01:00","referenceRange":[{"low":{"value":1e-30}}]}`
	requireResults(t, resource, map[string]string{
		"value.lowBoundary()":                                "1.49500000 'mg'",
		"value.value.highBoundary(3)":                        "1.505",
		"value.value.precision()":                            "2",
		"effective.highBoundary()":                           "2015-02-03T10:00:00.999+01:00",
		"effective.precision()":                              "14",
		"referenceRange.low.value.highBoundary()":            "0.00000000",
		"referenceRange.low.value.highBoundary(31)":          "0.0000000000000000000000000000015",
		"value.lowBoundary() < value.highBoundary()":         "true",
		"effective.lowBoundary() < effective.highBoundary()": "true",
	})
}

// TestBoundariesEnclose holds that no moment of a partial value is outside of its
// boundaries, and that they are of the value.
func TestBoundariesEnclose(t *testing.T) {
	for _, source := range []string{"@2016", "@2016-02", "@2016-02-29", "@2016T", "@2016-02-29T23", "@2016-02-29T23:59Z",
		"@2016-02-29T23:59:59.9+05:30", "@T00", "@T23:59", "@9999-12", "@0001-01-01T00"} {
		value, ok := parseLiteralTemporal(source)
		require.True(t, ok)
		first, ok1 := value.boundary(low, value.fullDigits())
		last, ok2 := value.boundary(high, value.fullDigits())
		require.True(t, ok1 && ok2)
		covered := func(at time.Time) time.Time {
			return cutTo(at, value.precision).Truncate(unitOf(value.digits))
		}
		for _, b := range []temporal{first, last} {
			require.Equal(t, covered(value.at), covered(b.at), source)
			require.Equal(t, value.kind, b.kind)
			require.Equal(t, value.fullDigits(), b.digitCount())
		}
		require.Equal(t, covered(value.at), first.at, source)
		if value.kind != dateKind {
			require.NotEqual(t, covered(value.at), covered(last.at.Add(time.Millisecond)), source)
		}
	}
}

func BenchmarkBoundary(b *testing.B) {
	for _, expression := range []string{"1.587.lowBoundary()", "@2014-01-01T08.highBoundary()"} {
		b.Run(expression, func(b *testing.B) { benchmarkExpression(b, expression) })
	}
}
