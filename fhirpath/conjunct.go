package fhirpath

// Conjuncts returns the parts of an expression that and joins, each an expression of
// its own, so that it can be told which of them did not hold. An expression without
// and is its only conjunct.
func (e *Expression) Conjuncts() []*Expression {
	var parts []*Expression
	for _, tree := range e.tree.conjuncts(nil) {
		if tree == e.tree {
			return []*Expression{e}
		}
		// A part of what compiled compiles: and ends the scope of defineVariable on both sides.
		c := compiler{source: e.source, options: e.options, model: e.model}
		if part, err := c.expression(tree); err == nil {
			parts = append(parts, part)
		}
	}
	return parts
}

func (e *expr) conjuncts(list []*expr) []*expr {
	if e.form == binaryForm && e.text == "and" {
		return e.right.conjuncts(e.left.conjuncts(list))
	}
	return append(list, e)
}
