package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// generator makes expressions over the resources of a corpus.
type generator struct {
	rand   *rand.Rand
	corpus []*resource
	on     *resource // of the expression that is being made
}

func newGenerator(seed uint64, corpus []*resource) *generator {
	return &generator{rand: rand.New(rand.NewPCG(seed, 0)), corpus: corpus}
}

func (g *generator) next(hostile bool) question {
	g.on = one(g, g.corpus)
	list := forms
	if hostile {
		g.on, list = g.corpus[0], edges
	}
	f := one(g, list)
	return question{form: f.name, expression: f.make(g), on: g.on}
}

// form is one way to make an expression.
type form struct {
	name string
	make func(*generator) string
}

// one picks.
func one[T any](g *generator, list []T) T { return list[g.rand.IntN(len(list))] }

// often is true in n of ten calls.
func (g *generator) often(n int) bool { return g.rand.IntN(10) < n }

// path is an expression that finds something in the resource at hand.
type path struct {
	text   string
	sample any    // one of the values: string, json.Number, bool or map[string]any
	choice string // the type, if the last step is a choice element
}

// walk takes some steps from an object. root is the path so far.
func (g *generator) walk(root string, from map[string]any, steps int) path {
	p := path{text: root, sample: from}
	for range steps {
		object, ok := p.sample.(map[string]any)
		if !ok {
			return p
		}
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(object)), func(name string) bool {
			return name == "resourceType" || name[0] == '_' || name == "div"
		})
		if len(names) == 0 {
			return p
		}
		name := one(g, names)
		sample := object[name]
		for list, ok := sample.([]any); ok; list, ok = sample.([]any) {
			if len(list) == 0 {
				return p
			}
			sample = one(g, list)
		}
		if sample == nil {
			return p
		}
		base, typ := choice(name)
		p = path{join(p.text, identifier(base)), sample, typ}
	}
	return p
}

func join(root, step string) string {
	if root == "" {
		return step
	}
	return root + "." + step
}

// keyword is what must be quoted to be the name of an element.
var keyword = regexp.MustCompile(`^(div|mod|and|or|xor|implies|true|false|year|month|week|day|hour|minute|second|millisecond)s?$`)

func identifier(name string) string {
	if keyword.MatchString(name) {
		return "`" + name + "`"
	}
	return name
}

// choiceName matches the members of choice elements that the corpus has.
var choiceName = regexp.MustCompile(`^(value|effective|onset|abatement|deceased|multipleBirth|occurrence|performed|medication|timing|serviced|` +
	`product|item|collected|born|age|reported|asNeeded|dose|rate|allowed|used|scheduled|event|subject|target|detail|due|defaultValue|answer|entity|content)` +
	`(Quantity|CodeableConcept|String|Boolean|Integer|Decimal|Range|Ratio|SampledData|Time|DateTime|Date|Period|Age|Duration|Reference|Timing|Code|Uri|Url|Canonical|Coding|Attachment|Identifier|Instant|Money|Markdown|Id|HumanName|Address|ContactPoint)$`)

// choice splits valueQuantity into value and Quantity; other names have no type.
func choice(name string) (base, typ string) {
	m := choiceName.FindStringSubmatch(name)
	if m == nil {
		return name, ""
	}
	typ = m[2]
	switch typ {
	case "String", "Boolean", "Integer", "Decimal", "Time", "Date", "Code", "Uri", "Url", "Canonical", "Instant", "Markdown", "Id":
		typ = strings.ToLower(typ)
	case "DateTime":
		typ = "dateTime"
	}
	return m[1], typ
}

// any is a path to anything. Half of them begin with the name of the type.
func (g *generator) any() path {
	root := ""
	if g.often(5) {
		root, _ = g.on.tree["resourceType"].(string)
	}
	for {
		if p := g.walk(root, g.on.tree, 1+g.rand.IntN(5)); p.text != "" {
			return p
		}
	}
}

// within is a path without the name of the type before it, to follow %resource.
func (g *generator) within() path {
	for {
		if p := g.walk("", g.on.tree, 1+g.rand.IntN(5)); p.text != "" {
			return p
		}
	}
}

// of is a path to a value that fits, or to anything if none was found.
func (g *generator) of(fits func(path) bool) path {
	p := g.any()
	for range 40 {
		if fits(p) {
			return p
		}
		p = g.any()
	}
	return p
}

var (
	dateText = regexp.MustCompile(`^\d{4}(-\d\d(-\d\d(T.*)?)?)?$`)
	isText   = func(p path) bool { _, ok := p.sample.(string); return ok }
	isNumber = func(p path) bool { _, ok := p.sample.(json.Number); return ok }
	isBool   = func(p path) bool { _, ok := p.sample.(bool); return ok }
	isObject = func(p path) bool { _, ok := p.sample.(map[string]any); return ok }
	isChoice = func(p path) bool { return p.choice != "" }
	isDate   = func(p path) bool { s, ok := p.sample.(string); return ok && dateText.MatchString(s) }
	isAmount = func(p path) bool {
		o, _ := p.sample.(map[string]any)
		_, ok := o["value"].(json.Number)
		return ok
	}
)

// single is the path as one item, most of the time.
func (g *generator) single(p path) string {
	if g.often(8) {
		return p.text + one(g, []string{".first()", ".last()", "[0]"})
	}
	return p.text
}

// inside is a path from an object found by p, for criteria.
func (g *generator) inside(p path) path {
	object, ok := p.sample.(map[string]any)
	if !ok {
		return path{text: "$this", sample: p.sample}
	}
	if q := g.walk("", object, 1+g.rand.IntN(2)); q.text != "" {
		return q
	}
	return path{text: "$this", sample: p.sample}
}

// literal writes a value that a path finds, or one near it.
func (g *generator) literal(sample any) string {
	switch v := sample.(type) {
	case string:
		switch {
		case dateText.MatchString(v) && g.often(7):
			return g.date(v)
		case g.often(2):
			return quoted(v + "x")
		}
		return quoted(v)
	case json.Number:
		n := strings.ToLower(v.String())
		if strings.ContainsAny(n, "e") {
			return "1"
		}
		if g.often(3) {
			return strings.Trim(fmt.Sprintf("%s + %d", n, g.rand.IntN(3)), " ")
		}
		return n
	case bool:
		return fmt.Sprint(v != g.often(3))
	}
	return one(g, []string{"1", "'a'", "true", "{}"})
}

func quoted(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	return "'" + r.Replace(s) + "'"
}

// date writes a date, or some date if s is none, as a literal, often with less
// precision.
func (g *generator) date(s string) string {
	if !dateText.MatchString(s) {
		s = "2015-02-07T13:28:17.239+02:00"
	}
	day, clock, _ := strings.Cut(s, "T")
	switch cut := g.rand.IntN(6); {
	case cut == 0:
		return "@" + day[:4]
	case cut == 1 && len(day) >= 7:
		return "@" + day[:7]
	case cut == 2 || clock == "":
		return "@" + day
	case cut == 3 && len(clock) >= 5:
		return "@" + day + "T" + clock[:5]
	case cut == 4:
		return "@" + day + "T"
	}
	return "@" + s
}
