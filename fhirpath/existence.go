package fhirpath

import "maps"

// predicate is a function that gives a boolean or nothing, for a collection as a
// whole.
type predicate struct {
	least, most int
	decide      func(f *frame, c *call, this, in []Item) (truth, error)
}

// predicates are all that are supported.
var predicates = func() map[string]predicate {
	all := map[string]predicate{}
	for _, some := range []map[string]predicate{existencePredicates, textPredicates, unitPredicates} {
		maps.Copy(all, some)
	}
	return all
}()

// existencePredicates answer questions about a collection (FHIRPath 5.1).
var existencePredicates = map[string]predicate{
	"empty":  {0, 0, func(_ *frame, _ *call, _, in []Item) (truth, error) { return truthOf(len(in) == 0), nil }},
	"exists": {0, 1, exists},
	"all":    {1, 1, all},
	"not": {0, 0, func(_ *frame, _ *call, _, in []Item) (truth, error) {
		it, ok, err := one(in)
		if err != nil || !ok {
			return unknown, err
		}
		return it.truth().not(), nil
	}},
	"isDistinct": {0, 0, func(f *frame, _ *call, _, in []Item) (truth, error) {
		for i := range in {
			if found, err := f.within(in[i], in[:i]); err != nil || found {
				return no, err
			}
		}
		return yes, nil
	}},
	"allTrue":  {0, 0, quantifier(yes, no)},
	"allFalse": {0, 0, quantifier(no, no)},
	"anyTrue":  {0, 0, quantifier(yes, yes)},
	"anyFalse": {0, 0, quantifier(no, yes)},
	"subsetOf": {1, 1, func(f *frame, c *call, this, in []Item) (result truth, err error) {
		err = f.argument(c, 0, this, func(other []Item) (err error) {
			result, err = f.contained(in, other)
			return err
		})
		return result, err
	}},
	"supersetOf": {1, 1, func(f *frame, c *call, this, in []Item) (result truth, err error) {
		err = f.argument(c, 0, this, func(other []Item) (err error) {
			result, err = f.contained(other, in)
			return err
		})
		return result, err
	}},
	"hasValue": {0, 0, func(_ *frame, _ *call, _, in []Item) (truth, error) {
		return truthOf(len(in) == 1 && in[0].primitive()), nil
	}},
}

func exists(f *frame, c *call, _, in []Item) (truth, error) {
	if c.criterion == nil {
		return truthOf(len(in) > 0), nil
	}
	result := no
	err := f.forEach(in, func(this []Item) (bool, error) {
		t, err := c.criterion(f, this)
		if t == yes {
			result = yes
		}
		return t != yes, err
	})
	return result, err
}

func all(f *frame, c *call, _, in []Item) (truth, error) {
	result := yes
	err := f.forEach(in, func(this []Item) (bool, error) {
		t, err := c.criterion(f, this)
		if t != yes {
			result = no
		}
		return t == yes, err
	})
	return result, err
}

// quantifier makes a function of booleans: any item that is wanted decides if
// found is yes, any that is not decides otherwise.
func quantifier(wanted, found truth) func(*frame, *call, []Item, []Item) (truth, error) {
	return func(f *frame, _ *call, _, in []Item) (truth, error) {
		result := found.not()
		for _, it := range in {
			value, ok := it.Bool()
			if !ok {
				return unknown, ErrOperand
			}
			if (truthOf(value) == wanted) == (found == yes) {
				result = found
			}
		}
		return result, f.charge(len(in))
	}
}

// contained reports whether all items of some are in list.
func (f *frame) contained(some, list []Item) (truth, error) {
	for _, it := range some {
		if found, err := f.within(it, list); err != nil || !found {
			return no, err
		}
	}
	return yes, nil
}

// predicate compiles the call of a predicate.
func (c *compiler) predicate(e *expr, p predicate) (test, error) {
	input, err := c.receiver(e.left)
	if err != nil {
		return nil, err
	}
	this, err := c.arguments(e, p.least, p.most)
	if err != nil {
		return nil, err
	}
	if input == nil {
		return func(f *frame, scope []Item) (truth, error) { return p.decide(f, this, scope, scope) }, nil
	}
	return func(f *frame, scope []Item) (truth, error) {
		in, err := input(f, scope, f.take())
		result := unknown
		if err == nil {
			result, err = p.decide(f, this, scope, in)
		}
		f.put(in)
		return result, err
	}, nil
}
