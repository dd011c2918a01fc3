package search

import (
	"strings"
	"unicode/utf8"
)

// maxLinks bounds the parts of a chain or of a nested _has, maxParts what they
// multiply to where a reference leads to many types of resources.
const (
	maxLinks = 10
	maxParts = 2000
)

// Parse reads one criterion for resourceType. name is the parameter's code, with a
// modifier if there is one, or a chain such as subject:Patient.name:exact, or
// _has:Observation:patient:code; value is percent-decoded. Commas in value separate
// alternatives; \, \| \$ and \\ stand for themselves.
//
// Whatever can't be evaluated, for it asks more of the Host than there is, and
// whatever is not known, is an *Error: it is never ignored, which would widen the
// search (FLT-14, ACC-08). For the types Resource and DomainResource only
// parameters that all their types share are known.
func Parse(o Options, resourceType, name, value string) (*Criterion, error) {
	o.parts = new(int)
	c, problem := read(o, resourceType, name, value, 0)
	if problem != "" {
		code, modifier := splitName(name)
		return nil, &Error{Parameter: printable(code), Modifier: printable(modifier), Problem: problem}
	}
	return c, nil
}

// splitName takes the modifier off the last parameter of a name.
func splitName(name string) (code, modifier string) {
	last := strings.LastIndexByte(name, '.') + 1
	if strings.HasPrefix(name[last:], "_has:") {
		if parts := strings.Split(name[last:], ":"); len(parts)%3 == 2 {
			modifier = parts[len(parts)-1]
			return strings.TrimSuffix(name, ":"+modifier), modifier
		}
		return name, ""
	}
	if i := strings.IndexByte(name[last:], ':'); i >= 0 {
		return name[:last+i], name[last+i+1:]
	}
	return name, ""
}

// tooMany counts what is read.
func (o *Options) tooMany() (problem string) {
	if *o.parts++; *o.parts > maxParts {
		return "the references lead to too many types of resources: name the types"
	}
	return ""
}

// read is Parse at the given depth of links. It returns what is wrong with the
// criterion, "" if nothing is.
func read(o Options, resourceType, name, value string, depth int) (*Criterion, string) {
	c := &Criterion{Value: value}
	c.name, c.Modifier = splitName(name)
	if problem := o.tooMany(); problem != "" {
		return nil, problem
	}
	switch ds := o.known(); {
	case ds.release != o.Release:
		return nil, "the definitions are of another release"
	case !ds.has(resourceType):
		return nil, "there is no such resource type in " + o.Release.String()
	case depth > maxLinks:
		return nil, "the chain is too long"
	case strings.HasSuffix(name, ":"):
		return nil, "the modifier after the colon is missing"
	case value == "":
		return nil, "the value is missing"
	case !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return nil, "the value holds bytes that no value can have"
	}
	head, rest, chained := cutLink(name)
	switch {
	case chained:
		return c, c.readChain(o, resourceType, head, rest, depth)
	case strings.HasPrefix(name, "_has:"):
		return c, c.readHas(o, resourceType, depth)
	}
	if d, ok := specials[c.name]; ok {
		c.definition = d
		return c, c.readSpecial(o, resourceType, depth)
	}
	return c, c.readElements(o, resourceType)
}

// readElements is read for criteria on elements of the resource.
func (c *Criterion) readElements(o Options, resourceType string) (problem string) {
	c.definition, problem = o.definition(resourceType, c.name)
	if problem != "" {
		return problem
	}
	if c.definition.compile.resolves {
		if o.Host.Resolver == nil {
			return "its definition follows references, which needs a resolver"
		}
		c.needsHost(o)
	}
	return c.parseValue(o)
}

// definition returns the parameter if it can be evaluated, with its expressions
// compiled.
func (o *Options) definition(resourceType, code string) (d *definition, problem string) {
	if reason, ok := refusedCodes[code]; ok {
		return nil, reason
	}
	if d = o.known().lookup(resourceType, code); d == nil {
		return nil, o.unknownParameter()
	}
	if reason := d.refusal(); reason != "" {
		return nil, reason
	}
	if _, _, err := d.expressions(); err != nil {
		return nil, "its definition can't be evaluated: " + reason(err)
	}
	return d, ""
}

// unknownParameter is the problem of a type that does not have the parameter, which
// is no problem if another type of a chain has it.
func (o *Options) unknownParameter() string {
	return "there is no such search parameter in " + o.Release.String()
}

// parseValue reads Modifier and Value, and returns what is wrong with them.
func (c *Criterion) parseValue(o Options) string {
	if c.Modifier == "missing" && c.definition.Kind != KindComposite {
		if c.Value != "true" && c.Value != "false" {
			return "the value must be true or false"
		}
		c.missing = c.Value == "true"
		return ""
	}
	parse, problem := c.parser(o)
	if problem != "" {
		return problem
	}
	if strings.IndexByte(c.Value, ',') < 0 {
		c.test, problem = parse(c.Value)
		return problem
	}
	var tests anyOf
	for _, alternative := range split(c.Value, ',') {
		if alternative == "" {
			return "an alternative is empty"
		}
		t, problem := parse(alternative)
		if problem != "" {
			return problem
		}
		tests = append(tests, t)
	}
	if c.test = tests; len(tests) == 1 {
		c.test = tests[0]
	}
	return ""
}
