package fhirpath

// terminologyFunctions ask the Terminology (https://hl7.org/fhir/fhirpath.html#functions).
var terminologyFunctions = map[string]function{
	"memberOf": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		if len(in) != 1 {
			return out, nil
		}
		valueSet, ok, err := f.text(c.args[0], this)
		if err != nil || !ok {
			return out, err
		}
		member, err := f.memberOf(in[0], valueSet)
		return member.appendTo(out), err
	}},
	"subsumes": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		return f.subsumption(c, this, in, out, func(in, other []coding) (truth, error) { return f.subsumes(in, other) })
	}},
	"subsumedBy": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		return f.subsumption(c, this, in, out, func(in, other []coding) (truth, error) { return f.subsumes(other, in) })
	}},
}

type coding struct{ system, code string }

// codings reads a code, a Coding or a CodeableConcept.
func (it Item) codings() (list []coding, err error) {
	if s, ok := it.value.(string); ok {
		return []coding{{code: s}}, nil
	}
	if !it.hasValue() || it.value != nil {
		return nil, ErrOperand
	}
	n := it.node
	switch {
	case n.Kind() == String:
		return []coding{{code: n.Text()}}, nil
	case n.Kind() != Object:
		return nil, ErrOperand
	case it.typ != nil && it.typ.name == "CodeableConcept", it.typ == nil && n.Get("coding").Exists():
		for c := range n.Get("coding").Elements() {
			list = append(list, codingOf(c))
		}
		return list, nil
	case it.typ == nil && n.Get("code").Exists(), it.typ != nil && it.typ.name == "Coding":
		return []coding{codingOf(n)}, nil
	}
	return nil, ErrOperand
}

func codingOf(n Node) coding { return coding{n.Get("system").Text(), n.Get("code").Text()} }

// memberOf is true if any coding of a concept is in the value set.
func (f *frame) memberOf(it Item, valueSet string) (truth, error) {
	codings, err := it.codings()
	if err != nil {
		return unknown, err
	}
	if f.env.Terminology == nil {
		return unknown, ErrNoTerminology
	}
	for _, c := range codings {
		if c.code == "" {
			continue
		}
		if err := f.charge(64); err != nil {
			return unknown, err
		}
		if member, err := f.env.Terminology.MemberOf(f.ctx, c.system, c.code, valueSet); err != nil || member {
			return truthOf(member), err
		}
	}
	return no, nil
}

// subsumption is empty unless there is one item on both sides.
func (f *frame) subsumption(c *call, this, in, out []Item, ask func(in, other []coding) (truth, error)) ([]Item, error) {
	answer := unknown
	err := f.argument(c, 0, this, func(other []Item) error {
		if len(in) != 1 || len(other) != 1 {
			return nil
		}
		a, err := in[0].codings()
		if err != nil {
			return err
		}
		b, err := other[0].codings()
		if err == nil {
			answer, err = ask(a, b)
		}
		return err
	})
	return answer.appendTo(out), err
}

// subsumes is true if a coding of one concept subsumes one of the other's in the
// same code system. A code without a system is taken to be of the other's. It is
// unknown where no two are of one system.
func (f *frame) subsumes(ancestors, codes []coding) (answer truth, err error) {
	if f.env.Terminology == nil {
		return unknown, ErrNoTerminology
	}
	for _, a := range ancestors {
		for _, b := range codes {
			system := a.system
			if system == "" {
				system = b.system
			}
			if b.system != "" && b.system != system || system == "" {
				continue
			}
			if err := f.charge(64); err != nil {
				return unknown, err
			}
			subsumes, err := f.env.Terminology.Subsumes(f.ctx, system, a.code, b.code)
			if answer = truthOf(subsumes); err != nil || subsumes {
				return answer, err
			}
		}
	}
	return answer, nil
}
