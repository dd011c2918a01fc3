package fhirpath

// subsetFunctions pick items out of collections and combine collections (FHIRPath
// 5.3, 5.4).
var subsetFunctions = map[string]function{
	"count": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return append(out, Item{value: int64(len(in))}), nil
	}},
	"first": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return append(out, in[:min(1, len(in))]...), nil
	}},
	"last": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return append(out, in[max(0, len(in)-1):]...), nil
	}},
	"tail": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return append(out, in[min(1, len(in)):]...), f.charge(len(in))
	}},
	"single": {0, 0, func(_ *frame, _ *call, _, in, out []Item) ([]Item, error) {
		if len(in) > 1 {
			return out, ErrSingleton
		}
		return append(out, in...), nil
	}},
	"skip": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		n, ok, err := f.integer(c.args[0], this)
		if err != nil || !ok {
			return out, err
		}
		return append(out, in[min(max(n, 0), int64(len(in))):]...), f.charge(len(in))
	}},
	"take": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		n, ok, err := f.integer(c.args[0], this)
		if err != nil || !ok {
			return out, err
		}
		return append(out, in[:min(max(n, 0), int64(len(in)))]...), f.charge(len(in))
	}},
	"distinct": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		return f.addDistinct(out, len(out), in)
	}},
	"union": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		from := len(out)
		out, err := f.addDistinct(out, from, in)
		if err != nil {
			return out, err
		}
		err = f.argument(c, 0, this, func(other []Item) error {
			out, err = f.addDistinct(out, from, other)
			return err
		})
		return out, err
	}},
	"combine": {1, 2, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		if len(c.args) == 2 { // preserveOrder: it is kept anyway
			if it, ok, err := f.single(c.args[1], this); err != nil {
				return out, err
			} else if _, isBool := it.Bool(); ok && !isBool {
				return out, ErrOperand
			}
		}
		if err := f.charge(len(in)); err != nil {
			return out, err
		}
		return c.args[0](f, this, append(out, in...))
	}},
	"intersect": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		from := len(out)
		err := f.argument(c, 0, this, func(other []Item) (err error) {
			for i := range in {
				found, err := f.within(in[i], other)
				if err != nil {
					return err
				}
				if !found {
					continue
				}
				if out, err = f.addDistinct(out, from, in[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		})
		return out, err
	}},
	"exclude": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		err := f.argument(c, 0, this, func(other []Item) error {
			for i := range in {
				found, err := f.within(in[i], other)
				if err != nil {
					return err
				}
				if !found {
					out = append(out, in[i])
				}
			}
			return nil
		})
		return out, err
	}},
}
