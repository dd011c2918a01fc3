package search

import "github.com/carillon-fhir/carillon/fhirpath"

// quantity is [prefix]number, number|system|code or number||code. Units are
// compared as written; they are not converted into each other.
type quantity struct {
	number  numberTest
	system  string
	code    string
	anyUnit bool
}

func parseQuantity(s string) (test, string) {
	parts := split(s, '|')
	if len(parts) != 1 && len(parts) != 3 {
		return nil, "a quantity is [number] or [number]|[system]|[code]"
	}
	prefix, number := cutPrefix(parts[0])
	q := quantity{anyUnit: len(parts) == 1}
	var problem string
	if q.number, problem = newNumberTest(prefix, number); problem != "" {
		return nil, problem
	}
	if q.anyUnit {
		return q, ""
	}
	if q.system, problem = unescape(parts[1]); problem != "" {
		return nil, problem
	}
	if q.code, problem = unescape(parts[2]); problem != "" {
		return nil, problem
	}
	if q.code == "" {
		return nil, "the unit's code after the second bar is missing"
	}
	return q, ""
}

func (q quantity) match(e element, _ *View) bool {
	n, ok := e.object()
	if !ok {
		return false
	}
	i, ok := intervalOf(e)
	return ok && q.matchUnit(n) && q.number.holds(i)
}

// matchUnit looks at the unit of a Quantity, of the ends of a Range, or at the
// currency of a Money. Without a system the value names the code or the unit that
// people read.
func (q quantity) matchUnit(n fhirpath.Node) bool {
	if q.anyUnit {
		return true
	}
	for _, end := range [...]string{"low", "high"} {
		if part := n.Get(end); part.Exists() {
			return q.matchUnit(part)
		}
	}
	if currency := n.Get("currency"); currency.Exists() {
		return currency.Is(q.code) && (q.system == "" || q.system == "urn:iso:std:iso:4217")
	}
	if q.system != "" {
		return n.Get("code").Is(q.code) && n.Get("system").Is(q.system)
	}
	return n.Get("code").Is(q.code) || n.Get("unit").Is(q.code)
}
