package search

import (
	"math/big"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

const (
	systemOfUCUM       = "http://unitsofmeasure.org"
	systemOfCurrencies = "urn:iso:std:iso:4217"
)

// quantity is [prefix]number, number|system|code or number||code. UCUM units are
// converted into each other if the value names the system; all else, and a code
// without a system, is compared as it is written.
type quantity struct {
	number  numberTest
	system  string
	code    string
	anyUnit bool
	unit    ucum.Unit
	isUCUM  bool // unit is what the code means
}

func parseQuantity(s string) (test, string) {
	parts := split(s, '|')
	if len(parts) != 1 && len(parts) != 3 {
		return nil, "a quantity is [number] or [number]|[system]|[code]"
	}
	prefix, number := cutPrefix(parts[0])
	q, problem := newQuantity(prefix, number, parts[1:])
	return q, problem
}

// newQuantity reads the number and, if they are given, system and code.
func newQuantity(prefix, number string, unit []string) (q quantity, problem string) {
	if q.number, problem = newNumberTest(prefix, number); problem != "" {
		return q, problem
	}
	if len(unit) == 0 {
		q.anyUnit = true
		return q, ""
	}
	if q.system, problem = unescape(unit[0]); problem != "" {
		return q, problem
	}
	if q.code, problem = unescape(unit[1]); problem != "" {
		return q, problem
	}
	if q.system == systemOfUCUM && q.code != "" {
		meaning, err := ucum.Parse(q.code)
		q.unit, q.isUCUM = meaning, err == nil
	}
	q.anyUnit = q.system == "" && q.code == ""
	return q, ""
}

func (q quantity) match(e element, _ *View) bool {
	i, ok := q.intervalOf(e)
	return ok && q.number.holds(i)
}

// intervalOf returns the range of a Quantity, Money or Range in the unit that is
// searched for.
func (q quantity) intervalOf(e element) (i interval, ok bool) {
	n, ok := e.object()
	if !ok {
		return i, false
	}
	if i, ok = intervalOf(e); !ok {
		return i, false
	}
	if !q.anyUnit {
		if low, high := n.Get("low"), n.Get("high"); low.Exists() || high.Exists() {
			ok = q.convert(&i.low, low) && q.convert(&i.high, high)
		} else {
			ok = q.convert(&i.low, n) && q.convert(&i.high, n)
		}
	}
	return i, ok
}

// convert gives value, which has the unit of a Quantity or Money, the unit that is
// searched for. It fails if that is another unit. An open end has none.
func (q quantity) convert(value **big.Rat, n fhirpath.Node) bool {
	if *value == nil {
		return true
	}
	if currency := n.Get("currency"); currency.Exists() {
		return (q.code == "" || currency.Is(q.code)) && (q.system == "" || q.system == systemOfCurrencies)
	}
	code := n.Get("code")
	switch {
	case q.system == "":
		return code.Is(q.code) || n.Get("unit").Is(q.code)
	case !n.Get("system").Is(q.system):
		return false
	case q.code == "" || code.Is(q.code):
		return true
	case !q.isUCUM:
		return false
	}
	unit, err := ucum.Parse(code.Text())
	if err != nil {
		return false
	}
	converted, ok := ucum.Convert(*value, unit, q.unit)
	if ok {
		*value = converted
	}
	return ok
}
