package search

// parseFunc reads one alternative, with its escapes.
type parseFunc func(alternative string) (t test, problem string)

// parser picks the reader for the parameter's kind and modifier (FHIR R5 search,
// "Modifiers").
func (c *Criterion) parser(o Options) (parseFunc, string) {
	d := c.definition
	if d.Kind == KindReference && o.IsResourceType(c.Modifier) {
		c.typed = true
		return func(s string) (test, string) { return parseReference(s, c.Modifier, d, o.Release) }, ""
	}
	switch c.Modifier {
	case "text-advanced":
		return nil, "full-text search is not supported"
	case "iterate":
		return nil, "it is for _include, not for criteria"
	}
	switch d.Kind {
	case KindToken:
		return c.tokenParser(o)
	case KindReference:
		return c.referenceParser(o)
	case KindString:
		switch c.Modifier {
		case "", "exact", "contains":
			return func(s string) (test, string) { return parseString(s, c.Modifier, d) }, ""
		case "text":
			return nil, "full-text search is not supported"
		}
	case KindURI:
		switch c.Modifier {
		case "", "below", "above", "contains":
			return func(s string) (test, string) { return parseURI(s, c.Modifier) }, ""
		}
	}
	if c.Modifier == "" {
		switch d.Kind {
		case KindDate:
			return parseDate, ""
		case KindNumber:
			return parseNumber, ""
		case KindQuantity:
			return parseQuantity, ""
		case KindComposite:
			_, components, _ := d.expressions()
			return func(s string) (test, string) { return parseComposite(s, d, components, o) }, ""
		}
	}
	return nil, unknownModifier
}

const unknownModifier = "the modifier is unknown or not supported for this kind of parameter"

func (c *Criterion) tokenParser(o Options) (parseFunc, string) {
	d, terminology := c.definition, o.Host.Terminology
	switch c.Modifier {
	case "", "not":
		c.negated = c.Modifier == "not"
		return func(s string) (test, string) { return parseToken(s, d) }, ""
	case "text":
		if !d.mayBe(coded | identifier) {
			return nil, "its elements have no text beside the code"
		}
		return parseTokenText, ""
	case "code-text":
		return parseCodeText, ""
	case "of-type":
		if !d.mayBe(identifier) {
			return nil, "its elements are no identifiers"
		}
		return parseOfType, ""
	case "in", "not-in":
		if !d.mayBe(coded | code) {
			return nil, "its elements are no codes"
		}
		if terminology == nil {
			return nil, noTerminology
		}
		c.negated = c.Modifier == "not-in"
		c.needsHost(o)
		return func(s string) (test, string) { return parseInValueSet(s, terminology) }, ""
	case "above", "below":
		return c.subsumptionParser(o)
	}
	return nil, unknownModifier
}

func (c *Criterion) referenceParser(o Options) (parseFunc, string) {
	d, release := c.definition, o.Release
	switch c.Modifier {
	case "":
		return func(s string) (test, string) { return parseReference(s, "", d, release) }, ""
	case "identifier":
		if !d.mayBe(referenceType) {
			return nil, "its elements have no identifier beside the reference"
		}
		return parseReferenceIdentifier, ""
	case "text", "code-text":
		if !d.mayBe(referenceType) {
			return nil, "its elements have no text beside the reference"
		}
		return parseReferenceText, ""
	case "in", "not-in":
		if o.Host.Resolver == nil {
			return nil, noResolver
		}
		c.negated = c.Modifier == "not-in"
		c.needsHost(o)
		return func(s string) (test, string) { return parseMembership(s, o) }, ""
	case "above", "below":
		return c.hierarchyParser(o)
	}
	return nil, unknownModifier
}

const (
	noTerminology = "the modifier needs a terminology service"
	noResolver    = "other resources are needed, and there is no resolver"
)
