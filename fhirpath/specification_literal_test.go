package fhirpath

import "testing"

// TestLiteral: 4.1, and the lexical elements of 8.
func TestLiteral(t *testing.T) {
	answers{
		"true": "true", "false": "false",
		"0": "0", "45": "45", "-5": "-5", "007": "7", "2147483647": "2147483647", "-2147483648": "-2147483648",
		"4294967295": "4294967295", // the grammar's range is wider than the type's
		"4294967296": refusal("beyond an Integer"), "4294967296.0": "4294967296.0", "4294967296 'mg'": "4294967296 'mg'",
		"0L": "0L", "45L": "45L", "-5L": "-5L", "9223372036854775807L": "9223372036854775807L",
		"9223372036854775808L": refusal("Long"),
		"45l":                  refusal("expected an operator"),
		"1.5L":                 refusal("expected an operator"),
		"0.0":                  "0.0", "3.14159265": "3.14159265", "1.50": "1.50",
		"99999999999999999999.99999999":  "99999999999999999999.99999999", // the least range that an engine must have
		"-99999999999999999999.99999999": "-99999999999999999999.99999999",
		"1e3":                            refusal("expected an operator"), // no exponents
		".5":                             refusal("expected an expression"),
		"5.":                             refusal("expected a name"),
		"1.toString()":                   "'1'",
		"1.5.toString()":                 "'1.5'",
		"4.5 'mg'":                       "4.5 'mg'", "100 '[degF]'": "100 '[degF]'", "2 years": "2 years", "4 days": "4 days",
		"4'mg'": "4 'mg'", "4\n\t'mg'": "4 'mg'", "4 /* of */ days": "4 days", "1 year": "1 year", "0.5 'kg/m2'": "0.5 'kg/m2'",
		"4 'Mg' = 4 'mg'":   "false", // units have case
		"1 Year":            refusal("expected an operator"),
		"4 days.toString()": "'4 days'",
		"{}":                "",
	}.hold(t, patient)
}

// TestStringLiteral: 4.1.2.
func TestStringLiteral(t *testing.T) {
	answers{
		`'test string'`:           "'test string'",
		`'urn:oid:3.4.5.6.7.8'`:   "'urn:oid:3.4.5.6.7.8'",
		`''`:                      "''",
		`'\'\"\` + "`" + `\\'`:    "''\"`\\'",
		`'\r\n\t\f'`:              "'\r\n\t\f'",
		`'\/'`:                    "'/'", // of the grammar of N1
		`'\u0050'`:                "'P'",
		`'\u00e9' = '\u00E9'`:     "true",
		`'\p'`:                    "'p'", // no escape: the backslash is ignored
		`'\\p'`:                   `'\p'`,
		`'\3'`:                    "'3'",
		`'\u005'`:                 "'u005'",
		`'\u'`:                    "'u'",
		`'\u00g0'`:                "'u00g0'",
		`'\'`:                     "''",
		`'\é'`:                    "'é'",
		`'🔥'`:                     "'🔥'",
		`'\uD83D\uDD25'`:          "'🔥'",
		`'\uD83D\uDD25' = '🔥'`:    "true",
		`'\uD83D'`:                refusal("surrogate"),
		`'\uDD25'`:                refusal("surrogate"),
		`'\uD83Dx'`:               refusal("surrogate"),
		`'\uDD25\uD83D'`:          refusal("surrogate"),
		`'\uD83D\uD83D'`:          refusal("surrogate"),
		`'a`:                      refusal("quote without an end"),
		`"a"`:                     refusal("single quotes"),
		`'\u00E9'.length()`:       "1",
		`'\u0065\u0301'.length()`: "2",
		`'\uD83D\uDD25'.length()`: "1",
		`'/* no comment */'`:      "'/* no comment */'",
		`'it''s'`:                 refusal("expected an operator"),
		"'two\nlines'":            "'two\nlines'",
		`'\u0041b' & 'c' = 'Abc'`: "true",
	}.hold(t, patient)
}

// TestTemporalLiteral: 4.1.6 to 4.1.8.
func TestTemporalLiteral(t *testing.T) {
	answers{
		"@2014-01-25": "@2014-01-25", "@2014-01": "@2014-01", "@2014": "@2014", "@0001-01-01": "@0001-01-01",
		"@9999-12-31":    "@9999-12-31",
		"@T14:30:14.559": "@T14:30:14.559", "@T12:00": "@T12:00", "@T14": "@T14", "@T00:00:00.000": "@T00:00:00.000",
		"@T23:59:59.999":             "@T23:59:59.999",
		"@2014-01-25T14:30:14.559":   "@2014-01-25T14:30:14.559",
		"@2014-01-25T14:30:14.559Z":  "@2014-01-25T14:30:14.559Z",
		"@2015-02-04T14:34:28+09:00": "@2015-02-04T14:34:28+09:00",
		"@2015-02-04T14:34:28-05:30": "@2015-02-04T14:34:28-05:30", "@2015-02-04T14:34:28+00:00": "@2015-02-04T14:34:28+00:00",
		"@2014-01-25T14:30":              "@2014-01-25T14:30",
		"@2014-01-25T14":                 "@2014-01-25T14",
		"@2014-01-25T14:30Z":             "@2014-01-25T14:30Z",
		"@2014-03-25T":                   "@2014-03-25T",
		"@2014-01T":                      "@2014-01T",
		"@2014T":                         "@2014T",
		"@2014.is(Date)":                 "true",
		"@2014T.is(DateTime)":            "true",
		"@2014-01-25T14:30.is(DateTime)": "true",
		"@T12:00.is(Time)":               "true",
		"@2014-12-31-1 day":              "@2014-12-30", // the longest token ends behind the day
		"@2014-1 month":                  "@2014",
		"@T10:30-1 hour":                 "@T09:30",
		"@T10:30+1 hour":                 "@T11:30",
		"@2014-01-25T10:30-1 hour":       "@2014-01-25T09:30",
		"@2014-01-25T10:30+1 hour":       "@2014-01-25T11:30",
		"@2014-01-25T10:30-01:00":        "@2014-01-25T10:30-01:00",
		"@-10-20":                        refusal("expected a date or time"),
		"@":                              refusal("expected a date or time"),
		"@14":                            refusal("expected a date or time"),
		"@0000":                          refusal("not a date or time"),
		"@2014-13":                       refusal("not a date or time"),
		"@2014-00":                       refusal("not a date or time"),
		"@2014-02-30":                    refusal("not a date or time"),
		"@2015-02-29":                    refusal("not a date or time"),
		"@2016-02-29":                    "@2016-02-29",
		"@2014-W10":                      refusal("unknown type W10"),
		"@20140125":                      refusal("expected an operator"),
		"@T24:00":                        refusal("not a date or time"),
		"@T10:60":                        refusal("not a date or time"),
		"@T10:30Z":                       refusal("expected an operator"), // a Time has no offset
		"@2014-01T10:30":                 refusal("not a date or time"),
		"@2014-01-25T10:30+25:00":        refusal("not a date or time"),
		"@2014-01-25Z":                   refusal("expected an operator"),
		"@2014-01-25T10:30:14.":          refusal("expected a name"),
	}.hold(t, patient)
}

// TestLexical: 8, white space, comments, keywords and identifiers.
func TestLexical(t *testing.T) {
	answers{
		"2 + 2 // sum":               "4",
		"2 + // sum\n 2":             "4",
		"2 /* sum\n of */ + 2":       "4",
		"// all\n1":                  "1",
		"/* all":                     refusal("comment without an end"),
		"1//":                        "1",
		"4/**/2":                     refusal("expected an operator"),
		"8 / 2":                      "4.",
		"\t1\r\n+ \t1":               "2",
		"1\u00a0":                    refusal("unexpected character"),
		"name\v":                     refusal("unexpected character"),
		" ":                          refusal("expected an expression"),
		"Patient . name . count ( )": "2",
		"`name`. `given` [ 0 ]":      "'Peter'",
		"_x":                         refusal("no element has such a name"), // what FHIR's JSON hides
		"é":                          refusal("unexpected character"),
		"Name":                       refusal("unknown type Name"),
		"`\\u006eame`.count()":       "2",
		"`a\\`b`":                    "",
		"`unknown name`":             "",
		"is":                         "", "as": "", "contains": "", "in": "",
		"as as string":        "",
		"is is string":        "",
		"contains contains 1": "false",
		"`div`":               "", "`and`.`mod`": "",
		"div": refusal("expected a name"), "name.mod": refusal("expected a name"),
		"name.and": refusal("expected a name"), "day": refusal("keyword day"), "name.year": refusal("keyword year"), "`day`": "", "months": refusal("keyword months"), "xor": refusal("expected a name"),
		"implies":                    refusal("expected a name"),
		"TRUE":                       refusal("unknown type TRUE"),
		"1 AND 1":                    refusal("expected an operator"),
		"1 andtrue":                  refusal("expected an operator"),
		"true and(true)":             "true",
		"$this.id":                   "'p1'",
		"$index":                     "",
		"$This":                      refusal("expected $this"),
		"$total":                     refusal("$total"),
		"name.$this":                 refusal("expected a name"),
		"1 + ":                       refusal("expected an expression"),
		"name.where(":                refusal("expected an expression"),
		"name.where(true":            refusal("expected ,"),
		"name.where(true,)":          refusal("expected an expression"),
		"name..given":                refusal("expected a name"),
		"name given":                 refusal("expected an operator"),
		"(1":                         refusal("expected )"),
		"Coding { code : 'x' }":      refusal("instance selectors"),
		"Period {:}":                 refusal("instance selectors"),
		"FHIR.Coding { code : 'x' }": refusal("instance selectors"),
	}.hold(t, patient)
}

// TestEnvironmentVariable: 9.
func TestEnvironmentVariable(t *testing.T) {
	answers{
		"%ucum":                    "'http://unitsofmeasure.org'",
		"%`ucum`":                  "'http://unitsofmeasure.org'",
		"%'ucum'":                  "'http://unitsofmeasure.org'",
		"% ucum":                   refusal("expected a name behind %"),
		"%context = $this":         "true",
		"name.select(%context.id)": "'p1', 'p1'",
		"%resource.id":             "'p1'",
		"%rootResource.id":         "'p1'",
		"%sct":                     "'http://snomed.info/sct'",
		"%loinc":                   "'http://loinc.org'",
		"%`vs-gender`":             "'http://hl7.org/fhir/ValueSet/gender'",
		"%'vs-gender'":             "'http://hl7.org/fhir/ValueSet/gender'",
		"%`ext-birth-time`":        "'http://hl7.org/fhir/StructureDefinition/birth-time'",
		"%given":                   "'p1'",
		"%`us-zip`":                "", // declared, without a value
		"%'us-zip'":                "",
		"%us-zip":                  refusal("unknown variable %us"),
		"%unknown":                 refusal("unknown variable %unknown"),
	}.hold(t, patient)
}

// TestPrecedence: 6.9.
func TestPrecedence(t *testing.T) {
	answers{
		"-7.combine(3)":                    ErrSingleton,
		"-(7.combine(3))":                  ErrSingleton,
		"(-7).combine(3)":                  "-7, 3",
		"-name.count()":                    "-2",
		"-name[0].given.count()":           "-2",
		"1 + 2 * 3":                        "7",
		"(1 + 2) * 3":                      "9",
		"-2 * 3":                           "-6",
		"2 * -3":                           "-6",
		"2 - -3":                           "5",
		"10 - 4 - 3":                       "3",
		"16 / 4 / 2":                       "2.",
		"7 div 2 * 2":                      "6",
		"7 mod 4 * 2":                      "6",
		"'a' & 'b' + 'c'":                  "'abc'",
		"1 + 1 is Integer":                 "true",
		"1 | 2 is Integer":                 "1, true",
		"(1 | 2).count() > 1":              "true",
		"1 | 2 = 2 | 1":                    "false",
		"1 < 2 = true":                     "true",
		"true = 2 > 1":                     "true",
		"1 = 1 in true":                    "true",
		"1 in 1 | 2":                       "true",
		"1 | 2 contains 2":                 "true",
		"true in true and false":           "false",
		"false and false or true":          "true",
		"true or false and false":          "true",
		"true xor true or true":            "true",
		"true or true xor true":            "false",
		"false implies false or true":      "true",
		"true implies false implies false": "true", // to the left
		"5 - 2 & 'x'":                      ErrOperand,
		"1 < 2 < 3":                        ErrOperand,
	}.hold(t, patient)
}
