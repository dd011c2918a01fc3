package search

import (
	"strings"
	"unicode/utf8"
)

// compare makes the test of one comparison. A path of several names is a chain.
func (p *filterParser) compare(resourceType string, path []step, operator, value string, depth int) (evaluator, string) {
	head := path[0]
	if problem := p.o.tooMany(); problem != "" {
		return nil, problem
	}
	switch {
	case depth > maxLinks:
		return nil, "the chain is too long"
	case strings.HasPrefix(head.name, "_has:"):
		return p.compareBack(resourceType, path, operator, value, depth)
	case len(path) > 1:
		return p.compareChain(resourceType, path, operator, value, depth)
	case strings.Contains(head.name, ":"):
		return nil, "modifiers have no place in a filter"
	}
	if _, special := specials[head.name]; special {
		return nil, "the parameter has no place in a filter"
	}
	c := &Criterion{name: head.name}
	problem := ""
	if c.definition, problem = p.o.definition(resourceType, head.name); problem == "" {
		problem = c.readOperator(p.o, operator, value)
	}
	if c.definition != nil && c.definition.compile.resolves {
		c.needsHost(p.o)
	}
	p.asks = p.asks || c.asks
	return c, problem
}

// compareChain follows a reference to resources that meet the filter in brackets,
// if there is one, and the rest of the path.
func (p *filterParser) compareChain(resourceType string, path []step, operator, value string, depth int) (evaluator, string) {
	code, only, _ := strings.Cut(path[0].name, ":")
	d, problem := p.o.definition(resourceType, code)
	if problem != "" {
		return nil, problem
	}
	if p.o.Host.Resolver == nil {
		return nil, noResolver
	}
	p.asks = true
	types, problem := d.leadsTo(p.o, only)
	if problem != "" {
		return nil, problem
	}
	link := &chain{head: d, rest: map[string]evaluator{}, resolver: p.o.Host.Resolver}
	for _, t := range types {
		rest, reason := p.compare(t, path[1:], operator, value, depth+1)
		if reason == "" && path[0].filter != "" {
			var also evaluator
			inner := &filterParser{o: p.o, rest: path[0].filter, nesting: p.nesting, tests: p.tests, depth: depth + 1}
			if also, reason = inner.bracket(t, ']'); reason == "" {
				rest, p.tests = &junction{left: also, right: rest}, inner.tests
			}
		}
		if reason == "" {
			link.rest[t] = rest
			continue
		}
		if problem = reason; reason != p.o.unknownParameter() {
			return nil, reason
		}
	}
	if len(link.rest) == 0 {
		return nil, problem
	}
	return criterionOf(d, link, p.o), ""
}

// compareBack is _has:[type]:[reference]:[path]: the host searches by a filter with
// the rest.
func (p *filterParser) compareBack(resourceType string, path []step, operator, value string, depth int) (evaluator, string) {
	parts := strings.SplitN(path[0].name, ":", 4)
	if len(parts) < 4 || parts[3] == "" {
		return nil, "the form is _has:[type]:[reference]:[parameter]"
	}
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value)
	filter := parts[3] + path[0].filter
	for _, s := range path[1:] {
		filter += "." + s.name + s.filter
	}
	name := strings.Join(parts[:3], ":") + ":_filter"
	c, problem := read(p.o, resourceType, name, filter+" "+operator+` "`+quoted+`"`, depth+1)
	p.asks = true
	return c, problem
}

// criterionOf makes a Criterion of a part of a filter, so that it sets up the View.
func criterionOf(d *definition, e evaluator, o Options) *Criterion {
	c := &Criterion{name: d.Code, definition: d, asks: true}
	c.decidedBy(e, o)
	return c
}

// readOperator reads operator and value as the table of operators has them for the
// kind of the parameter. Texts, references and addresses are taken as they are;
// tokens and quantities have bars and escapes as in a search.
func (c *Criterion) readOperator(o Options, operator, value string) string {
	const unknown = "the operator is unknown, or not for this kind of parameter"
	if operator == "pr" {
		if c.Modifier, c.Value = "missing", "false"; value == "false" {
			c.Value = "true"
		} else if value != "true" {
			return "the value of pr must be true or false"
		}
		c.missing = c.Value == "true"
		return ""
	}
	kind, problem := c.definition.Kind, ""
	switch operator {
	case "eq", "ne":
		switch kind {
		case KindString:
			c.test, problem = stringTest{value: fold(value), modifier: "eq"}, ""
		case KindToken:
			c.test, problem = parseToken(predefinedSystem(value), c.definition)
		case KindURI:
			c.test, problem = parseURI(escape(value), "")
		case KindNumber, KindDate, KindQuantity:
			return c.readComparator(operator, value)
		default:
			return unknown
		}
		if operator == "ne" {
			c.test = unequal{c.test}
		}
		return problem
	case "gt", "lt", "ge", "le", "co", "sw", "ew", "ap", "sa", "eb", "po":
		if kind == KindString && strings.Contains("gt lt ge le co sw ew", operator) {
			if c.test = (stringTest{value: fold(value), modifier: operator}); fold(value) == "" {
				return "the value has nothing but punctuation"
			}
			return ""
		}
		return c.readComparator(operator, value)
	case "re":
		if kind != KindReference {
			return unknown
		}
		c.test, problem = parseReference(escape(value), "", c.definition, o.Release)
		return problem
	case "ss", "sb", "in", "ni":
		if kind != KindToken {
			return unknown
		}
		c.Modifier = map[string]string{"ss": "below", "sb": "above", "in": "in", "ni": "not-in"}[operator]
		parse, problem := c.parser(o)
		if problem != "" {
			return problem
		}
		if operator == "ss" || operator == "sb" {
			value = predefinedSystem(value)
		}
		c.test, problem = parse(value)
		return problem
	}
	return unknown
}

// readComparator reads an operator that is a comparator of dates, numbers or
// quantities, or that only filters have.
func (c *Criterion) readComparator(operator, value string) (problem string) {
	allowed := map[string]string{
		KindDate: "eq ne gt lt ge le ap sa eb co po", KindNumber: "eq ne gt lt ge le ap sa eb co",
		KindQuantity: "eq ne gt lt ge le ap sa eb",
	}[c.definition.Kind]
	if !strings.Contains(allowed, operator) {
		return "the operator is unknown, or not for this kind of parameter"
	}
	switch c.definition.Kind {
	case KindDate:
		from, to, ok := parseTime(value)
		if !ok {
			return "the value must be a date or dateTime"
		}
		c.test = dateTest{operator, from, to}
	case KindNumber:
		c.test, problem = newNumberTest(operator, value)
	case KindQuantity:
		parts := split(predefinedUnit(value), '|')
		if len(parts) != 1 && len(parts) != 3 {
			return "a quantity is [number] or [number]|[system]|[code]"
		}
		c.test, problem = newQuantity(operator, parts[0], parts[1:])
	}
	return problem
}

// unequal is ne: an element does not pass.
type unequal struct{ test }

func (u unequal) match(e element, v *View) bool { return !u.test.match(e, v) }

// compare applies a comparison of _filter to a folded text. The page compares the
// first characters for gt and its like.
func (t stringTest) compare(folded string) bool {
	first, _ := utf8.DecodeRuneInString(folded)
	other, _ := utf8.DecodeRuneInString(t.value)
	switch t.modifier {
	case "co":
		return strings.Contains(folded, t.value)
	case "sw":
		return strings.HasPrefix(folded, t.value)
	case "ew":
		return strings.HasSuffix(folded, t.value)
	case "gt":
		return first > other
	case "lt":
		return first < other
	case "ge":
		return first >= other
	case "le":
		return first <= other
	}
	return folded == t.value
}

// predefinedSystem gives the short names of code systems their addresses.
func predefinedSystem(value string) string {
	name, code, ok := strings.Cut(value, "|")
	if system := map[string]string{
		"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct",
		"rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "ucum": systemOfUCUM,
	}[name]; ok && system != "" {
		return system + "|" + code
	}
	return value
}

// predefinedUnit does so in number|system|code.
func predefinedUnit(value string) string {
	number, unit, ok := strings.Cut(value, "|")
	if !ok {
		return value
	}
	return number + "|" + predefinedSystem(unit)
}
