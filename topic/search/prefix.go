package search

// cutPrefix splits a comparator from a value. It is "" if there is none.
func cutPrefix(s string) (prefix, rest string) {
	if len(s) > 2 {
		switch s[:2] {
		case "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap":
			return s[:2], s[2:]
		}
	}
	return "", s
}

func orEqual(prefix string) string {
	if prefix == "" {
		return "eq"
	}
	return prefix
}

// Prefixes returns the comparators that the value's alternatives are written
// with, such as "ge", in order and without the alternatives that have none. Only
// dates, numbers and quantities have comparators, also as parts of a composite, at
// the end of a chain or behind _has. Those inside of a _filter are not told.
func (c *Criterion) Prefixes() []string {
	if c.beyond != nil {
		switch e := c.beyond.evaluator.(type) {
		case *chain:
			return e.prefixes()
		case *has:
			return e.prefixes
		}
	}
	if c.Modifier != "" {
		return nil
	}
	switch c.definition.Kind {
	case KindDate, KindNumber, KindQuantity, KindComposite:
	default:
		return nil
	}
	var prefixes []string
	add := func(kind, value string) {
		switch kind {
		case KindDate, KindNumber, KindQuantity:
			if prefix, _ := cutPrefix(value); prefix != "" {
				prefixes = append(prefixes, prefix)
			}
		}
	}
	for _, alternative := range split(c.Value, ',') {
		if c.definition.Kind != KindComposite {
			add(c.definition.Kind, alternative)
			continue
		}
		for i, value := range split(alternative, '$') {
			add(c.definition.Components[i].Kind, value)
		}
	}
	return prefixes
}

// prefixes returns the comparators of the chain's last parameter, which may be of
// another kind for each type that the chain can lead to.
func (c *chain) prefixes() (all []string) {
	for _, rest := range c.rest {
		if last, ok := rest.(*Criterion); ok {
			if prefixes := last.Prefixes(); len(prefixes) > len(all) {
				all = prefixes
			}
		}
	}
	return all
}
