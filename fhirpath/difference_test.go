package fhirpath

import (
	"strings"
	"testing"
)

// TestDuration has the examples of the specification, 5.11, those of CQL's appendix
// H, which defines the words, and edges.
func TestDuration(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"@2025-01-02.duration(@2025-01-07, 'week')":                                  "0",
		"@2025-01-01.duration(@2025-09-01, 'year')":                                  "0",
		"@2024-12-01.duration(@2025-09-01, 'year')":                                  "0",
		"@2012-03-10.duration(@2013-03-10, 'year')":                                  "1",
		"@2012-03-10T10:20:00.duration(@2013-03-10T09:20:00, 'year')":                "0",
		"@2012-03-10T22:05:09.duration(@2013-02-18T19:10:03, 'year')":                "0",
		"@2012-03-10T22:05:09.duration(@2013-03-20T04:01:30, 'year')":                "1",
		"@2012-02-20.duration(@2014-02-10, 'year')":                                  "1",
		"@2012-02-29T10:18:56.duration(@2014-02-28T19:02:34, 'year')":                "2",
		"@2012-02-29.duration(@2013-02-27, 'year')":                                  "0",
		"@2012-02-20T10:20:56.duration(@2011-03-19T19:16:02, 'year')":                "0",
		"@2013-05-11T20:06:10.duration(@2012-05-11T20:06:10, 'year')":                "-1",
		"@2013-03-20T05:01:30.duration(@2011-03-30T06:45:50, 'year')":                "-1",
		"@2015-11-05T05:50:45.duration(@2013-03-29T11:01:05, 'year')":                "-2",
		"@2012-03-01T14:05:45.duration(@2012-03-31T23:01:49, 'month')":               "0",
		"@2012-03-10T22:05:09.duration(@2013-06-30T13:00:23, 'month')":               "15",
		"@2012-03-10T22:05:09.duration(@2013-01-09T07:19:33, 'month')":               "9",
		"@2013-10-15T13:07:40.duration(@2013-10-02T10:13:59, 'month')":               "0",
		"@2014-05-10T21:02:45.duration(@2013-01-08T11:13:06, 'month')":               "-16",
		"@2012-06-11T12:16:17.duration(@2011-08-21T05:48:02, 'month')":               "-9",
		"@2020-01-31.duration(@2020-02-28, 'month')":                                 "0",
		"@2020-01-31.duration(@2020-02-29, 'month')":                                 "1",
		"@2012-03-10T22:05:09.duration(@2012-03-20T07:19:33, 'week')":                "1",
		"@2013-05-26T23:06:11.duration(@2013-05-12T20:25:30, 'week')":                "-2",
		"@2012-01-31T12:30:00.duration(@2012-02-01T09:00:00, 'day')":                 "0",
		"@2012-01-31T12:30:00.duration(@2012-02-01T14:00:00, 'day')":                 "1",
		"@2011-12-05T05:00:00.duration(@2011-12-04T08:45:00, 'day')":                 "0",
		"@2011-12-05T05:00:00.duration(@2011-12-04T01:30:00, 'day')":                 "-1",
		"@2012-03-01T03:10:00.duration(@2012-03-01T05:09:00, 'hour')":                "1",
		"@2012-02-29T23:10:00.duration(@2012-03-01T00:10:00, 'hour')":                "1",
		"@2012-03-01T03:10.duration(@2012-03-01T04:00, 'hour')":                      "0",
		"@2013-10-10T12:30:00.duration(@2013-10-10T08:40:00, 'hour')":                "-3",
		"@2013-10-10T12:00:00.duration(@2013-10-10T11:30:00, 'hour')":                "0",
		"@2012-02-29T23:10:00.duration(@2012-03-01T00:20:00, 'minute')":              "70",
		"@2012-12-30T00:20:00.duration(@2012-12-29T22:00:00, 'minute')":              "-140",
		"@T10:00:00.5.duration(@T10:00:02.4, 'second')":                              "1",
		"@T10:00:00.5.duration(@T10:00:02.4, 'millisecond')":                         "1900",
		"@T10:00:02.4.duration(@T10:00:00.5, 'second')":                              "-1",
		"@T23.duration(@T01, 'hour')":                                                "-22", // no clock goes round
		"@0001-01-01T00:00:00.000.duration(@9999-12-31T23:59:59.999, 'millisecond')": "315537897599999",
		"@0001.duration(@9999, 'year')":                                              "9998",
		// Precision
		"@2020.duration(@2021, 'year')":                     "1",
		"@2020-06.duration(@2021-03, 'year')":               "0",
		"@2020.duration(@2021-03, 'year')":                  "1", // both are known to the year
		"@2020.duration(@2021, 'month')":                    "",
		"@2020-01.duration(@2021-01-01, 'day')":             "",
		"@2020-01.duration(@2021-01, 'week')":               "",
		"@2020-01-01T10.duration(@2020-01-01T11, 'minute')": "",
		"@T10:00:00.duration(@T10:00:01.5, 'millisecond')":  "",
		"@2020-01-01.duration(@2020-01-02T10:00, 'day')":    "1",
		"@2020-01-01.duration(@2020-01-02T10:00, 'hour')":   "",
		// Offsets
		"@2017-03-12T01:00:00-05:00.duration(@2017-03-12T03:30:00-04:00, 'hour')":   "1",
		"@2017-03-12T01:00:00-05:00.duration(@2017-03-12T03:30:00-04:00, 'minute')": "90",
		"@2017-03-11T23:30:00-05:00.duration(@2017-03-12T23:30:00+10:00, 'day')":    "1", // days of the calendar
		"@2017-03-12T01:00:00.duration(@2017-03-12T03:30:00-04:00, 'hour')":         "",
		"@2017-03-12T01:00:00.duration(@2017-03-13T03:30:00-04:00, 'day')":          "1",
		// Empty
		"{}.duration(@2020, 'year')":               "",
		"@2020.duration({}, 'year')":               "",
		"@2020.duration(@2020, {})":                "",
		"@2020.duration(@2021, 'year') is Integer": "true",
	})
	requireResults(t, patient, map[string]string{
		"birthDate.duration(@2020-12-24, 'year')":              "45",
		"birthDate.duration(@2020-12-25, 'year')":              "46",
		"birthDate.duration(birthDate.extension.value, 'day')": "0",
	})
	requireErrors(t, `{}`, intervalErrors("duration"))
}

// intervalErrors are the same for duration and difference.
func intervalErrors(name string) map[string]error {
	errors := map[string]error{}
	for call, want := range map[string]error{
		"(@2020 | @2021).NAME(@2022, 'year')":   ErrSingleton,
		"@2020.NAME(@2021 | @2022, 'year')":     ErrSingleton,
		"@2020.NAME(@2021, 'year' | 'month')":   ErrSingleton,
		"@2020.NAME(@2021, 'years')":            ErrOperand,
		"@2020.NAME(@2021, 'Year')":             ErrOperand,
		"@2020.NAME(@2021, 'a')":                ErrOperand,
		"@2020.NAME(@2021, 1)":                  ErrOperand,
		"@2020.NAME(@T10, 'hour')":              ErrOperand,
		"@T10.NAME(@2020-01-01T10, 'hour')":     ErrOperand,
		"@T10:00.NAME(@T11:00, 'day')":          ErrOperand,
		"@2020-01-01.NAME(@2020-01-02, 'hour')": ErrOperand,
		"'2020'.NAME(@2021, 'year')":            ErrOperand,
		"@2020.NAME('2021', 'year')":            ErrOperand,
		"2020.NAME(2021, 'year')":               ErrOperand,
	} {
		errors[strings.ReplaceAll(call, "NAME", name)] = want
	}
	return errors
}

// TestDifference has the examples of the specification, 5.11, those of CQL's appendix
// H, and edges.
func TestDifference(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"@2025-01-02.difference(@2025-01-07, 'week')":                   "1",
		"@2025-01-01.difference(@2025-09-01, 'year')":                   "0",
		"@2024-12-01.difference(@2025-09-01, 'year')":                   "1",
		"@2012-03-01T03:10:00.difference(@2012-12-31T10:10:00, 'year')": "0",
		"@2012-12-31T03:10:00.difference(@2013-01-01T10:10:00, 'year')": "1",
		"@2013-01-01.difference(@2012-12-31, 'year')":                   "-1",
		"@2012-12-31.difference(@2013-01-01, 'month')":                  "1",
		"@2013-03-01.difference(@2011-12-31, 'month')":                  "-15",
		"@2025-01-04.difference(@2025-01-05, 'week')":                   "1", // Saturday to Sunday
		"@2025-01-05.difference(@2025-01-11, 'week')":                   "0", // Sunday to Saturday
		"@2025-01-05.difference(@2025-01-04, 'week')":                   "-1",
		"@2016-10-10T09:00:00.difference(@2016-10-11T11:59:00, 'day')":  "1",
		"@2016-10-10T09:00:00.difference(@2016-10-12T00:00:00, 'day')":  "2",
		"@2016-10-10T23:59.difference(@2016-10-11T00:00, 'day')":        "1",
		"@2016-10-11T00:00.difference(@2016-10-10T23:59, 'day')":        "-1",
		"@2016-10-10T09:59.difference(@2016-10-10T10:00, 'hour')":       "1",
		"@T09:59:59.difference(@T10:00:00, 'minute')":                   "1",
		"@T09:59:59.9.difference(@T10:00:00.1, 'second')":               "1",
		"@T09:59:59.9.difference(@T10:00:00.1, 'millisecond')":          "200",
		"@T10.difference(@T09, 'hour')":                                 "-1",
		"@0001-01-01.difference(@9999-12-31, 'day')":                    "3652058",
		"@0001-01-06.difference(@0001-01-07, 'week')":                   "1",
		// Precision and offsets
		"@2020.difference(@2021-06, 'year')":                                            "1",
		"@2020.difference(@2021, 'month')":                                              "",
		"@2020-01-01T.difference(@2020-01-02T, 'hour')":                                 "",
		"@2017-03-12T01:12:05.1-05:00.difference(@2017-03-12T03:22:27.6-04:00, 'hour')": "1",
		"@2017-03-11T23:30:00-05:00.difference(@2017-03-12T00:30:00-04:00, 'day')":      "1", // in the same moment, but for days this is the calendar's
		"@2017-03-11T23:30:00-05:00.difference(@2017-03-12T00:30:00-04:00, 'hour')":     "0",
		"@2017-03-12T01:00:00.difference(@2017-03-12T03:30:00-04:00, 'minute')":         "",
		"{}.difference(@2020, 'year')":                                                  "",
		"@2020.difference({}, 'year')":                                                  "",
		"@2020.difference(@2020, {})":                                                   "",
	})
	requireErrors(t, `{}`, intervalErrors("difference"))
}

func BenchmarkInterval(b *testing.B) {
	for _, expression := range []string{"@1974-12-25.duration(@2020-12-24, 'year')", "@1974-12-25.difference(@2020-12-24, 'week')"} {
		b.Run(expression, func(b *testing.B) { benchmarkExpression(b, expression) })
	}
}
