package main

import (
	"fmt"
	"strings"
)

// forms are the ways to make an expression over a real resource.
var forms = []form{
	{"path", func(g *generator) string { return g.any().text }},
	{"path", func(g *generator) string {
		return one(g, []string{"%resource.", "%context.", "%rootResource."}) + g.within().text
	}},
	{"subset", func(g *generator) string {
		return g.any().text + one(g, []string{".first()", ".last()", ".tail()", ".skip(1)", ".take(2)", "[0]", "[1]", ".single()"})
	}},
	{"existence", func(g *generator) string {
		return g.any().text + one(g, []string{".exists()", ".empty()", ".count()", ".hasValue()", ".distinct()", ".distinct().count()", ".isDistinct()", ".getValue()", ".empty().not()"})
	}},
	{"where", func(g *generator) string {
		p := g.of(isObject)
		return p.text + ".where(" + g.criterion(p, 2) + ")" + one(g, []string{"", ".count()", ".exists()", ".first()"})
	}},
	{"criterion", func(g *generator) string {
		p := g.of(isObject)
		return p.text + one(g, []string{".exists(", ".all("}) + g.criterion(p, 2) + ")"
	}},
	{"select", func(g *generator) string {
		p := g.of(isObject)
		return p.text + ".select(" + one(g, []string{g.inside(p).text, "$this", "$index", g.inside(p).text + " | " + g.inside(p).text, g.inside(p).text + ".count()"}) + ")"
	}},
	{"union", func(g *generator) string {
		a, b := g.any(), g.any()
		return "(" + a.text + " | " + b.text + ")" + one(g, []string{"", ".count()", ".first()"})
	}},
	{"set", func(g *generator) string {
		a, b := g.within(), g.within()
		if g.often(5) {
			b = a
			b.text += one(g, []string{"", ".first()", ".tail()"})
		}
		return a.text + "." + one(g, []string{"union", "combine", "intersect", "exclude", "subsetOf", "supersetOf"}) + "(%resource." + b.text + ")"
	}},
	{"membership", func(g *generator) string {
		p := g.any()
		if g.often(5) {
			return g.literal(p.sample) + " in " + p.text
		}
		return p.text + " contains " + g.literal(p.sample)
	}},
	{"cast", func(g *generator) string {
		p := g.of(isChoice)
		return fmt.Sprintf(one(g, []string{"%s.ofType(%s)", "(%s as %s)", "%s.as(%s)", "%s is %s", "%s.is(%s)", "%s.where($this is %s)"}), p.text, g.typeName(p))
	}},
	{"type", func(g *generator) string {
		p := g.any()
		return fmt.Sprintf(one(g, []string{"%s.first() is %s", "%s.first().is(%s)", "%s.ofType(%s)", "%s.ofType(%s).count()"}), p.text, g.typeName(p))
	}},
	{"type()", func(g *generator) string {
		return g.any().text + one(g, []string{".type().name", ".type().namespace", ".first().type().name"})
	}},
	{"string", func(g *generator) string { return g.single(g.of(isText)) + one(g, stringCalls) }},
	{"string argument", func(g *generator) string {
		p := g.of(isText)
		s, _ := p.sample.(string)
		part := []rune(s)
		if len(part) > 2 {
			from := g.rand.IntN(len(part) - 1)
			part = part[from : from+1+g.rand.IntN(min(6, len(part)-from))]
		}
		call := one(g, []string{".startsWith(%s)", ".endsWith(%s)", ".contains(%s)", ".indexOf(%s)", ".lastIndexOf(%s)", ".replace(%s, '_')", ".split(%s)", ".split(%s).count()", " & %s", " + %s", " = %s", " ~ %s", " < %s"})
		return g.single(p) + fmt.Sprintf(call, quoted(string(part)))
	}},
	{"join", func(g *generator) string {
		return g.of(isText).text + one(g, []string{".join(',')", ".join('')", ".join()", ".select($this & '!').join('; ')"})
	}},
	{"comparison", func(g *generator) string {
		p := g.of(func(p path) bool { return !isObject(p) })
		return g.single(p) + " " + one(g, comparisons) + " " + g.literal(p.sample)
	}},
	{"equality of collections", func(g *generator) string {
		p := g.any()
		q := p
		if g.often(4) {
			q = g.any()
		}
		return p.text + " " + one(g, []string{"=", "!=", "~", "!~"}) + " " + q.text
	}},
	{"arithmetic", func(g *generator) string {
		return g.single(g.of(isNumber)) + " " + one(g, []string{"+", "-", "*", "/", "div", "mod"}) + " " + one(g, []string{"1", "2.5", "3", "0", "0.1", "100", "(-7)"})
	}},
	{"negation", func(g *generator) string { return "-" + g.single(g.of(isNumber)) }},
	{"math", func(g *generator) string {
		return g.single(g.of(isNumber)) + one(g, []string{".abs()", ".ceiling()", ".floor()", ".round()", ".round(1)", ".truncate()", ".sqrt()", ".power(2)", ".exp()", ".ln()", ".log(10)"})
	}},
	{"logic", func(g *generator) string { return g.logic(3) }},
	{"conversion", func(g *generator) string {
		return g.single(g.of(func(p path) bool { return !isObject(p) })) + "." + one(g, []string{"to", "convertsTo"}) +
			one(g, []string{"String", "Integer", "Decimal", "Boolean", "Date", "DateTime", "Time", "Quantity"}) + "()"
	}},
	{"iif", func(g *generator) string {
		return "iif(" + g.logic(1) + ", " + g.any().text + one(g, []string{"", ", " + g.any().text}) + ")"
	}},
	{"iif on an item", func(g *generator) string {
		p := g.of(isObject)
		return g.single(p) + ".iif(" + g.criterion(p, 1) + ", " + g.inside(p).text + ", 'none')"
	}},
	{"date comparison", func(g *generator) string {
		p := g.of(isDate)
		return g.single(p) + " " + one(g, comparisons) + " " + g.date(text(p.sample, ""))
	}},
	{"date arithmetic", func(g *generator) string {
		p := g.of(isDate)
		return g.single(p) + one(g, []string{" + ", " - "}) + one(g, []string{"1 day", "1 month", "2 weeks", "1 year", "3 hours", "90 minutes", "36 hours", "1.5 days", "40 seconds", "13 months", "1 'wk'", "10 'd'", "1 's'"})
	}},
	{"date literals", func(g *generator) string {
		p, q := g.of(isDate), g.of(isDate)
		return g.date(text(p.sample, "")) + " " + one(g, comparisons) + " " + g.date(text(q.sample, ""))
	}},
	{"quantity comparison", func(g *generator) string {
		p := g.of(isAmount)
		return g.single(p) + " " + one(g, comparisons) + " " + g.quantity(p)
	}},
	{"quantity arithmetic", func(g *generator) string {
		p := g.of(isAmount)
		return g.single(p) + " " + one(g, []string{"+ " + g.quantity(p), "- " + g.quantity(p), "* 2", "/ 2", "* " + g.quantity(p), "/ " + g.quantity(p)})
	}},
	{"tree", func(g *generator) string {
		p := g.any()
		return p.text + one(g, []string{".children().count()", ".descendants().count()", ".children().first()", ".descendants().ofType(string).count()", ".children().ofType(Coding).count()", ".descendants().where($this is Reference).count()"})
	}},
	{"repeat", func(g *generator) string {
		return g.any().text + one(g, []string{".repeat(item)", ".repeat(children()).count()", ".repeat(extension).count()", ".repeat(part | extension).count()", ".repeat(contained).count()"})
	}},
	{"extension", func(g *generator) string {
		url := "http://example.org"
		if p := g.of(func(p path) bool { return strings.HasSuffix(p.text, "extension.url") }); isText(p) {
			url = text(p.sample, url)
		}
		return g.any().text + one(g, []string{".extension", ".extension(" + quoted(url) + ")", ".extension.url", ".extension(" + quoted(url) + ").value", ".extension.exists(url = " + quoted(url) + ")"})
	}},
	{"aggregate", func(g *generator) string {
		p := g.of(isNumber)
		return p.text + one(g, []string{".aggregate($this + $total, 0)", ".aggregate(iif($total.empty(), $this, iif($this < $total, $this, $total)))", ".sum()", ".min()", ".max()", ".avg()", ".aggregate($total + 1, 0)"})
	}},
	{"truths", func(g *generator) string {
		p := g.of(isBool)
		return p.text + one(g, []string{".allTrue()", ".anyTrue()", ".allFalse()", ".anyFalse()", ".not()"})
	}},
	{"boundary", func(g *generator) string {
		p := g.of(func(p path) bool { return isDate(p) || isNumber(p) })
		return g.single(p) + one(g, []string{".lowBoundary()", ".highBoundary()", ".precision()", ".lowBoundary(4)", ".highBoundary(4)"})
	}},
	{"variable", func(g *generator) string {
		p := g.of(isObject)
		return one(g, []string{
			p.text + ".defineVariable('v').where(%v.exists()).count()",
			"defineVariable('v', " + p.text + ").select(%v.count())",
			p.text + ".trace('t').count()",
			p.text + ".where(%resource.id.exists()).count()",
		})
	}},
	{"reordered", func(g *generator) string {
		p := g.of(isText)
		return p.text + one(g, []string{".sort()", ".sort(-$this)", ".distinct().count()", ".coalesce('a')"})
	}},
}

var comparisons = []string{"=", "!=", "<", ">", "<=", ">=", "~", "!~"}

var stringCalls = []string{
	".length()", ".upper()", ".lower()", ".trim()", ".toChars()", ".toChars().count()", ".substring(1)", ".substring(1, 3)", ".substring(0, 100)", ".substring(100)",
	".matches('^[A-Za-z]+$')", ".matches('[0-9]')", ".matchesFull('[a-z]+')", ".replaceMatches('[aeiou]', '*')", ".replace('', '-')", ".split('-')", ".split(' ').first()",
	".encode('base64')", ".encode('hex')", ".encode('urlbase64')", ".escape('html')", ".escape('json')", ".startsWith('')", ".contains('')", ".indexOf('')", ".replaceMatches('(\\\\w)(\\\\w)', '$2$1')",
}

// criterion is a boolean expression about the items that p finds.
func (g *generator) criterion(p path, depth int) string {
	q := g.inside(p)
	if depth > 1 && g.often(4) {
		return g.criterion(p, depth-1) + " " + one(g, []string{"and", "or"}) + " " + g.criterion(p, depth-1)
	}
	switch g.rand.IntN(6) {
	case 0:
		return q.text + ".exists()"
	case 1:
		return q.text + ".empty()"
	case 2:
		return q.text + " in (" + g.literal(q.sample) + " | " + g.literal(q.sample) + ")"
	}
	if isObject(q) {
		return q.text + ".exists()"
	}
	return q.text + ".first() " + one(g, []string{"=", "!=", "~"}) + " " + g.literal(q.sample)
}

// logic is an expression of boolean operators.
func (g *generator) logic(depth int) string {
	if depth > 0 && g.often(7) {
		a, op, b := g.logic(depth-1), one(g, []string{"and", "or", "xor", "implies", "="}), g.logic(depth-1)
		return "(" + a + ") " + op + " (" + b + ")"
	}
	switch g.rand.IntN(5) {
	case 0:
		return one(g, []string{"true", "false", "{}", "true.not()"})
	case 1:
		p := g.of(func(p path) bool { return !isObject(p) })
		return p.text + ".first() " + one(g, comparisons) + " " + g.literal(p.sample)
	}
	return g.any().text + one(g, []string{".exists()", ".empty()", ".exists().not()", ".count() > 1"})
}

// typeName is the type of a choice, or another one.
func (g *generator) typeName(p path) string {
	if p.choice != "" && g.often(7) {
		return one(g, []string{"", "FHIR."}) + p.choice
	}
	return one(g, []string{"string", "code", "uri", "Quantity", "CodeableConcept", "Coding", "Reference", "Element", "BackboneElement", "DomainResource", "Resource",
		"Patient", "Observation", "dateTime", "date", "boolean", "integer", "decimal", "FHIR.string", "System.String", "String", "System.Boolean", "Identifier", "Period", "HumanName", "Extension", "Meta", "id", "instant", "positiveInt"})
}

// quantity is a literal near the value of a Quantity.
func (g *generator) quantity(p path) string {
	o, _ := p.sample.(map[string]any)
	amount := "1"
	if v, ok := o["value"]; ok && !strings.ContainsAny(fmt.Sprint(v), "eE-") {
		amount = fmt.Sprint(v)
	}
	if g.often(3) {
		amount = one(g, []string{"1", "0.5", "1000"})
	}
	unit := text(o["code"], text(o["unit"], "1"))
	if g.often(2) {
		unit = one(g, []string{"mg", "kg", "g/L", "mmol/L", "cm", "1", "%", "a", "d"})
	}
	return amount + " " + quoted(unit)
}

func text(v any, otherwise string) string {
	if s, ok := v.(string); ok {
		return s
	}
	return otherwise
}
