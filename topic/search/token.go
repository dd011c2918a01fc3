package search

import (
	"bytes"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// token is code, |code, system| or system|code.
type token struct {
	system, code string
	bar          bool // a system was given, perhaps the empty one
	folded       bool // the elements are of type string, which compare without regard to case
}

func parseToken(s string, d *definition) (test, string) {
	t, problem := readToken(s)
	switch {
	case problem != "" || !t.bar:
	case d.Code == "_id":
		problem = "an id has no system"
	case d.isAlways(contactPoint | uriType | boolean):
		problem = "its elements have no system"
	case !d.isAlways(code):
	case t.code == "":
		problem = "its elements have no system beside the code: the value must be [code] or [system]|[code]"
	case !d.mayImply(t.system):
		problem = "its elements are codes, and never of that system"
	}
	t.folded = d.isAlways(stringType)
	if problem == "" && d.Code == "_id" && !fhirpath.IsID(t.code) {
		problem = "no resource can have that id"
	}
	return t, problem
}

// mayImply reports whether a primitive code may be one of the system, which it implies
// by its binding. Those of FHIR's own elements are bound to systems of HL7, the IETF and
// ISO, and to UCUM. "" asks for codes without a system, which they are not.
func (d *definition) mayImply(system string) bool {
	if !strings.HasPrefix(d.URL, "http://hl7.org/fhir/SearchParameter/") || system == "" {
		return true
	}
	return slices.ContainsFunc([]string{
		"http://hl7.org/fhir/", "http://terminology.hl7.org/", "urn:ietf:", "urn:iso:", "http://www.iana.org/", systemOfUCUM,
	}, func(prefix string) bool { return strings.HasPrefix(system, prefix) })
}

func readToken(s string) (token, string) {
	parts := split(s, '|')
	if len(parts) > 2 {
		return token{}, "a token is [system]|[code]; a bar in either must be escaped"
	}
	t := token{bar: len(parts) == 2}
	var problem string
	if t.bar {
		if t.system, problem = unescape(parts[0]); problem != "" {
			return t, problem
		}
	}
	if t.code, problem = unescape(parts[len(parts)-1]); problem != "" {
		return t, problem
	}
	if t.code == "" && t.system == "" {
		return t, "both system and code are empty"
	}
	return t, ""
}

// match follows the table of token types in the FHIR search page. Systems, and
// codes of systems that are known to tell cases apart, compare exactly, as do the
// primitives code, id, boolean and uri; all else without regard to ASCII case, as
// FHIR asks where a system's own rule is not known.
//
// A primitive code's system is implied by its binding, which is not known here.
// Failure policy: system|code is compared by code alone there, so a query with
// the right system finds what it should, and one with a wrong system finds it too,
// unless no such code can be of that system, which is refused.
func (t token) match(e element, _ *View) bool {
	n, ok := e.object()
	if !ok {
		if t.code == "" || t.bar && t.system == "" && !t.folded {
			return false
		}
		return string(e.text()) == t.code || t.folded && equalFold(e.text(), t.code)
	}
	for coding := range codings(n) {
		if t.matchCoding(coding) {
			return true
		}
	}
	return false
}

func (t token) matchCoding(n fhirpath.Node) bool {
	system := n.Get("system")
	if t.bar {
		switch {
		case t.system == "" && system.Exists():
			return false
		case t.system != "" && !system.Is(t.system):
			return false
		case isContactSystem(system):
			return false // FHIR: no bar on a ContactPoint
		}
	}
	return t.code == "" || codeOf(n).Is(t.code) || equalFold(text(codeOf(n)), t.code) && !tellsCases(system)
}

// tellsCases reports whether the codes of a system are case-sensitive: those of
// FHIR itself and of UCUM are. Below sid/ FHIR has addresses for others' systems.
func tellsCases(system fhirpath.Node) bool {
	s := text(system)
	rest, ok := bytes.CutPrefix(s, []byte("http://hl7.org/fhir/"))
	return ok && !bytes.HasPrefix(rest, []byte("sid/")) || string(s) == "http://unitsofmeasure.org"
}

// codings yields the parts of a complex element that have a system and a code:
// the codings of a CodeableConcept (or of a CodeableReference's), otherwise the
// element itself, which is a Coding, Identifier or ContactPoint.
func codings(n fhirpath.Node) func(yield func(fhirpath.Node) bool) {
	if concept := n.Get("concept"); concept.Exists() {
		n = concept
	}
	if list := n.Get("coding"); list.Exists() {
		return list.Elements()
	}
	return n.Elements()
}

func codeOf(n fhirpath.Node) fhirpath.Node {
	if code := n.Get("code"); code.Exists() {
		return code
	}
	return n.Get("value")
}

// isContactSystem tells ContactPoint.system from a Coding's or Identifier's.
func isContactSystem(n fhirpath.Node) bool {
	switch string(text(n)) {
	case "phone", "fax", "email", "pager", "url", "sms", "other":
		return true
	}
	return false
}

func (t token) appendKeys(dst []uint64, salt uint64) []uint64 {
	switch {
	case t.code == "":
		return append(dst, hashString(salt+systemForm, t.system))
	case t.bar && t.system != "":
		return append(dst,
			hashString(hashString(salt+codingForm, t.system), t.code), hashString(salt+literalForm, t.code))
	}
	return append(dst, hashString(salt+codeForm, t.code))
}

func appendTokenKeys(dst []uint64, salt uint64, e element) []uint64 {
	n, ok := e.object()
	if !ok {
		s := e.text()
		return append(dst, hashString(salt+codeForm, s), hashString(salt+literalForm, s))
	}
	for coding := range codings(n) {
		code := text(codeOf(coding))
		dst = append(dst, hashString(salt+codeForm, code))
		if system := coding.Get("system"); system.Exists() {
			s := text(system)
			dst = append(dst, hashString(hashString(salt+codingForm, s), code), hashString(salt+systemForm, s))
		}
	}
	return dst
}

// tokenText is token:text: a text that belongs to the code starts with it.
type tokenText struct{ text string }

func parseTokenText(s string) (test, string) {
	value, problem := parseFolded(s)
	return tokenText{value}, problem
}

func (t tokenText) match(e element, _ *View) bool {
	n, ok := e.object()
	if !ok {
		return false
	}
	starts := func(n fhirpath.Node) bool { return n.Exists() && foldsTo(text(n), t.text) }
	for coding := range codings(n) {
		if starts(coding.Get("display")) {
			return true
		}
	}
	return starts(n.Get("text")) || starts(n.Path("concept", "text")) ||
		starts(n.Path("type", "text")) || starts(n.Path("assigner", "display"))
}

// codeText is token:code-text: the code itself begins with it, as a text does.
type codeText string

func parseCodeText(s string) (test, string) {
	value, problem := parseFolded(s)
	return codeText(value), problem
}

func (t codeText) match(e element, _ *View) bool {
	return e.anyCoding(func(_, code string) bool { return foldsTo([]byte(code), string(t)) })
}

// ofType is token:of-type on an Identifier: system|code of its type, and value.
type ofType struct {
	kind  token
	value string
}

func parseOfType(s string) (test, string) {
	const form = "the value must be [system]|[code]|[value]"
	parts := split(s, '|')
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return nil, form
	}
	kind, problem := readToken(parts[0] + "|" + parts[1])
	if problem != "" {
		return nil, problem
	}
	value, problem := unescape(parts[2])
	return ofType{kind, value}, problem
}

func (t ofType) match(e element, v *View) bool {
	n, ok := e.object()
	return ok && equalFold(text(n.Get("value")), t.value) && n.Get("type").Exists() &&
		t.kind.match(element{node: n.Get("type")}, v)
}
