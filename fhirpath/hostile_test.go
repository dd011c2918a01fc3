package fhirpath

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostile are expressions made to exhaust the process: every shape at sizes that
// stay below the limits of an expression, at them, and far beyond.
func hostile() []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, n := range []int{50, 99, 1_000, 10_000, 100_000} {
		add("%s1%s", strings.Repeat("(", n), strings.Repeat(")", n))
		add("1%s", strings.Repeat("+1", n))
		add("'a'%s", strings.Repeat("&'a'", n))
		add("true%s", strings.Repeat(" and true", n))
		add("1%s", strings.Repeat(" | 1", n))
		add("a%s", strings.Repeat(".a", n))
		add("%s1", strings.Repeat("-", n))
		add("%s1%s", strings.Repeat("iif(true, ", n), strings.Repeat(")", n))
		add("%strue%s", strings.Repeat("name.where(", n), strings.Repeat(")", n))
		add("%strue%s", strings.Repeat("descendants().all(", n), strings.Repeat(")", n))
		add("%s$this%s", strings.Repeat("name.select(", n), strings.Repeat(")", n))
		add("%s", strings.Repeat("9", n))
		add("1.%s", strings.Repeat("9", n))
		add("'%s'", strings.Repeat("x", n))
		add("name%s", strings.Repeat("[0]", n))
		add("descendants()%s", strings.Repeat(".descendants()", n))
		add("children()%s", strings.Repeat(".children()", n))
		add("(1|2)%s", strings.Repeat(".combine($this)", n))
		add("'ab'%s", strings.Repeat(".replace('', 'xy')", n))
		add("'ab'%s", strings.Repeat(".replaceMatches('.', 'xxxx')", n))
		add("'aaaa'.matches('%s')", strings.Repeat("(a*)*", n))
		add("'aaaa'.matches('%s')", strings.Repeat("a?", n))
		add("1%s", strings.Repeat(".power(9)", n))
		add("2.0%s", strings.Repeat(".power(2.5)", n))
		add("9%s", strings.Repeat(" * 9999999999.99999999", n))
		add("1.0%s", strings.Repeat(" / 3.0000001", n))
		add("1 'm'%s", strings.Repeat(" * 1 'm'", n))
		add("1 '%s'", strings.Repeat("m.", n)+"m")
		add("%s", strings.Repeat("defineVariable('x').", n)+"name")
		add("/*%s*/ 1", strings.Repeat("*", n))
		add("%%`%s`", strings.Repeat("x", n))
		add("{}%s", strings.Repeat(".coalesce({})", n))
	}
	for _, n := range []string{"1000", "1e9", "1000000000", "-1000000000", "999999999999999999", "2147483648", "0.0000000001"} {
		for _, shape := range []string{"2.power(%s)", "2.5.power(%s)", "(-2).power(%s)", "1.5.round(%s)", "1.5.lowBoundary(%s)",
			"@2020.highBoundary(%s)", "@2020 + %s days", "@2020-01-01T00:00:00 - %s years", "@T10 + %s hours", "%s.exp()", "%s.ln()",
			"%s.sqrt()", "10.log(%s)", "'abc'.substring(%s)", "'abc'.substring(0, %s)", "name.skip(%s)", "name.take(%s)", "name[%s]",
			"%s 'Ym' = 1 'ym'", "%s.toString()", "%s mod 7", "%s div 7"} {
			if !strings.Contains(n, "e") {
				add(shape, n)
			}
		}
	}
	return append(list,
		"repeat($this)", "repeat(%context)", "repeatAll($this)", "repeatAll(%resource)", "repeatAll(children() | %resource)",
		"name.repeat(%resource.descendants())", "descendants().select(%resource.descendants())",
		"descendants().where(%resource.descendants().where(%resource.descendants().exists()).exists())",
		"name.aggregate($total & $total & 'aaaaaaaa', 'aaaaaaaa')", "descendants().aggregate($total.combine($total).combine(1), 1)",
		"descendants().aggregate(iif($total.empty(), 2, $total * $total))", "descendants().aggregate($total.replace('a', 'aaaaaaaa'), 'a')",
		"descendants().select($this = %resource)", "descendants().select($this ~ %resource)", "descendants() ~ descendants()",
		"descendants().combine(descendants()).isDistinct()", "descendants().combine(descendants()).distinct().count()",
		"descendants().intersect(descendants()).count()", "descendants().subsetOf(descendants())",
		"descendants().sort($this.toString())", "descendants().select(toString()).join(',').toChars().distinct()",
		"descendants().toString().join('').split('')", "descendants().select('"+strings.Repeat("x", 10_000)+"').join('x').length()",
		"'"+strings.Repeat("a", 30_000)+"'.matches('(a+)+$')", "'"+strings.Repeat("a", 30_000)+"'.replaceMatches('(a|aa)+', 'b')",
		"'"+strings.Repeat("&lt;", 5_000)+"'.unescape('html').escape('html').escape('html').escape('html')",
		"'"+strings.Repeat("ab", 5_000)+"'.encode('hex').encode('hex').encode('hex').encode('hex').encode('hex').encode('hex').encode('hex').encode('hex').encode('hex').encode('hex')",
		"1.0 / 3 * 3 / 7 * 11 / 13 * 17 / 19", "(1.0 / 3).power(1000)", "1000000.exp()", "1000000.exp().exp()",
	)
}

// TestHostile runs the hostile list (docs/delivery-rows.md I3) over resources that are deep,
// wide and long: each expression is refused, or ends within the budget, and the
// memory that it takes is bounded.
func TestHostile(t *testing.T) {
	list := hostile()
	require.Greater(t, len(list), 200)
	var wide strings.Builder
	wide.WriteString(`{"resourceType":"Patient","name":[{"given":["x"`)
	for i := range 3_000 {
		fmt.Fprintf(&wide, `,"g%d"`, i)
	}
	wide.WriteString(`]}]}`)
	deep := `{"resourceType":"Patient","name":[{"given":["a"]}],"extension":[` + strings.Repeat(`{"url":"u","extension":[`, 90) +
		strings.Repeat(`]}`, 90) + `]}`
	documents := []Node{node(t, patient), node(t, wide.String()), node(t, deep)}
	var longest time.Duration
	var slowest string
	refused, limited, failed, ended := 0, 0, 0, 0
	for _, source := range list {
		e, err := Compile(source, Options{Release: R4})
		if err != nil {
			refused++
			continue
		}
		for _, focus := range documents {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := e.Evaluate(context.Background(), focus, Env{})
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if took > longest {
				longest, slowest = took, source[:min(len(source), 80)]
			}
			if !racing {
				require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(256<<20), "%.80s", source)
			}
			switch {
			case err == nil:
				ended++
			case errors.Is(err, ErrLimit):
				limited++
			default:
				failed++
			}
		}
	}
	t.Logf("%d hostile expressions: %d refused when compiled; of the evaluations %d ended, %d exceeded the budget, %d failed otherwise; the longest took %v: %s",
		len(list), refused, ended, limited, failed, longest.Round(time.Millisecond), slowest)
	require.NotZero(t, limited)
}
