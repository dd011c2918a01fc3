package fhirpath

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLanguage evaluates what the official suite does not: each row names the
// expected items, joined by commas.
func TestLanguage(t *testing.T) {
	for expression, want := range map[string]string{
		// Elements and their types
		"Patient.active is boolean":                           "true",
		"active is string":                                    "false",
		"deceased is boolean":                                 "true",
		"deceased.ofType(dateTime)":                           "",
		"multipleBirth as integer":                            "2",
		"multipleBirth is decimal":                            "false",
		"$this is DomainResource":                             "true",
		"$this is Observation":                                "false",
		"Patient is FHIR.Patient":                             "true",
		"Patient is System.String":                            "false",
		"name.first() is boolean":                             "false",
		"birthDate.extension.value is dateTime":               "true",
		"birthDate.extension is Extension":                    "true",
		"contact.name.family.exists()":                        "true",
		"contact.name.family.hasValue()":                      "false",
		"contact.name.family = 'x'":                           "false",
		"birthDate.hasValue()":                                "true",
		"birthDate.getValue()":                                "1974-12-25",
		"`name`.`given`.first()":                              "Peter",
		"name.given[1]":                                       "James",
		"name.given[-1]":                                      "",
		"name.select(given.count())":                          "2,1",
		"name.select($index)":                                 "0,1",
		"%resource.id":                                        "p1",
		"%context = %rootResource":                            "true",
		"name.where(%resource.active).count()":                "2",
		"name.repeat(given).count()":                          "3",
		"children().where($this is boolean).count()":          "2",
		"name.exists(use = 'usual' and given contains 'Jim')": "true",
		"name.where(use = 'usual').single().given":            "Jim",
		"Practitioner.name.exists()":                          "false",
		"name.given.aggregate($total & $this, '')":            "PeterJamesJim",
		"name.given.where($this.startsWith('J')).join('/')":   "James/Jim",
		"name.given contains 'Jim'":                           "true",
		"'Jim' in name.given":                                 "true",
		"birthDate < @1975":                                   "true",
		"birthDate < @1974":                                   "",
		"birthDate = @1974-12-25":                             "true",
		"birthDate != @1974-12":                               "",
		"birthDate + 1 year > today()":                        "false",
		"telecom.where(system = 'phone' or rank < 2).count()": "2",
		"name.all(given.exists())":                            "true",
		"(name.given | 'Jim').count()":                        "3",
		"name.given.combine('Jim').count()":                   "4",
		"name.given.combine('Jim').isDistinct()":              "false",
		"iif(active, 'yes', 1/0)":                             "yes",
		// Numbers are exact
		"0.1 + 0.2 = 0.3":                        "true",
		"1.0 = 1.00":                             "true",
		"1.10.toString()":                        "1.10",
		"123456789012345678901234567890.0 + 1":   "123456789012345678901234567891.0",
		"9007199254740993L = 9007199254740992.0": "false",
		"9223372036854775807L + 1L":              "",
		"7 div -2":                               "-3",
		"-7 mod 2":                               "-1",
		"1 / 3":                                  "0.33333333333333333333",
		"2.5.round()":                            "3",
		"(-2.5).round()":                         "-3",
		"1 / 0":                                  "",
		"1.5 div 0.0":                            "",
		"-(1 | {})":                              "-1",
		// Temporals of partial precision
		"@2020-01 < @2020-01-15":                             "",
		"@2020 < @2021-01-15":                                "true",
		"@2020-01-31 + 1 month":                              "2020-02-29",
		"@2020-02-29 - 1 year":                               "2019-02-28",
		"@2020 + 24 months":                                  "2022",
		"@2020-01 + 45 days":                                 "2020-02",
		"@T23:30 + 90 minutes":                               "01:00",
		"@2020-01-01T00:00:00Z = @2020-01-01T01:00:00+01:00": "true",
		"@2020-01-01T00:00Z < @2020-01-01T00:00":             "",
		"@9999-12-31 + 1 day":                                "",
		"@2020-01-01T10:00:00.5Z = @2020-01-01T10:00:00.50Z": "true",
		// Three-valued logic
		"{} and false":     "false",
		"{} or true":       "true",
		"false implies {}": "true",
		"true xor {}":      "",
		"({} = 1).empty()": "true",
		"{} != {}":         "",
		"{} ~ {}":          "true",
		"1 ~ 1.04":         "true",
		"'A b' ~ 'a\tB'":   "true",
		"'a' !~ 'b'":       "true",
		// Quantities
		"1 week = 7 days":    "true",
		"1 year = 12 months": "true",
		"1 year = 1 'a'":     "",
		"4 'mg' > 3.9 'mg'":  "true",
		"2 'mg' + 3 'mg'":    "5 'mg'",
		// Strings
		"'\\u00e9\\''":            "é'",
		"'aéb'.indexOf('b')":      "2",
		"'aéb'.substring(1, 1)":   "é",
		"'a.b'.split('.').last()": "b",
		"'abc'.matches('^a.c$')":  "true",
		"'x' & {} & 'y'":          "xy",
		"'1.50'.toDecimal()":      "1.50",
		"'+1'.toInteger()":        "1",
		"'1e3'.toDecimal()":       "",
		"'2020-13'.toDate()":      "",
		// Precedence
		"1 + 2 * 3 = 7 and not_there.empty()": "true",
		"(1 | 2).count() + 1":                 "3",
		"-1.abs()":                            "-1",
		"true or false and false":             "true",
		"now() = now()":                       "true",
		"today().toString().length()":         "10",
		"%`vs-a`":                             "http://hl7.org/fhir/ValueSet/a",
	} {
		t.Run(expression, func(t *testing.T) {
			require.Equal(t, want, joined(t, expression, patient))
		})
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		expression, problem string
		offset              int
	}{
		{"", "expected an expression", 0},
		{"a b", "expected an operator or the end", 2},
		{"a.", "expected a name", 2},
		{"a and", "expected an expression", 5},
		{"(a", "expected )", 2},
		{"a[1", "expected ]", 3},
		{"{1}", "expected }", 1},
		{`status = "final"`, "strings are written in single quotes, names in backquotes", 9},
		{"'abc", "quote without an end", 0},
		{`'\ud800'`, "a surrogate without its other half", 1},
		{"a # b", "unexpected character", 2},
		{"1 /* x", "comment without an end", 2},
		{"@2020-13", "not a date or time", 0},
		{"@2020-02-30", "not a date or time", 0},
		{"@T25", "not a date or time", 0},
		{"@x", "expected a date or time behind @", 0},
		{"%", "expected a name behind %", 1},
		{"%curent.id", "unknown variable %curent", 0},
		{"$that", "expected $this, $index or $total", 0},
		{"a.$this", "expected a name or a function behind the dot", 2},
		{"a.frobnicate()", "function frobnicate is not supported", 2},
		{"code.slice('x', 'y')", "function slice is not supported: it needs the definitions of profiles", 5},
		{"subject.where(resolve() is Quantity)", "resolve() gives a resource, which Quantity is not", 24},
		{"a is Nothing", "unknown type Nothing in R4", 5},
		{"a as System.Patient", "unknown type Patient in R4", 12},
		{"a.ofType('x')", "expected the name of a type", 9},
		{"a.ofType()", "ofType() takes one type", 2},
		{"Patiant.name", "unknown type Patiant in R4; an element's name begins in lower case", 0},
		{"a._b", "no element has such a name", 2},
		{"``", "no element has such a name", 0},
		{"a.`b\":1`", "no element has such a name", 2},
		{"a.where()", "where() takes 1 argument, here are 0", 2},
		{"a.matches('(')", "not a regular expression that is supported (RE2)", 10},
		{"a.matches(1)", "expected a string", 10},
		{"a.div", "expected a name: the keyword div is one in backquotes", 2},
	} {
		t.Run(c.expression, func(t *testing.T) {
			_, err := Compile(c.expression, Options{Release: R4})
			var problem *CompileError
			require.ErrorAs(t, err, &problem)
			require.Equal(t, c.problem, problem.Problem)
			require.Equal(t, c.offset, problem.Offset)
			require.NotErrorIs(t, err, ErrLimit)
		})
	}
	_, err := Compile("a", Options{})
	require.ErrorContains(t, err, "no FHIR release")
}

func TestCompileErrorShowsThePlace(t *testing.T) {
	_, err := Compile("name.given and\n  status == 'x'", Options{Release: R4})
	require.EqualError(t, err, "fhirpath: expected an expression at line 2, column 11\n\t  status == 'x'\n\t          ^")
	_, err = Compile(strings.Repeat("é and ", 50)+"#", Options{Release: R4})
	require.Error(t, err)
}

func TestPrint(t *testing.T) {
	for source, want := range map[string]string{
		"a.b . c":                   "a.b.c",
		"((a))+(b*c)":               "a + b * c",
		"(a+b)*c":                   "(a + b) * c",
		"a-(b-c)":                   "a - (b - c)",
		"(a as Quantity).value":     "(a as Quantity).value",
		"a is FHIR.Patient":         "a is FHIR.Patient",
		"`div`.`a b`":               "`div`.`a b`",
		"(-1).abs()":                "(-1).abs()",
		"- 1":                       "-1",
		"-(-1)":                     "--1",
		"%`vs-a`.x[ 0 ]":            "%`vs-a`.x[0]",
		"f.where( $this='it\\'s' )": "f.where($this = 'it\\'s')",
		"4  days = 4 'd'":           "4 days = 4 'd'",
		"{ }":                       "{}",
	} {
		e, err := Compile(source, Options{Release: R4})
		require.NoError(t, err, source)
		require.Equal(t, want, e.String())
	}
}

func TestEvaluationErrors(t *testing.T) {
	for expression, want := range map[string]error{
		"name.single()":                  ErrSingleton,
		"name.given = 'x' and name":      nil,
		"name.given + 'x'":               ErrSingleton,
		"active + 1":                     ErrOperand,
		"1 + 'a'":                        ErrOperand,
		"active > 1":                     ErrOperand,
		"@2020 + 1":                      ErrOperand,
		"@2020 + 1 'cm'":                 ErrOperand,
		"gender.first() is code":         nil,
		"managingOrganization.resolve()": nil,
		"'a'.replaceMatches('a','$1')":   ErrOperand,
	} {
		e, err := Compile(expression, Options{Release: R4})
		require.NoError(t, err)
		_, err = e.Evaluate(t.Context(), node(t, patient), Env{})
		require.ErrorIs(t, err, want, expression)
	}
}

func TestItem(t *testing.T) {
	for expression, want := range map[string]struct{ typeName, text string }{
		"Patient":                   {"Patient", ""},
		"deceased":                  {"boolean", "true"},
		"birthDate":                 {"date", "1974-12-25"},
		"birthDate.extension.value": {"dateTime", "1974-12-25T14:35:45-05:00"},
		"birthDate.extension('http://example.org/birthTime')": {"Extension", ""},
		"1 + 1":    {"System.Integer", "2"},
		"1.50":     {"System.Decimal", "1.50"},
		"'x'":      {"System.String", "x"},
		"1 = 1":    {"System.Boolean", "true"},
		"@2020":    {"System.Date", "2020"},
		"@2020T":   {"System.DateTime", "2020"},
		"@T10":     {"System.Time", "10"},
		"1.5 'mg'": {"System.Quantity", "1.5 'mg'"},
		"2 days":   {"System.Quantity", "2 days"},
	} {
		e, err := Compile(expression, Options{Release: R4})
		require.NoError(t, err)
		got, err := e.Evaluate(t.Context(), node(t, patient), Env{})
		require.NoError(t, err)
		require.Len(t, got, 1, expression)
		require.Equal(t, want.typeName, got[0].TypeName(), expression)
		if want.text != "" {
			require.Equal(t, want.text, got[0].String())
		}
		_, isNode := got[0].Node()
		require.Equal(t, !strings.HasPrefix(want.typeName, "System."), isNode)
	}
}

func TestResourceVariables(t *testing.T) {
	bundle := node(t, `{"resourceType":"Bundle","id":"b","entry":[{"resource":{"resourceType":"Patient","id":"p",
		"name":[{"text":"n"}],"contained":[{"resourceType":"Device","id":"d","note":[{"text":"x"}]}]}}]}`)
	inPatient := bundle.Get("entry").first().Path("resource", "name").first()
	inDevice := bundle.Get("entry").first().Path("resource", "contained").first().Get("note").first()
	for _, c := range []struct {
		focus          Node
		resource, root string
	}{{bundle, "b", "b"}, {inPatient, "p", "p"}, {inDevice, "d", "p"}} {
		for name, want := range map[string]string{"resource": c.resource, "rootResource": c.root} {
			e, err := Compile("%"+name+".id", Options{Release: R4})
			require.NoError(t, err)
			got, err := e.Evaluate(t.Context(), c.focus, Env{})
			require.NoError(t, err)
			require.Equal(t, want, got[0].String())
		}
	}
}

func TestAppendItemsKeepsWhatIsThere(t *testing.T) {
	e, err := Compile("name.given", Options{Release: R4})
	require.NoError(t, err)
	items, err := e.AppendItems(t.Context(), []Item{{value: "before"}}, node(t, patient), Env{})
	require.NoError(t, err)
	require.Len(t, items, 4)
	require.Equal(t, "before", items[0].String())
	n, ok := items[1].Node()
	require.True(t, ok)
	require.True(t, n.Is("Peter"))
}

func TestConcurrentUse(t *testing.T) {
	e, err := Compile("name.where(use = 'official').given.exists() and telecom.select(value & 'x').count() = 3", Options{Release: R4})
	require.NoError(t, err)
	focus := node(t, patient)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 200 {
				if ok, err := e.Bool(context.Background(), focus, Env{}); !ok || err != nil {
					t.Error(ok, err)
				}
			}
		})
	}
	wait.Wait()
}
