package fhirpath

import "testing"

// TestComponents has the examples of the specification, 5.10, and its edges.
func TestComponents(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"@2014-01-05T10:30:00.000.yearOf()":                        "2014",
		"@2014.yearOf()":                                           "2014",
		"@2014T.yearOf()":                                          "2014",
		"@0001.yearOf()":                                           "1",
		"@T10.yearOf()":                                            "",
		"@2014-01-05T10:30:00.000.monthOf()":                       "1",
		"@2012.monthOf()":                                          "",
		"@2012-12.monthOf()":                                       "12",
		"@T10:30.monthOf()":                                        "",
		"@2014-01-05T10:30:00.000.dayOf()":                         "5",
		"@2012-12.dayOf()":                                         "",
		"@T10:30:15.5.dayOf()":                                     "",
		"@2012-01-01T03:30:40.002-07:00.hourOf()":                  "3",
		"@2012-01-01T16:30:40.002-07:00.hourOf()":                  "16",
		"@T16.hourOf()":                                            "16",
		"@2012-01-01.hourOf()":                                     "",
		"@2012-01-01T.hourOf()":                                    "",
		"@2012-01-01T12:30:40.002-07:00.minuteOf()":                "30",
		"@T12.minuteOf()":                                          "",
		"@2012-01-01T12:30:40.002-07:00.secondOf()":                "40",
		"@T12:30.secondOf()":                                       "",
		"@2012-01-01T12:30:00.002-07:00.millisecondOf()":           "2",
		"@T12:30:00.5.millisecondOf()":                             "500",
		"@T12:30:00.1239.millisecondOf()":                          "123",
		"@T12:30:00.millisecondOf()":                               "",
		"@2012-01-01T12:30:00.000-07:00.timezoneOffsetOf()":        "-7.0",
		"@2012-01-01T12:30:00.000+08:45.timezoneOffsetOf()":        "8.75",
		"@2012-01-01T12:30:00-07:30.timezoneOffsetOf()":            "-7.5",
		"@2012-01-01T12:30:00Z.timezoneOffsetOf()":                 "0.0",
		"@2012-01-01T12:30:00Z.timezoneOffsetOf() is Decimal":      "true",
		"@2012-01-01T12:30:00.timezoneOffsetOf()":                  "",
		"@2012-01-01.timezoneOffsetOf()":                           "",
		"@T12:30.timezoneOffsetOf()":                               "",
		"@2012-01-01T12:30:00.000-07:00.dateOf()":                  "2012-01-01",
		"@2012-01-01T12:30:00.000-07:00.dateOf() = @2012-01-01":    "true",
		"@2012-01-01T12:30:00.dateOf() is Date":                    "true",
		"@2012-01T.dateOf()":                                       "2012-01",
		"@2012.dateOf()":                                           "2012",
		"@T12.dateOf()":                                            "",
		"@2012-01-01T12:30:00.000-07:00.timeOf()":                  "12:30:00.000",
		"@2012-01-01T12:30:00.000-07:00.timeOf() = @T12:30:00.000": "true",
		"@2012-01-01T12.timeOf()":                                  "12",
		"@2012-01-01T12.timeOf() is Time":                          "true",
		"@2012-01-01T.timeOf()":                                    "",
		"@2012-01-01.timeOf()":                                     "",
		"@T12:30.timeOf()":                                         "", // no DateTime
		"{}.yearOf()":                                              "",
		"'2014-01-05'.yearOf()":                                    "", // no Date
		"2014.yearOf()":                                            "",
		"true.hourOf()":                                            "",
	})
	requireResults(t, patient, map[string]string{
		"birthDate.yearOf()":                           "1974",
		"birthDate.hourOf()":                           "",
		"birthDate.extension.value.timeOf()":           "14:35:45",
		"birthDate.extension.value.timezoneOffsetOf()": "-5.0",
		"name.given.first().yearOf()":                  "",
		"Patient.yearOf()":                             "",
	})
	errors := map[string]error{}
	for name := range componentFunctions {
		errors["(@2014 | @2015)."+name+"()"] = ErrSingleton
	}
	requireErrors(t, `{}`, errors)
}

func BenchmarkComponents(b *testing.B) {
	for _, expression := range []string{"@2014-01-05.yearOf()", "@2012-01-01T12:30:00.000+08:45.timezoneOffsetOf()"} {
		b.Run(expression, func(b *testing.B) { benchmarkExpression(b, expression) })
	}
}
