package fhirpath

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExistenceFunction: 5.1.
func TestExistenceFunction(t *testing.T) {
	answers{
		"link.empty()": "true", "name.empty()": "false", "name.exists()": "true", "link.exists()": "false",
		"name.exists(use = 'official')": "true", "name.exists(use = 'old')": "false", "name.exists(prefix = 'x')": "false",
		"name.exists($index = 1 and use = 'usual')": "true", "name.exists($index = 0 and use = 'usual')": "false",
		"name.all(given.exists())": "true", "name.all(family.exists())": "false", "name.all(prefix = 'x')": "false", "link.all(false)": "true",
		"name.all($index < 2)": "true", "name.all($index < 1)": "false",
		"(true | true).allTrue()": "true", "(true | false).allTrue()": "false", "(true | false).anyTrue()": "true", "false.anyTrue()": "false",
		"false.allFalse()": "true", "(true | false).allFalse()": "false", "(true | false).anyFalse()": "true", "true.anyFalse()": "false",
		"active.allTrue()": "true", "1.allTrue()": ErrOperand, "(true | 'x').anyTrue()": ErrOperand,
		"(1 | 2).subsetOf(1 | 2 | 3)": "true", "(1 | 4).subsetOf(1 | 2 | 3)": "false", "1.subsetOf({})": "false", "{}.subsetOf({})": "true",
		"(1 | 2 | 3).supersetOf(1 | 2)": "true", "(1 | 2).supersetOf(1 | 3)": "false", "{}.supersetOf(1)": "false", "1.supersetOf({})": "true",
		"@2012.subsetOf(@2012-01 | 1)": "false", "1.0.subsetOf(1 | 2)": "true",
		"name.count()": "2", "{}.count()": "0",
		"1.combine(2).combine(1).distinct()": "1, 2", "name.distinct().count()": "2", "telecom.system.distinct()": "'phone', 'email'",
		"@2012.combine(@2012-01).distinct().count()": "2", "1 'm'.combine(100 'cm').distinct()": "1 'm'",
		"1.combine(2).combine(3).isDistinct()": "true", "1.combine(2).combine(3).combine(2).isDistinct()": "false",
		"1 'm'.combine(100 'cm').isDistinct()": "false", "@2012.combine(@2012-01).isDistinct()": "true",
	}.hold(t, patient)
}

// TestFilterFunction: 5.2, and the variables of scoped functions.
func TestFilterFunction(t *testing.T) {
	answers{
		"telecom.where(system = 'phone').value": "'5555', '3410'", "telecom.where(use = 'home')": "", "telecom.where($index = 1).value": "'a@b'",
		"name.where(given = 'Jim').given": "'Jim'", "telecom.where({})": "", "telecom.where(1)": "ContactPoint, ContactPoint, ContactPoint",
		"telecom.where(true | false)":                        ErrSingleton,
		"(1 | 2 | 3 | 4 | 5).where($this > 3)":               "4, 5",
		"(1 | 2 | 3 | 4).where($index mod 2 = 0)":            "1, 3",
		"name.select(given.first() & ' ' & family)":          "'Peter Chalmers', 'Jim '",
		"name.select(family)":                                "'Chalmers'",
		"name.select(given)":                                 "'Peter', 'James', 'Jim'",
		"name.select($index)":                                "0, 1",
		"name.given.select($index)":                          "0, 1, 2",
		"name.select(given.select($index))":                  "0, 1, 0",
		"name.select(given.select($index).count() + $index)": "2, 2", // the outer index comes back
		"name.select(given.where($this = %context.name[0].given[1]).exists() or $this.use = 'usual')": "true, true",
		"name.where(given.where($index = 1).exists()).select($index)":                                 "0",
		"(1 | 2).select($this + (10 | 20).select($this).first())":                                     "11, 12",
		"select(name.given.count())":                                                                  "3",
		"name.repeat(given)":                                                                          "'Peter', 'James', 'Jim'",
		"'abc'.repeat(replace('a', 'A'))":                                                             "'Abc'",
		"1.repeat(2)":                                                                                 "2",
		"(1 | 2).repeat($this mod 2)":                                                                 "1, 0",
		"1.repeat($this + 1)":                                                                         ErrLimit,
		"repeat('item')":                                                                              "'item'",
		"repeatAll('item')":                                                                           ErrLimit,
		"name.repeatAll(given)":                                                                       "'Peter', 'James', 'Jim'",
		"'abc'.repeatAll(replace('a', 'A'))":                                                          ErrLimit,
		"(1 | 2).repeatAll(iif($this < 4, $this + 2))":                                                "3, 4, 5",
		"(1 | 1.5).ofType(Integer)":                                                                   "1",
		"(1 | 'a' | true | @2012).ofType(String)":                                                     "'a'",
		"children().ofType(HumanName).count()":                                                        "2",
		"coalesce(name.where(use = 'old'), name.where(use = 'usual'), name).given":                    "'Jim'",
		"Patient.coalesce(name.where(use = 'usual'), name[0]).given":                                  "'Jim'",
		"coalesce({}, {})":                                                                            "",
		"coalesce({}, 1, 1 & 2)":                                                                      "1", // the third is not evaluated
		"coalesce('a' & {}, 'b')":                                                                     "'a'",
		"name.select(coalesce(family, given.first()))":                                                "'Chalmers', 'Jim'",
		"coalesce()": refusal("coalesce() takes 1"),
	}.hold(t, patient)
}

// TestSortFunction: 5.2.5.
func TestSortFunction(t *testing.T) {
	answers{
		"(3 | 1 | 2).sort()": "1, 2, 3", "(3 | 1 | 2).sort($this)": "1, 2, 3", "(3 | 1 | 2).sort($this asc)": "1, 2, 3", "(3 | 1 | 2).sort($this desc)": "3, 2, 1",
		"('c' | 'a' | 'b').sort()": "'a', 'b', 'c'", "('c' | 'a' | 'b').sort($this desc)": "'c', 'b', 'a'", "('3' | '1' | '10').sort()": "'1', '10', '3'",
		"(@2013 | @2012).sort()": "@2012, @2013", "(1 'm' | 20 'cm').sort()": "20 'cm', 1 'm'", "(2.5 | 1 | 2L).sort()": "1, 2L, 2.5",
		"name.sort(family desc, given.first()).given": "'Peter', 'James', 'Jim'", "name.sort(family).given.first()": "'Jim'", // nothing is lowest
		"name.sort(family desc).given.first()":   "'Peter'",
		"telecom.sort(system, value desc).value": "'a@b', '5555', '3410'",
		"telecom.sort(system desc, value).value": "'3410', '5555', 'a@b'",
		"(1 | 'a').sort()":                       ErrOperand,
		"name.sort(given)":                       ErrSingleton,
		"name.sort()":                            ErrOperand,
		"(3 | 1 | 2).sort(1)":                    "3, 1, 2",
	}.hold(t, patient)
}

// TestSubsettingFunction: 5.3 and 5.4.
func TestSubsettingFunction(t *testing.T) {
	answers{
		"name[0].family": "'Chalmers'", "(1 | 2)[1]": "2", "(1 | 2)[2]": "", "(1 | 2)[-1]": "", "(1 | 2)[4294967295]": "", "(1 | 2)[1L]": "2", "(1 | 2)[1.0]": ErrOperand,
		"name.single()": ErrSingleton, "name[0].single().family": "'Chalmers'", "name.first().family": "'Chalmers'", "name.last().given": "'Jim'",
		"(0 | 1 | 2).tail()": "1, 2", "1.tail()": "", "(0 | 1 | 2).skip(1)": "1, 2", "(0 | 1 | 2).skip(2)": "2", "(0 | 1 | 2).skip(3)": "", "(0 | 1 | 2).skip(0)": "0, 1, 2",
		"(0 | 1 | 2).skip(-1)": "0, 1, 2", "(0 | 1 | 2).take(2)": "0, 1", "(0 | 1 | 2).take(5)": "0, 1, 2", "(0 | 1 | 2).take(0)": "", "(0 | 1 | 2).take(-1)": "",
		"(0 | 1).take('a')": ErrOperand, "(0 | 1).skip(1 | 2)": ErrSingleton,
		"(1 | 2 | 3).intersect(2 | 4)": "2", "1.combine(1).intersect(1)": "1", "1.intersect({})": "", "@2012.intersect(@2012-01)": "",
		"(1 | 2 | 3).exclude(2)": "1, 3", "1.combine(1).combine(2).exclude(2)": "1, 1", "1.exclude({})": "1", "(1 | 2).exclude(1.0)": "2",
		"1.combine(1).combine(2).combine(3).union(2 | 3)": "1, 2, 3", "1.combine(1).combine(2).combine(3).union({})": "1, 2, 3",
		"name.select(use.union(given)).count() = name.select(use | given).count()": "true",
		"1.combine(1).combine(2 | 3)": "1, 1, 2, 3", "(1 | 2).combine(2 | 3, true)": "1, 2, 2, 3", "(1 | 2).combine(2 | 3, false)": "1, 2, 2, 3", "1.combine({}, true)": "1",
		"1.combine({})": "1", "{}.combine(1)": "1", "1.combine(2, 'x')": ErrOperand, "1.combine(2, true, 3)": refusal("combine() takes 1 to 2 arguments"),
		"name.select(given.join(' ').combine($this.family, true).join(', '))": "'Peter James, Chalmers', 'Jim'",
	}.hold(t, patient)
}

// TestIif: 5.5.1. Only the branch that is taken is evaluated.
func TestIif(t *testing.T) {
	answers{
		"iif(true, 'yes', 'no')": "'yes'", "iif(false, 'yes', 'no')": "'no'", "iif({}, 'yes', 'no')": "'no'", "iif(false, 'yes')": "", "iif({}, 'yes')": "",
		"{}.iif(true, 'yes', 'no')": "'yes'", "{}.select(iif(true, 'yes', 'no'))": "", "iif(true, 1, 1 & 2)": "1", "iif(false, 1 & 2, 1)": "1",
		"iif(birthDate.exists(), birthDate.toString(), '(unknown)')": "'1974-12-25'", "birthDate.iif(exists(), $this.toString(), '(unknown)')": "'1974-12-25'",
		"birthDate.iif(exists(), toString(), '(unknown)')": "'1974-12-25'", "photo.iif(exists(), toString(), '(unknown)')": "'(unknown)'",
		"Patient.birthDate.iif(true, $this)": "@1974-12-25", "photo.iif(true, $this)": "", "photo.iif($this.exists(), 1, 2)": "2", "iif(true, $this).id": "'p1'",
		"iif(true, name).count()": "2", "name.iif(true, 1)": ErrSingleton, "iif(true | false, 1)": ErrSingleton,
		"name.select(iif($index = 0, 'first', 'other'))": "'first', 'other'", "name.select(given.first().iif($index = 1, 'b', 'a'))": "'a', 'b'",
		"iif(1, 'true', 'false')": "'true'", "iif(0, 'true', 'false')": "'true'", "iif('hi', 'true', 'false')": "'true'", "iif(name[0], 1, 2)": "1",
	}.hold(t, patient)
}

// TestUtilityFunction: 5.8 and 5.9.
func TestUtilityFunction(t *testing.T) {
	answers{
		"name.trace('x').given": "'Peter', 'James', 'Jim'", "name.trace('x', given).family": "'Chalmers'", "name.trace(1)": ErrOperand,
		"name[0].children().count()": "4", "active.children()": "", "birthDate.children()": "Extension", "name.descendants().count()": "6",
		"name.children().ofType(code)": "'official', 'usual'", "1.children()": "", "descendants().where($this = 'Jim').count()": "1",
		"birthDate.descendants()": "Extension, 'http://example.org/birthTime', @1974-12-25T14:35:45-05:00",
		"defineVariable('n', name.first()).name.where($this = %n).given.count()":            "2",
		"defineVariable('p').name.select(%p.id)":                                            "'p1', 'p1'",
		"name.select(defineVariable('n').given.select(%n.use & ':' & $this))":               "'official:Peter', 'official:James', 'usual:Jim'",
		"name.first().defineVariable('a', given).select(%a.count())":                        "2",
		"defineVariable('a', 1).defineVariable('b', %a + 1).select(%b)":                     "2",
		"defineVariable('a', 1).defineVariable('a', 2)":                                     refusal("variable %a already"),
		"defineVariable('context', 1)":                                                      refusal("variable %context already"),
		"defineVariable('a', 1).select(%a) | defineVariable('a', 2).select(%a)":             "1, 2",
		"name.select(defineVariable('a', given).use) | %a":                                  refusal("unknown variable %a"),
		"(1 | 2).select(defineVariable('a', $this).select(%a * %a))":                        "1, 4",
		"(5 | 6).aggregate($this + $total, 0)":                                              "11",
		"(5 | 6).aggregate(iif($total.empty(), $this, iif($this < $total, $this, $total)))": "5",
		"(5 | 6).aggregate($total + $this, 0) / 2":                                          "5.5",
		"(5 | 6).aggregate($total & $index.toString(), '')":                                 "'01'",
		"(1 | 2).select((10 | 20).aggregate($total + $this, $this))":                        "31, 32", // the start sees the outer $this
		"(1 | 2).aggregate($total + (10 | 20).aggregate($total + $this, 0), 0)":             "60",
		"(1 | 2).aggregate($total | $this)":                                                 "1, 2",
		"(1.0 | 2.0 | 3.0 | 4.0 | 5.0).sum()":                                               "15.0", "(1.0 'mg' | 2.0 'mg').sum()": "3.0 'mg'",
		"(2 | 4 | 8 | 6).min()": "2", "(2L | 4L | 8L).max()": "8L", "(@2012-12-31 | @2013-01-01 | @2012-01-01).min()": "@2012-01-01",
		"(5.5 | 4.7 | 4.8).avg() = 5": "true", "(5.5 'cm' | 4.7 'cm' | 4.8 'cm').avg() = 5 'cm'": "true", "(1 | 'a').sum()": ErrOperand, "(1 | 2).avg()": "1.5",
	}.hold(t, patient)
}

// TestTraceShows holds what trace() hands over, and that its name is evaluated once.
func TestTraceShows(t *testing.T) {
	for expression, want := range map[string][2]string{
		"name.given.trace('given').count()":                {"given", "'Peter', 'James', 'Jim'"},
		"name.trace('first', given.first()).count()":       {"first", "'Peter', 'Jim'"},
		"name.trace('at', $index).count()":                 {"at", "0, 1"},
		"name.trace(%context.id & '-' & 'x', use).count()": {"p1-x", "'official', 'usual'"},
		"{}.trace('none').count()":                         {"none", ""},
	} {
		e, err := Compile(expression, Options{Release: R4})
		require.NoError(t, err)
		calls := 0
		_, err = e.Evaluate(t.Context(), node(t, patient), Env{Trace: func(name string, items Collection) {
			calls++
			require.Equal(t, want, [2]string{name, literals(items)})
		}})
		require.NoError(t, err)
		require.Equal(t, 1, calls)
	}
}
