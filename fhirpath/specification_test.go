package fhirpath

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The tests of specification_*_test.go go through the specification of FHIRPath
// (3.0.0-ballot: the normative text of N1 and the parts for trial use), chapter by
// chapter, and hold the engine to its sentences and examples.

// answers are expressions with what they give: the items as literals, joined by
// ", ", or the error of the evaluation, or why Compile refuses them.
type answers map[string]any

// refusal is a part of the problem of a CompileError.
type refusal string

// hold evaluates the expressions over a resource, as one of R4.
func (rows answers) hold(t *testing.T, resource string) {
	t.Helper()
	rows.holdFor(t, R4, node(t, resource))
}

func (rows answers) holdFor(t *testing.T, r Release, focus Node) {
	t.Helper()
	for expression, want := range rows {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			got, err := specified(t.Context(), expression, r, focus)
			switch want := want.(type) {
			case refusal:
				var problem *CompileError
				require.ErrorAs(t, err, &problem)
				require.Contains(t, problem.Problem, string(want))
			case error:
				require.ErrorIs(t, err, want)
			default:
				require.NoError(t, err)
				require.Equal(t, want, literals(got))
			}
		})
	}
}

func specified(ctx context.Context, expression string, r Release, focus Node) (Collection, error) {
	e, err := Compile(expression, Options{Release: r, Variables: []string{"us-zip", "given"}})
	if err != nil {
		return nil, err
	}
	if again, err := Compile(e.String(), Options{Release: r, Variables: []string{"us-zip", "given"}}); err != nil || again.String() != e.String() {
		return nil, errors.Join(errors.New("printed as "+e.String()), err)
	}
	return e.Evaluate(ctx, focus, Env{
		Resolver: specifiedHost{}, Terminology: specifiedHost{},
		Now:       time.Date(2026, 2, 25, 14, 31, 39, 96e6, time.FixedZone("", 11*3600)),
		Variables: []Variable{{"given", focus.Get("id")}},
	})
}

// specifiedHost resolves Patient/f001 alone, and knows a code system with one code, b,
// below another, a, and a value set of both.
type specifiedHost struct{}

func (specifiedHost) Resolve(_ context.Context, reference string) (*Doc, error) {
	if reference != "Patient/f001" {
		return nil, nil
	}
	return Parse([]byte(patient))
}

func (specifiedHost) MemberOf(_ context.Context, _, code, valueSet string) (bool, error) {
	return valueSet == "http://hl7.org/fhir/ValueSet/ab" && (code == "a" || code == "b"), nil
}

func (specifiedHost) Subsumes(_ context.Context, system, a, b string) (bool, error) {
	return system == "s" && (a == b || a == "a" && b == "b"), nil
}

// literals writes items as the literals of the language; a Decimal without a
// fraction has a point behind it, and a complex element is its type's name.
func literals(items Collection) string {
	var texts []string
	for _, it := range items {
		v := it.value
		if v == nil && it.node.Kind() == Object {
			texts = append(texts, it.TypeName())
			continue
		}
		if v == nil {
			v = it.system()
		}
		switch v := v.(type) {
		case string:
			texts = append(texts, "'"+v+"'")
		case long:
			texts = append(texts, systemText(v)+"L")
		case decimal:
			text := v.String()
			if !strings.Contains(text, ".") {
				text += "."
			}
			texts = append(texts, text)
		case temporal:
			text := "@" + v.String()
			switch {
			case v.kind == timeKind:
				text = "@T" + v.String()
			case v.kind == dateTimeKind && v.precision <= toDay:
				text += "T"
			}
			texts = append(texts, text)
		default:
			texts = append(texts, systemText(v))
		}
	}
	return strings.Join(texts, ", ")
}

// TestPathSelection: 3, 3.1, 3.2.
func TestPathSelection(t *testing.T) {
	answers{
		"name.given":                    "'Peter', 'James', 'Jim'",
		"Patient.name.given":            "'Peter', 'James', 'Jim'",
		"DomainResource.name.family":    "'Chalmers'",
		"Resource.id":                   "'p1'",
		"ofType(Patient).name.family":   "'Chalmers'",
		"Observation.name":              "",
		"name.missing":                  "",
		"missing.deeper.still":          "",
		"`name`.`given`.first()":        "'Peter'",
		"Patient.name[1].given":         "'Jim'",
		"name[2]":                       "",
		"name[-1]":                      "",
		"name[{}]":                      "",
		"name.given[0 | 1]":             ErrSingleton,
		"name.given['x']":               ErrOperand,
		"name.given.count()":            "3",
		"{}.count()":                    "0",
		"(4+5).count()":                 "1",
		"multipleBirth":                 "2",
		"multipleBirth is integer":      "true",
		"multipleBirth as integer":      "2",
		"multipleBirth as boolean":      "",
		"multipleBirth.ofType(integer)": "2",
		"Patient.name.given.first() + ', ' + Patient.name.family": "'Peter, Chalmers'",
		"Patient.name.family + ', ' + Patient.name.given":         ErrSingleton,
	}.hold(t, patient)
}

// TestPropagationOfEmpty: 4.4.1. What takes a single item gives nothing for nothing.
func TestPropagationOfEmpty(t *testing.T) {
	rows := answers{
		"{}": "", "{ }": "", "{/* nothing */}": "",
		"{} | 1": "1", "1 | {}": "1", "{} | {}": "",
		"{} in {}": "", "1 in {}": "false", "{} in 1": "",
		"{} contains 1": "false", "1 contains {}": "", "{} contains {}": "",
		"{} & {}": "''", "-{}": "", "+{}": "",
		"{} is Integer": "", "{} as Integer": "",
	}
	for _, op := range []string{"+", "-", "*", "/", "div", "mod", "=", "!=", "<", ">", "<=", ">="} {
		rows["1 "+op+" {}"] = ""
		rows["{} "+op+" 1"] = ""
		rows["{} "+op+" {}"] = ""
		rows["{} "+op+" @2020"] = ""
		rows["'a' "+op+" {}"] = ""
	}
	for _, call := range []string{
		"not()", "single()", "first()", "last()", "tail()", "skip(1)", "take(1)", "distinct()", "where(true)", "select(1)",
		"repeat(1)", "repeatAll(1)", "ofType(Integer)", "sort()", "intersect(1)", "exclude(1)",
		"toBoolean()", "toInteger()", "toLong()", "toDecimal()", "toQuantity()", "toString()", "toDate()", "toDateTime()", "toTime()",
		"convertsToBoolean()", "convertsToInteger()", "convertsToLong()", "convertsToDecimal()", "convertsToQuantity()",
		"convertsToString()", "convertsToDate()", "convertsToDateTime()", "convertsToTime()",
		"indexOf('')", "lastIndexOf('')", "substring(0)", "startsWith('')", "endsWith('')", "contains('')", "upper()", "lower()",
		"replace('a', 'b')", "matches('')", "matchesFull('')", "replaceMatches('a', 'b')", "length()", "toChars()",
		"encode('hex')", "decode('hex')", "escape('html')", "unescape('html')", "trim()", "split(',')", "join()", "join(',')",
		"abs()", "ceiling()", "exp()", "floor()", "ln()", "log(2)", "power(2)", "round()", "round(1)", "sqrt()", "truncate()",
		"children()", "descendants()", "trace('x')", "pathname()", "type()", "comparable(1)",
		"lowBoundary()", "highBoundary()", "precision()", "yearOf()", "monthOf()", "dayOf()", "hourOf()", "minuteOf()",
		"secondOf()", "millisecondOf()", "timezoneOffsetOf()", "dateOf()", "timeOf()",
		"duration(@2020, 'year')", "difference(@2020, 'year')", "sum()", "min()", "max()", "avg()",
		"extension('u')", "getValue()", "resolve()", "htmlChecks()", "memberOf('v')", "subsumes('c')", "subsumedBy('c')",
		"conformsTo('p')", "checkModifiers('m')",
	} {
		rows["{}."+call] = ""
	}
	for call, want := range map[string]string{
		"empty()": "true", "exists()": "false", "exists(true)": "false", "all(false)": "true", "allTrue()": "true",
		"anyTrue()": "false", "allFalse()": "true", "anyFalse()": "false", "subsetOf(1)": "true", "supersetOf(1)": "false",
		"subsetOf({})": "true", "supersetOf({})": "true", "count()": "0", "isDistinct()": "true", "hasValue()": "false",
		"union(1)": "1", "combine(1)": "1", "aggregate($this, 7)": "7", "iif(true, 1, 2)": "1",
	} {
		rows["{}."+call] = want
	}
	for _, call := range []string{
		"'a'.indexOf({})", "'a'.lastIndexOf({})", "'a'.substring({})", "'a'.startsWith({})", "'a'.endsWith({})", "'a'.contains({})",
		"'a'.replace({}, 'b')", "'a'.replace('a', {})", "'a'.matches({})", "'a'.matchesFull({})", "'a'.replaceMatches({}, 'b')",
		"'a'.replaceMatches('a', {})", "'a'.split({})", "'a'.encode({})", "'a'.decode({})", "'a'.escape({})", "'a'.unescape({})",
		"2.log({})", "2.power({})", "(1|2).skip({})", "(1|2).take({})", "1.toQuantity({})",
		"@2020.duration({}, 'year')", "@2020.difference({}, 'year')", "1.comparable({})",
	} {
		rows[call] = ""
	}
	rows.hold(t, patient)
}

// TestSingletonEvaluation: 4.5.
func TestSingletonEvaluation(t *testing.T) {
	answers{
		"active and id and birthDate":         "true",
		"active and id and telecom":           ErrSingleton,
		"active and id and telecom.count()=3": "true",
		"id and false":                        "false",
		"'false' and true":                    "true",
		"0 and true":                          "true",
		"name.first() and true":               "true",
		"(0).not()":                           "false",
		"(true | false).not()":                ErrSingleton,
		"name.where(given).count()":           ErrSingleton,
		"name.where(family).count()":          "1",
		"telecom.where(system).count()":       "3",
		"name.exists(use)":                    "true",
		"telecom.all(value)":                  "true",
	}.hold(t, patient)
	var rows = answers{}
	for _, call := range []string{
		"not()", "single()", "toBoolean()", "toInteger()", "toLong()", "toDecimal()", "toQuantity()", "toString()", "toDate()",
		"toDateTime()", "toTime()", "convertsToBoolean()", "convertsToInteger()", "convertsToString()", "convertsToQuantity()",
		"abs()", "ceiling()", "floor()", "truncate()", "round()", "sqrt()", "exp()", "ln()", "log(2)", "power(2)",
		"iif(true, 1)", "lowBoundary()", "highBoundary()", "precision()", "yearOf()", "is(Integer)",
	} {
		rows["(1 | 2)."+call] = ErrSingleton
	}
	for _, call := range []string{
		"indexOf('a')", "lastIndexOf('a')", "substring(0)", "startsWith('a')", "endsWith('a')", "contains('a')", "upper()", "lower()",
		"replace('a','b')", "matches('a')", "matchesFull('a')", "replaceMatches('a','b')", "length()", "toChars()", "encode('hex')",
		"decode('hex')", "escape('html')", "unescape('html')", "trim()", "split(',')",
	} {
		rows["('a' | 'b')."+call] = ErrSingleton
		rows["1."+call] = ErrOperand
	}
	for _, op := range []string{"+", "-", "*", "/", "div", "mod", "<", ">", "<=", ">=", "and", "or", "xor", "implies"} {
		left := "1 "
		if slices.Contains([]string{"and", "or", "xor", "implies"}, op) { // 0 and 1 would decide
			left = "{} "
		}
		rows[left+op+" (1 | 2)"] = ErrSingleton
		rows["(1 | 2) "+op+" 1"] = ErrSingleton
	}
	rows.hold(t, patient)
}
