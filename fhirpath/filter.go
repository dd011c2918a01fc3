package fhirpath

// filterFunctions evaluate their argument for each item (FHIRPath 5.2, 7).
var filterFunctions = map[string]function{
	"where":     {1, 1, where},
	"select":    {1, 1, selection},
	"repeat":    {1, 1, repeat},
	"repeatAll": {1, 1, repeatAll},
	"coalesce":  {1, maxArguments, coalesce},
	"iif":       {2, 3, iif},
	"trace":     {1, 2, trace},
	"aggregate": {1, 2, aggregate},
}

func where(f *frame, c *call, _, in, out []Item) ([]Item, error) {
	err := f.forEach(in, func(this []Item) (bool, error) {
		t, err := c.criterion(f, this)
		if t == yes && err == nil {
			out = append(out, this[0])
		}
		return true, err
	})
	return out, err
}

func selection(f *frame, c *call, _, in, out []Item) ([]Item, error) {
	err := f.forEach(in, func(this []Item) (_ bool, err error) {
		out, err = c.args[0](f, this, out)
		return true, err
	})
	return out, err
}

// repeat appends what the argument gives, and what it gives for that, until
// nothing new comes. It keeps a list of what is to be done, so data that nests
// deep does not nest calls.
func repeat(f *frame, c *call, _, in, out []Item) ([]Item, error) {
	from := len(out)
	found, next := f.take(), f.take()
	todo := in
	for len(todo) > 0 {
		clear(found)
		found = found[:0]
		err := f.forEach(todo, func(this []Item) (_ bool, err error) {
			found, err = c.args[0](f, this, found)
			return true, err
		})
		if err != nil {
			return out, err
		}
		before := len(out)
		if out, err = f.addDistinct(out, from, found); err != nil {
			return out, err
		}
		clear(next)
		next = append(next[:0], out[before:]...)
		todo = next
	}
	f.put(found)
	f.put(next)
	return out, nil
}

// repeatAll is repeat without regard to what was found already, so that the budget
// ends it where the data goes round.
func repeatAll(f *frame, c *call, _, in, out []Item) (_ []Item, err error) {
	next := len(out)
	err = f.forEach(in, func(this []Item) (_ bool, err error) {
		out, err = c.args[0](f, this, out)
		return true, err
	})
	for ; err == nil && next < len(out); next++ {
		if err = f.step(); err == nil {
			out, err = c.args[0](f, []Item{out[next]}, out)
		}
	}
	return out, err
}

// coalesce gives the first of its arguments that is not empty, and evaluates none
// behind that.
func coalesce(f *frame, c *call, this, _, out []Item) (_ []Item, err error) {
	from := len(out)
	for _, arg := range c.args {
		if out, err = arg(f, this, out); err != nil || len(out) > from {
			break
		}
	}
	return out, err
}

// iif evaluates only the branch that it takes, for the input, which is one item or
// none. A criterion that is one item but no boolean counts as true.
func iif(f *frame, c *call, _, in, out []Item) ([]Item, error) {
	if len(in) > 1 {
		return out, ErrSingleton
	}
	criterion, ok, err := f.single(c.args[0], in)
	switch {
	case err != nil:
		return out, err
	case ok && criterion.truth() == yes:
		return c.args[1](f, in, out)
	case len(c.args) == 3:
		return c.args[2](f, in, out)
	}
	return out, nil
}

func aggregate(f *frame, c *call, this, in, out []Item) (_ []Item, err error) {
	before := f.total
	defer func() { f.total = before }()
	var total []Item
	if len(c.args) == 2 {
		if total, err = c.args[1](f, this, nil); err != nil {
			return out, err
		}
	}
	err = f.forEach(in, func(this []Item) (_ bool, err error) {
		f.total = total
		total, err = c.args[0](f, this, nil)
		return true, err
	})
	return append(out, total...), err
}
