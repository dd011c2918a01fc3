package fhirpath

// outcome is what can be said of a part of an expression for whatever data.
type outcome uint8

const (
	anything outcome = iota // also several items
	nothing                 // the empty collection
	falsehood
	truthful
	notTrue // false or empty, which is the same to a criterion
)

// NeverWithout reports whether the expression can't be true where %variable is empty,
// whatever the data: a criterion such as %previous.status != 'x' never holds on a
// create, since a comparison with nothing gives nothing (FHIRPath 6.1). False means
// that it may hold, or that this can't be told.
func (e *Expression) NeverWithout(variable string) bool {
	result := e.tree.without(variable)
	return result == nothing || result == falsehood || result == notTrue
}

func (e *expr) without(variable string) outcome {
	switch e.form {
	case emptyForm:
		return nothing
	case literalForm:
		if value, ok := e.value.(bool); ok {
			return outcomeOf(value)
		}
	case variableForm:
		if e.text == variable {
			return nothing
		}
	case memberForm, unaryForm, directionForm:
		return onlyNothing(e.left.without(variable))
	case indexerForm:
		if e.right.without(variable) == nothing {
			return nothing
		}
		return onlyNothing(e.left.without(variable))
	case typeForm:
		return onlyNothing(e.left.without(variable))
	case callForm:
		if e.left != nil {
			return e.callWithout(e.left.without(variable))
		}
	case binaryForm:
		return operatorWithout(e.text, e.left.without(variable), e.right.without(variable))
	}
	return anything
}

func outcomeOf(value bool) outcome {
	if value {
		return truthful
	}
	return falsehood
}

// onlyNothing keeps what is certain to be empty.
func onlyNothing(o outcome) outcome {
	if o == nothing {
		return nothing
	}
	return anything
}

// callWithout is a function called on what is known of its input.
func (e *expr) callWithout(in outcome) outcome {
	switch {
	case e.text == "not" && (in == falsehood || in == truthful):
		return outcomeOf(in == falsehood)
	case in != nothing:
		return anything
	}
	switch e.text {
	case "empty", "all", "allTrue", "allFalse", "isDistinct", "subsetOf":
		return truthful
	case "exists", "anyTrue", "anyFalse", "hasValue":
		return falsehood
	case "where", "select", "first", "last", "tail", "skip", "take", "single", "distinct", "ofType", "as", "is", "not",
		"repeat", "children", "descendants", "extension", "resolve", "getValue", "intersect", "exclude", "trace", "sort",
		"startsWith", "endsWith", "contains", "matches", "matchesFull", "upper", "lower", "length", "substring", "indexOf",
		"toString", "toInteger", "toDecimal", "toBoolean", "toDate", "toDateTime", "toTime", "toQuantity", "memberOf":
		return nothing
	}
	return anything // count() is 0, union() adds, and so on
}

func operatorWithout(op string, a, b outcome) outcome {
	switch op {
	case "and":
		return truthOutcome(a, b, truth.and)
	case "or":
		return truthOutcome(a, b, truth.or)
	case "xor":
		return truthOutcome(a, b, truth.xor)
	case "implies":
		return truthOutcome(a, b, truth.implies)
	case "|":
		if a == nothing || a == b {
			return b
		}
		if b == nothing {
			return a
		}
		return anything
	case "~", "!~":
		if a == nothing && b == nothing {
			return outcomeOf(op == "~")
		}
		return anything
	case "&":
		return anything
	case "in":
		return onlyNothing(a)
	case "contains":
		return onlyNothing(b)
	}
	if a == nothing || b == nothing {
		return nothing
	}
	return anything
}

// truthOutcome is a boolean operator: where a side may be anything, the result is
// certain only if it is the same for all that the side may be.
func truthOutcome(a, b outcome, op func(truth, truth) truth) outcome {
	found := map[truth]bool{}
	for _, x := range a.truths() {
		for _, y := range b.truths() {
			found[op(x, y)] = true
		}
	}
	switch {
	case len(found) == 1 && found[yes]:
		return truthful
	case len(found) == 1 && found[no]:
		return falsehood
	case len(found) == 1:
		return nothing
	case !found[yes]:
		return notTrue
	}
	return anything
}

func (o outcome) truths() []truth {
	switch o {
	case nothing:
		return []truth{unknown}
	case notTrue:
		return []truth{unknown, no}
	case falsehood:
		return []truth{no}
	case truthful:
		return []truth{yes}
	}
	return []truth{unknown, no, yes}
}
