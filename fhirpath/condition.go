package fhirpath

// test is a compiled expression of which only the truth is asked, as most
// criteria are: it makes no collection of its answer.
type test func(f *frame, this []Item) (truth, error)

// condition compiles an expression where a boolean is wanted.
func (c *compiler) condition(e *expr, union bool) (test, error) {
	if t, err := c.decision(e); t != nil || err != nil {
		return t, err
	}
	run, err := c.compile(e)
	if err != nil {
		return nil, err
	}
	return c.locatedTest(e, func(f *frame, this []Item) (truth, error) { return f.boolean(run, this, union) }), nil
}

// decision compiles what gives a boolean or nothing by its nature. It returns nil
// for everything else.
func (c *compiler) decision(e *expr) (test, error) {
	if e.isLogic() { // fails only where one of its sides does
		return c.logic(e)
	}
	t, err := c.judgement(e)
	return c.locatedTest(e, t), err
}

func (e *expr) isLogic() bool {
	return e.form == binaryForm && precedence(e.text) <= precedence("and")
}

// judgement compiles all decisions but those by logic.
func (c *compiler) judgement(e *expr) (test, error) {
	switch e.form {
	case binaryForm:
		switch e.text {
		case "<", ">", "<=", ">=":
			return c.ordering(e)
		case "=", "!=", "~", "!~", "in", "contains":
			return c.comparison(e)
		}
	case typeForm:
		if e.text == "is" {
			return c.isOperator(e, e.left, e.right)
		}
	case callForm:
		if e.text == "is" && len(e.args) == 1 {
			return c.isOperator(e, e.left, e.args[0])
		}
		if p, ok := predicates[e.text]; ok {
			return c.predicate(e, p)
		}
	}
	return nil, nil
}

// answer is a test as an expression.
func answer(t test) eval {
	return func(f *frame, this, out []Item) ([]Item, error) {
		holds, err := t(f, this)
		if err != nil {
			return out, err
		}
		return holds.appendTo(out), nil
	}
}

// logic compiles the boolean operators. The right side is not evaluated where the
// left side decides.
func (c *compiler) logic(e *expr) (test, error) {
	union := c.options.BooleanUnion
	left, err := c.side(e.left, union)
	if err != nil {
		return nil, err
	}
	right, err := c.side(e.right, union)
	if err != nil {
		return nil, err
	}
	op := e.text
	return func(f *frame, this []Item) (truth, error) {
		a, err := left(f, this)
		switch {
		case err != nil || op == "and" && a == no:
			return a, err
		case op == "or" && a == yes, op == "implies" && a == no:
			return yes, nil
		}
		b, err := right(f, this)
		if err != nil {
			return unknown, err
		}
		switch op {
		case "and":
			return a.and(b), nil
		case "or":
			return a.or(b), nil
		case "xor":
			return a.xor(b), nil
		}
		return a.implies(b), nil
	}, nil
}

// side compiles an operand: what it defines by defineVariable ends with it.
func (c *compiler) side(e *expr, union bool) (test, error) {
	defer c.leave(c.enter())
	return c.condition(e, union)
}

// boolean evaluates where a boolean is wanted: a single item that is none counts
// as true (FHIRPath, Singleton Evaluation of Collections).
func (f *frame) boolean(e eval, this []Item, union bool) (truth, error) {
	in, err := e(f, this, f.take())
	defer func() { f.put(in) }()
	switch {
	case err != nil || len(in) == 0:
		return unknown, err
	case len(in) == 1:
		return in[0].truth(), nil
	case !union:
		return unknown, ErrSingleton
	}
	any := no
	for _, it := range in {
		value, ok := it.Bool()
		if !ok {
			return unknown, ErrSingleton
		}
		any = any.or(truthOf(value))
	}
	return any, nil
}

// truth is what a single item counts as where a boolean is wanted.
func (it Item) truth() truth {
	if value, ok := it.Bool(); ok {
		return truthOf(value)
	}
	return yes
}

// comparison compiles what compares two collections.
func (c *compiler) comparison(e *expr) (test, error) {
	left, err := c.operand(e.left)
	if err != nil {
		return nil, err
	}
	same := comparators[e.text]
	if e.right.form == literalForm { // is known already
		b := []Item{{value: e.right.value}}
		return func(f *frame, this []Item) (truth, error) { return f.compare(left, this, b, same) }, nil
	}
	right, err := c.operand(e.right)
	if err != nil {
		return nil, err
	}
	return func(f *frame, this []Item) (truth, error) {
		b, err := right(f, this, f.take())
		result := unknown
		if err == nil {
			result, err = f.compare(left, this, b, same)
		}
		f.put(b)
		return result, err
	}, nil
}

type comparator func(f *frame, a, b []Item) (truth, error)

func (f *frame) compare(left eval, this, b []Item, same comparator) (truth, error) {
	a, err := left(f, this, f.take())
	result := unknown
	if err == nil {
		result, err = same(f, a, b)
	}
	f.put(a)
	return result, err
}

var comparators = map[string]comparator{
	"=":        (*frame).equalAll,
	"!=":       negated((*frame).equalAll),
	"~":        (*frame).equivalentAll,
	"!~":       negated((*frame).equivalentAll),
	"in":       (*frame).membership,
	"contains": func(f *frame, a, b []Item) (truth, error) { return f.membership(b, a) },
}

func negated(same comparator) comparator {
	return func(f *frame, a, b []Item) (truth, error) {
		t, err := same(f, a, b)
		return t.not(), err
	}
}

// membership is element in list.
func (f *frame) membership(element, list []Item) (truth, error) {
	switch len(element) {
	case 0:
		return unknown, nil
	case 1:
		found, err := f.within(element[0], list)
		return truthOf(found), err
	}
	return unknown, ErrSingleton
}

// ordering compiles < and its kin.
func (c *compiler) ordering(e *expr) (test, error) {
	left, err := c.operand(e.left)
	if err != nil {
		return nil, err
	}
	right, err := c.operand(e.right)
	if err != nil {
		return nil, err
	}
	op := e.text
	return func(f *frame, this []Item) (truth, error) {
		a, ok, err := f.single(left, this)
		if err != nil || !ok {
			return unknown, err
		}
		b, ok, err := f.single(right, this)
		if err != nil || !ok {
			return unknown, err
		}
		order, known, err := f.order(a, b)
		if err != nil || !known {
			return unknown, err
		}
		return truthOf(order == 0 && len(op) == 2 || order < 0 && op[0] == '<' || order > 0 && op[0] == '>'), nil
	}, nil
}
