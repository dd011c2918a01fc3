package fhirpath

// postfix parses what is behind a dot, or an indexer.
func (p *parser) postfix(left *expr) (*expr, error) {
	op := p.tok
	if err := p.advance(); err != nil {
		return nil, err
	}
	if op.is(".") {
		if p.tok.kind == dollarToken {
			return nil, p.fail(p.tok.at, "expected a name or a function behind the dot")
		}
		return p.invocation(left)
	}
	index, err := p.within(0)
	if err != nil {
		return nil, err
	}
	if err := p.expect("]"); err != nil {
		return nil, err
	}
	return p.node(expr{form: indexerForm, at: op.at, left: left, right: index})
}

// invocation parses a name, or a call of a function.
func (p *parser) invocation(left *expr) (*expr, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	if !p.tok.is("(") {
		f := memberForm
		if left == nil {
			f = nameForm
		}
		return p.node(expr{form: f, at: name.at, text: name.value, left: left})
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	call := expr{form: callForm, at: name.at, text: name.value, left: left}
	for !p.tok.is(")") {
		if len(call.args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.argument(&call)
		if err != nil {
			return nil, err
		}
		if call.text == "sort" && (p.tok.is("asc") || p.tok.is("desc")) {
			if arg, err = p.node(expr{form: directionForm, at: p.tok.at, text: p.tok.text, left: arg}); err != nil {
				return nil, err
			}
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		call.args = append(call.args, arg)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.node(call)
}

// argument parses the next argument of a call.
func (p *parser) argument(call *expr) (*expr, error) {
	if call.text == "aggregate" && len(call.args) == 0 {
		p.total++
		defer func() { p.total-- }()
	}
	return p.within(0)
}

// name takes a name off the input.
func (p *parser) name() (token, error) {
	tok := p.tok
	switch {
	case tok.kind == nameToken && reserved(tok.text):
		return tok, p.fail(tok.at, "expected a name: the keyword "+tok.text+" is one in backquotes")
	case tok.kind != quotedToken && tok.kind != nameToken:
		return tok, p.fail(tok.at, "expected a name")
	}
	return tok, p.advance()
}

// typeSpecifier parses a type's name with or without its namespace.
func (p *parser) typeSpecifier() (*expr, error) {
	name, err := p.name()
	if err != nil {
		return nil, err
	}
	e, err := p.node(expr{form: nameForm, at: name.at, text: name.value})
	if err != nil || !p.tok.is(".") {
		return e, err
	}
	// A dot behind a whole type begins an invocation on the result of the operator
	// only if brackets are used, so here it is a namespace's.
	if err := p.advance(); err != nil {
		return nil, err
	}
	if name, err = p.name(); err != nil {
		return nil, err
	}
	return p.node(expr{form: memberForm, at: name.at, text: name.value, left: e})
}
