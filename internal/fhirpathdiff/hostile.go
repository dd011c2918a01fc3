package main

import "strings"

// edges are the ways to make an expression at the edge of the language.
var edges = []form{
	{"literal", func(g *generator) string { return one(g, literals) }},
	{"literal", func(g *generator) string { return "(" + one(g, literals) + ").type().name" }},
	{"operator", func(g *generator) string {
		return one(g, literals) + " " + one(g, operators) + " " + one(g, literals)
	}},
	{"two operators", func(g *generator) string {
		return one(g, literals) + " " + one(g, operators) + " " + one(g, literals) + " " + one(g, operators) + " " + one(g, literals)
	}},
	{"sign", func(g *generator) string { return one(g, []string{"-", "+", "- -", "-(", "--"}) + one(g, literals) }},
	{"conversion", func(g *generator) string {
		return "(" + one(g, literals) + ")." + one(g, []string{"to", "convertsTo"}) +
			one(g, []string{"String", "Integer", "Decimal", "Boolean", "Date", "DateTime", "Time", "Quantity", "Long"}) + "()"
	}},
	{"conversion of a string", func(g *generator) string {
		return quoted(one(g, spellings)) + "." + one(g, []string{"to", "convertsTo"}) +
			one(g, []string{"Integer", "Decimal", "Boolean", "Date", "DateTime", "Time", "Quantity"}) + "()"
	}},
	{"call", func(g *generator) string { return "(" + one(g, literals) + ")" + g.call() }},
	{"call on several", func(g *generator) string {
		return "(" + one(g, literals) + " | " + one(g, literals) + ")" + g.call()
	}},
	{"type", func(g *generator) string {
		return "(" + one(g, literals) + ") " + one(g, []string{"is", "as"}) + " " + one(g, []string{"Integer", "Decimal", "String", "Boolean", "Date", "DateTime", "Time", "Quantity", "System.Integer", "integer", "FHIR.string", "Nothing"})
	}},
	{"notation", func(g *generator) string { return one(g, notations) }},
	{"broken", func(g *generator) string {
		s := one(g, notations)
		if g.often(5) {
			s = one(g, literals) + " " + one(g, operators) + " " + one(g, literals)
		}
		at := g.rand.IntN(len(s) + 1)
		if at < len(s) && g.often(5) {
			return strings.ToValidUTF8(s[:at]+s[at+1:], "")
		}
		return strings.ToValidUTF8(s[:at]+one(g, []string{"'", "`", "(", ")", ".", "%", "@", "\\", "$", " ", "0", "//", "/*"})+s[at:], "")
	}},
}

func (g *generator) call() string {
	call := one(g, calls)
	for strings.Contains(call, "?") {
		call = strings.Replace(call, "?", strings.ReplaceAll(one(g, literals), "?", ""), 1)
	}
	return call
}

var operators = []string{"+", "-", "*", "/", "div", "mod", "&", "=", "!=", "~", "!~", "<", "<=", ">", ">=", "and", "or", "xor", "implies", "in", "contains", "|"}

var literals = []string{
	"0", "1", "2", "7", "(-1)", "2147483647", "(-2147483648)", "2147483648", "007", "0.0", "1.0", "1.00", "0.5", "1.5", "2.5", "(-2.5)", "0.1", "0.3",
	"0.00000001", "1234567.89012345", "9999999999999999999.99999999", "3.14159265358979",
	"true", "false", "{}", "''", "'a'", "'A'", "' a  b '", "'ab'", "'1'", "'true'", "'é'", "'\\u00e9'", "'\\'\\\\'", "'a\\nb'", "'𝒳y'", "'2020-01-01'",
	"@2020", "@2020-02", "@2020-02-29", "@2019-02-28", "@2020-01-31", "@2020T", "@2020-02-29T", "@2020-02-29T10", "@2020-02-29T10:30",
	"@2020-02-29T10:30:00", "@2020-02-29T10:30:00.0",
	"@2020-02-29T10:30:00Z", "@2020-02-29T12:30:00+02:00", "@2020-02-29T10:30:00.000Z", "@0001-01-01", "@9999-12-31", "@2020-12-31T23:59:59.999Z",
	"@T10", "@T10:30", "@T10:30:00", "@T10:30:00.000", "@T23:59:59.999", "@T00:00",
	"1 'mg'", "0.001 'g'", "1000 'ug'", "1 'cm'", "1 year", "12 months", "1 'a'", "7 days", "1 week", "1 'wk'", "1 day", "24 hours",
	"1 'd'", "1 'h'", "60 minutes", "1 '1'", "1 '%'", "(-1 'mg')", "0 'mg'", "1 'mg/dL'", "10 'mg/L'", "37 'Cel'", "1 second",
	"1000 milliseconds", "1 month", "1 'mo'",
}

var spellings = []string{
	"", " ", "0", "1", "-1", "+1", "01", "1.0", "1.", ".5", "-0.5", "1e3", "0x10", "2147483647", "2147483648", "99999999999999999999",
	"true", "TRUE", "t", "T", "yes", "Y", "no", "n", "f", "false", "1.00", "0.0", "10",
	"2020", "2020-1", "2020-01", "2020-01-01", "2020-02-30", "2020-13-01", "2020-01-01T", "2020-01-01T10", "2020-01-01T10:00",
	"2020-01-01T10:00:00", "2020-01-01T10:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T10:00:60Z", "2020-01-01 10:00", "20200101",
	"10", "10:00", "10:00:00", "10:00:00.123", "24:00", "T10:00", "@T10:00", "1 mg", "1 'mg'", "1'mg'", "1  'mg'", "1 day", "1 days",
	"2 day", "1 'day'", "1 wk", "1.5 'kg'", "'mg'", "-1 'mg'", "1 ''", "four days", "1 hour", "NaN", "Infinity", "١",
}

var calls = []string{
	".first()", ".last()", ".tail()", ".skip(?)", ".take(?)", "[?]", ".skip(-1)", ".take(-1)", ".skip(0)", ".take(0)", ".single()",
	".count()", ".exists()", ".empty()", ".not()", ".all($this = ?)", ".where(?)", ".select(?)",
	".exists(?)", ".distinct()", ".isDistinct()", ".union(?)", ".combine(?)", ".intersect(?)", ".exclude(?)", ".subsetOf(?)",
	".supersetOf(?)", ".iif(?, 1, 2)", ".iif($this = ?, 'a')",
	".allTrue()", ".anyTrue()", ".allFalse()", ".anyFalse()", ".toString()", ".abs()", ".ceiling()", ".floor()", ".truncate()",
	".round()", ".round(?)", ".round(-1)", ".sqrt()", ".exp()", ".ln()", ".log(?)", ".power(?)",
	".length()", ".upper()", ".lower()", ".substring(?)", ".substring(0, ?)", ".substring(-1)", ".substring(1, -1)", ".indexOf(?)",
	".lastIndexOf(?)", ".startsWith(?)", ".endsWith(?)", ".contains(?)", ".replace(?, ?)", ".matches(?)", ".matches('(')",
	".replaceMatches(?, ?)",
	".replaceMatches('(', '')", ".toChars()", ".split(?)", ".join(?)", ".trim()", ".encode('base64')", ".encode('nothing')",
	".decode('base64')", ".decode('hex')", ".escape('html')", ".unescape('html')",
	".aggregate($total + $this, 0)", ".aggregate(?)", ".repeat($this)", ".repeat(?)", ".children()", ".descendants()", ".type()",
	".is(Integer)", ".ofType(Integer)", ".ofType(Decimal)", ".as(String)", ".hasValue()", ".getValue()", ".extension('x')",
	".lowBoundary()", ".highBoundary()", ".lowBoundary(?)", ".highBoundary(?)", ".precision()", ".sum()", ".min()", ".max()",
	".avg()", ".trace('x')", ".nothing()", ".first(1)", ".where()", ".substring()", ".comparable(?)",
	".yearOf()", ".duration(?, 'day')", ".difference(?, 'day')",
}

var notations = []string{
	"1 + 2 * 3", "(1 + 2) * 3", "1 - 2 - 3", "2 * 3 / 4", "1 < 2 = true", "1 = 1 is Boolean", "1 | 2 | 2 = 1 | 2",
	"true or false and false", "false implies true implies false", "true xor true or true",
	"-1 + 2", "1 - -1", "-1.abs()", "(-1).abs()", "1.5.round()", "1.toString()", "1 .toString()", "{}", "{ }", "()", "", " ",
	"// nothing", "1 // one", "/* */ 1", "1 /* one */ + /* two */ 2", "1 /*", "'\\u0041\\t\\f\\`\\\"\\/'", "'\\q'", "'\\u00'", "'",
	"`id`", "`id", "$this", "$index", "$total", "%context",
	"%resource.id", "%`context`", "%'context'", "%nothing", "%ucum", "%sct", "%loinc", "%`vs-x`", "%\"vs-x\"", "as", "is", "contains",
	"in", "contains contains contains", "day", "days", "1 days", "1 fortnight", "1 'mg' 'mg'", "id.id", "id..id", ".id", "id.",
	"id[0][0]", "id[]", "id[0", "id[0 | 1]", "id[{}]", "id['0']", "a.b.c", "where(true)", "where(where(true).exists())",
	"exists(exists())", "select(select(1))", "iif(true, 1)", "iif({}, 1, 2)", "iif(true, 1, 1/0)", "iif(false, 'a'.single(), 2)",
	"@2020-13", "@2020-01-32", "@2020-02-30", "@2019-02-29", "@T24:00", "@T10:60", "@T", "@", "@2020-01-01T10:00:00+15:00",
	"@2020-01-01T10:00:00-12:00", "@20200101", "1.", ".5", "1e5", "0x1", "1_000", "1L", "9223372036854775807L",
	"12345678901234567890", "true.false", "true true", "1 2", "id id", "now() = now()", "today() = today()", "now() > @2020",
	"timeOfDay() = timeOfDay()", "2 > 1 > 0", "1 = 1 = 1", "1 is Integer is Boolean", "(1 as Integer) as Decimal", "1 as Integer + 1",
	"'a' & {} & 'b'", "'a' + {}", "{} & {}", "{} = {}", "{} ~ {}", "{} | {}", "{} in {}", "1 in {}", "{} in (1 | 2)",
	"(1 | 2) in (1 | 2)", "{} contains 1", "1 contains 1", "1 / 0", "1 div 0", "1 mod 0", "1.0 / 3", "5 div 2", "(-5) div 2",
	"5 mod (-3)", "(-5) mod 3", "5.5 div 0.7", "5.5 mod 0.7", "7 / 2", "6 / 2", "0.1 + 0.2 = 0.3", "1.0 = 1", "1.0 ~ 1", "1.01 ~ 1.0",
	"'a' ~ 'A'", "'a  b' ~ 'a b'", "'É' ~ 'é'", "1 ~ '1'", "1 = '1'", "true = 'true'", "@2020 = @2020-01", "@2020 ~ @2020-01",
	"@2020-01-01 = @2020-01-01T", "@2020-01-01 = @2020-01-01T00:00:00", "@T10:00 = @T10:00:00",
	"@2020-01-01T10:00:00Z = @2020-01-01T12:00:00+02:00", "@2020-01-01T10:00:00 = @2020-01-01T10:00:00Z",
	"@2020-01-01T10:00:00.0 = @2020-01-01T10:00:00", "1 'mg' = 0.001 'g'", "1 'mg' ~ 0.001 'g'", "1 year = 1 'a'", "1 year ~ 1 'a'",
	"1 day = 1 'd'", "7 days = 1 week", "12 months = 1 year", "365 days = 1 year", "1 'mg' = 1 'cm'", "1 'mg' < 1 'cm'",
	"1 'mg' + 1 'g'", "1 'cm' * 1 'cm'", "1 'm' / 2 's'", "1 'mg' / 1 'mg'", "2 * 1 'mg'", "1 'mg' * 2", "1 = 1 '1'",
	"1 'nothing' = 1 'nothing'", "@2020-01-31 + 1 month", "@2020-02-29 + 1 year", "@2020-02-29 - 1 year", "@2020 + 1 month",
	"@2020 + 13 months", "@2020-01 + 31 days", "@2020-01-01 + 24 hours", "@T23:00 + 2 hours", "@T10:00 + 1 day", "@2020-01-01 + 1",
	"@2020-01-01 - @2019-01-01", "@2020-01-01T10:00:00Z + 0.5 hours", "@2020-01-01T10:00:00.000Z + 1.5 seconds",
	"@9999-12-31 + 1 day", "@0001-01-01 - 1 day",
}
