package search

import (
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// inValueSet is token:in and :not-in: a coding is in the value set.
type inValueSet struct {
	valueSet    string
	terminology fhirpath.Terminology
}

// parseInValueSet reads the address of a value set, which may have bars.
func parseInValueSet(s string, terminology fhirpath.Terminology) (test, string) {
	value, problem := unescape(s)
	return inValueSet{value, terminology}, problem
}

func (t inValueSet) match(e element, v *View) bool {
	return e.anyCoding(func(system, code string) bool {
		return v.answer(func() (bool, error) { return t.terminology.MemberOf(v.ctx, system, code, t.valueSet) })
	})
}

// subsumption is token:below and :above. FHIR: a code is below and above itself.
type subsumption struct {
	token
	above       bool
	terminology fhirpath.Terminology
}

func (c *Criterion) subsumptionParser(o Options) (parseFunc, string) {
	d, above, terminology := c.definition, c.Modifier == "above", o.Host.Terminology
	if !above && strings.HasSuffix(d.Expression, ".contentType") {
		return parseMediaType, ""
	}
	if !d.mayBe(coded | code) {
		return nil, "its elements are no codes"
	}
	if terminology == nil {
		return nil, noTerminology
	}
	c.needsHost(o)
	return func(s string) (test, string) {
		t, problem := readToken(s)
		switch {
		case problem != "":
			return nil, problem
		case t.code == "" || t.bar && t.system == "":
			return nil, "the value must be [code] or [system]|[code]"
		case !t.bar && d.isAlways(code):
			return nil, "the code's system must be given"
		}
		return subsumption{t, above, terminology}, ""
	}, ""
}

func (t subsumption) match(e element, v *View) bool {
	return e.anyCoding(func(system, code string) bool {
		switch {
		case system == "":
			system = t.system
		case t.system != "" && t.system != system:
			return false
		}
		if system == "" {
			return code == t.code
		}
		ancestor, descendant := t.code, code
		if t.above {
			ancestor, descendant = code, t.code
		}
		return code == t.code ||
			v.answer(func() (bool, error) { return t.terminology.Subsumes(v.ctx, system, ancestor, descendant) })
	})
}

// answer asks the host, whose error makes the whole answer unknown.
func (v *View) answer(ask func() (bool, error)) bool {
	err := v.charge()
	if err == nil {
		var yes bool
		if yes, err = ask(); err == nil {
			return yes
		}
	}
	v.fail(err)
	return false
}

// anyCoding reports whether f is true of a coding of the element, or of the code
// that it is. A system that the element does not have is "".
func (e element) anyCoding(f func(system, code string) bool) bool {
	n, ok := e.object()
	if !ok {
		return f("", string(e.text()))
	}
	for coding := range codings(n) {
		if code := codeOf(coding).Text(); code != "" && f(coding.Get("system").Text(), code) {
			return true
		}
	}
	return false
}

// mediaType is :below on a MIME type: its parameters do not count, and a type alone
// stands for all its subtypes.
type mediaType string

func parseMediaType(s string) (test, string) {
	value, problem := unescape(s)
	return mediaType(strings.ToLower(value)), problem
}

func (t mediaType) match(e element, _ *View) bool {
	value := strings.ToLower(string(e.text()))
	rest, ok := strings.CutPrefix(value, string(t))
	return ok && (rest == "" || rest[0] == ';' || rest[0] == ' ' || rest[0] == '/' && !strings.Contains(string(t), "/"))
}
