package fhirpath

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireResults evaluates each expression on resource. The wanted texts are joined
// by commas; "" is an empty result.
func requireResults(t *testing.T, resource string, table map[string]string) {
	t.Helper()
	for expression, want := range table {
		t.Run(expression, func(t *testing.T) {
			got, err := evaluated(t, expression, resource)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// requireErrors evaluates each expression on resource and wants an error.
func requireErrors(t *testing.T, resource string, table map[string]error) {
	t.Helper()
	for expression, want := range table {
		t.Run(expression, func(t *testing.T) {
			got, err := evaluated(t, expression, resource)
			require.ErrorIs(t, err, want, got)
		})
	}
}

func evaluated(t testing.TB, expression, resource string) (string, error) {
	t.Helper()
	e, err := Compile(expression, Options{Release: R4})
	require.NoError(t, err)
	doc, err := Parse([]byte(resource))
	require.NoError(t, err)
	got, err := e.Evaluate(t.Context(), doc.Root(), Env{})
	var texts []string
	for _, it := range got {
		texts = append(texts, it.String())
	}
	return strings.Join(texts, ","), err
}

// TestMath has the examples of the specification, 5.7, and its edges.
func TestMath(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"(-5).abs()":                    "5",
		"(-5).abs() is Integer":         "true",
		"(-5.5).abs()":                  "5.5",
		"(-5.50).abs()":                 "5.50",
		"(-5.5 'mg').abs()":             "5.5 'mg'",
		"(-3 days).abs()":               "3 days",
		"(-5L).abs() is Long":           "true",
		"2L.power(3) is Decimal":        "true",
		"0.abs()":                       "0",
		"{}.abs()":                      "",
		"1.ceiling()":                   "1",
		"1.1.ceiling()":                 "2",
		"(-1.1).ceiling()":              "-1",
		"(-0.5).ceiling()":              "0",
		"1.0.ceiling() is Integer":      "true",
		"1.1 'mg'.ceiling()":            "2 'mg'",
		"1.floor()":                     "1",
		"2.1.floor()":                   "2",
		"(-2.1).floor()":                "-3",
		"(-2.1 'mg').floor()":           "-3 'mg'",
		"101.truncate()":                "101",
		"1.00000001.truncate()":         "1",
		"(-1.56).truncate()":            "-1",
		"(-1.56 'mg').truncate()":       "-1 'mg'",
		"1.round()":                     "1",
		"1.round() is Decimal":          "true",
		"3.14159.round(3)":              "3.142",
		"0.5.round()":                   "1",
		"(-0.5).round()":                "-1",
		"(-0.4).round()":                "0",
		"2.345 'mg'.round(2)":           "2.35 'mg'",
		"1.5.round({})":                 "",
		"1.5.round(1000000)":            "1.5",
		"{}.round(1)":                   "",
		"81.sqrt()":                     "9.0",
		"(-1).sqrt()":                   "",
		"0.sqrt()":                      "0.0",
		"0.0001.sqrt()":                 "0.01",
		"152.2756.sqrt()":               "12.34",
		"2.sqrt()":                      "1.414213562373095048801688724209698",
		"0.exp()":                       "1.0",
		"(-0.0).exp()":                  "1.0",
		"{}.exp().empty()":              "true",
		"1.exp()":                       "2.718281828459045235360287471352662",
		"(-20.5).exp()":                 "0.000000001250152866386742628937553119231222",
		"10.exp()":                      "22026.46579480671651695790064528424",
		"1.ln()":                        "0.0",
		"1.0.ln()":                      "0.0",
		"0.ln()":                        "",
		"(-1).ln()":                     "",
		"2.ln()":                        "0.6931471805599453094172321214581766",
		"0.5.ln()":                      "-0.6931471805599453094172321214581766",
		"123456789.123.ln()":            "18.63140176716431804176395657676367",
		"16.log(2)":                     "4.0",
		"100.0.log(10.0)":               "2.0",
		"100.log(10)":                   "2.0",
		"0.001.log(10)":                 "-3.0",
		"2.log(16)":                     "0.25",
		"7.log(3)":                      "1.771243749161422260067928307082458",
		"1.log(10)":                     "0.0",
		"8.log(1)":                      "",
		"8.log({})":                     "",
		"{}.log(2)":                     "",
		"2.power(3)":                    "8",
		"2.power(3) is Integer":         "true",
		"2.0.power(3) is Decimal":       "true",
		"2.5.power(2)":                  "6.25",
		"2.power(-1)":                   "0.5",
		"2.power(0.5)":                  "1.414213562373095048801688724209698",
		"4.power(0.5)":                  "2.0",
		"2.5.power(1.5)":                "3.952847075210474164998616930540898",
		"(-1).power(0.5)":               "",
		"(-2).power(3)":                 "-8",
		"(-2).power(-3)":                "-0.125",
		"(-2.0).power(2.0)":             "4.0",
		"0.power(0)":                    "1",
		"0.0.power(2)":                  "0.0",
		"0.power(-1)":                   "",
		"0.power(-0.5)":                 "",
		"5.power(0.0)":                  "1.0",
		"1.1.power(20)":                 "6.72749994932560009201",
		"2.power(30)":                   "1073741824",
		"2.power(64)":                   "18446744073709551616.0",
		"2.power(64) is Decimal":        "true",
		"10.power(20).power(5).log(10)": "100.0",
		"2.power({})":                   "",
		"{}.power(2)":                   "",
		"(2.power(0.5)).power(2) - 2 < 0.00000000000000000000000000001": "true",
	})
	requireErrors(t, `{"a":[1,2],"s":"1"}`, map[string]error{
		"a.abs()":             ErrSingleton,
		"a.sqrt()":            ErrSingleton,
		"a.ln()":              ErrSingleton,
		"2.power(%context.a)": ErrSingleton,
		"a.power(2)":          ErrSingleton,
		"'1'.abs()":           ErrOperand,
		"s.sqrt()":            ErrOperand,
		"true.exp()":          ErrOperand,
		"1 'mg'.ln()":         ErrOperand,
		"1 'mg'.power(2)":     ErrOperand,
		"2.power('2')":        ErrOperand,
		"@2020.floor()":       ErrOperand,
		"1.5.round(-1)":       ErrOperand,
		"1.5.round('1')":      ErrOperand,
		"0.log(2)":            ErrOperand, // the specification calls these errors, unlike 0.ln()
		"(-1).log(2)":         ErrOperand,
		"2.log(0)":            ErrOperand,
		"2.log(-2)":           ErrOperand,
		"'2'.log(2)":          ErrOperand,
		"2.log('2')":          ErrOperand,
		"(1 | 2).log(2)":      ErrSingleton,
		"(-1.5).round(1 | 2)": ErrSingleton,
	})
}

// TestMathOverflow holds that results which can't be represented are empty, and come
// at once.
func TestMathOverflow(t *testing.T) {
	huge := `{"n":1e990,"small":1e-990,"integer":-9223372036854775808,"near":1.` + strings.Repeat("0", 500) + `1}`
	requireResults(t, huge, map[string]string{
		"2.power(1000000000)":             "",
		"2.power(-1000000000)":            "",
		"1.5.power(1000000000)":           "",
		"0.5.power(1000000000)":           "",
		"1.power(1000000000)":             "1",
		"(-1).power(1000000001)":          "-1",
		"2.power(4294967295)":             "",
		"2.power(0.5.power(1000))":        "1.0",
		"n.power(2)":                      "",
		"2.power(n)":                      "",
		"n.power(n)":                      "",
		"1.power(n)":                      "1.0",
		"near.power(n)":                   "", // about e to the power of 10^489
		"near.ln() > 0":                   "true",
		"near.ln().log(10)":               "-501.0",
		"small.sqrt().log(10)":            "-495.0",
		"n.sqrt().log(10)":                "495.0",
		"2300.exp() > 1.power(1)":         "true",
		"2300.exp().log(10).round(10)":    "998.8773083775",
		"2400.exp()":                      "",
		"4000.exp()":                      "",
		"(-2400).exp()":                   "",
		"10000.exp()":                     "",
		"(-10000).exp()":                  "",
		"n.exp()":                         "",
		"(-n).exp()":                      "",
		"small.exp()":                     "1.0",
		"integer.abs()":                   "",
		"n.floor()":                       "",
		"(10.power(18) * 10.0).ceiling()": "",
		"(10.power(9) * 2.0).ceiling()":   "2000000000",
		"(10.power(9) * 9.0).ceiling()":   "",
		"1.0000001.power(1000000000)":     "26881037012649238105056003014775040000000000.0",
	})
	requireErrors(t, `{"a":[0`+strings.Repeat(",1", 3000)+`]}`, map[string]error{
		"a.select(1.5.power(2.5))": ErrLimit,
	})
}

// TestFunctionsOfOneItem holds the rules that all functions of one item share, for
// whatever they are called on: nothing gives nothing, several items are an error, and
// all else is one value at most, or an error that is known.
func TestFunctionsOfOneItem(t *testing.T) {
	arguments := []string{"", "{}", "0", "-1", "2", "17", "1000000000", "0.5", "'hex'", "'json'", "true", "@2020", "1 'mg'",
		"@2020T, 'month'", "@T10:30, 'hour'", "@2021-01-01T00:00:00.5Z, 'millisecond'", "%context, 'day'", "(1 | 2)"}
	inputs := []string{"0", "-1", "9223372036854775807L", "123456789.0123456789", "0.0", "'é\\\\'", "''",
		"true", "@0001", "@9999-12-31", "@9999-12-31T23:59:59.999999999-12:00", "@0001-01-01T00:00:00.0+14:00", "@T00",
		"@T23:59:59.9", "1 year", "-0.5 'mg'", "%context", "%context.text", "%context.huge"}
	evaluations := 0
	resource := node(t, `{"text":"`+strings.Repeat("a", 5000)+`","huge":`+strings.Repeat("9", 1000)+`}`)
	for _, table := range []map[string]function{mathFunctions, boundaryFunctions, encodeFunctions, componentFunctions, differenceFunctions} {
		for name := range table {
			for _, argument := range arguments {
				call := "." + name + "(" + argument + ")"
				if _, err := Compile("1"+call, Options{Release: R4}); err != nil {
					continue // another number of arguments
				}
				for _, input := range inputs {
					e, err := Compile("("+input+")"+call, Options{Release: R4})
					require.NoError(t, err)
					got, err := e.Evaluate(t.Context(), resource, Env{})
					evaluations++
					require.LessOrEqual(t, len(got), 1, e)
					if err != nil && !errors.Is(err, ErrOperand) && !errors.Is(err, ErrLimit) {
						require.ErrorIs(t, err, ErrSingleton, e)
						require.Contains(t, argument, "|")
					}
				}
				empty, err := evaluated(t, "{}"+call, `{}`)
				require.Empty(t, empty, call)
				if argument == "" || argument == "2" {
					require.NoError(t, err, call)
				}
				if argument != "{}" {
					_, err = evaluated(t, "(@2020 | @2021)"+call, `{}`)
					require.Error(t, err, call)
				}
			}
		}
	}
	require.Greater(t, evaluations, 2000)
}

func BenchmarkMath(b *testing.B) {
	for _, expression := range []string{"2.sqrt()", "2.5.exp()", "7.ln()", "7.log(3)", "2.5.power(1.5)", "1.5.power(1000)", "2.power(3)"} {
		b.Run(expression, func(b *testing.B) { benchmarkExpression(b, expression) })
	}
}

func benchmarkExpression(b *testing.B, expression string) {
	e, err := Compile(expression, Options{Release: R4})
	require.NoError(b, err)
	var into []Item
	b.ReportAllocs()
	for b.Loop() {
		into, err = e.AppendItems(b.Context(), into[:0], Node{}, Env{})
	}
	require.NoError(b, err)
}
