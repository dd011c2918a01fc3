package fhirpath

// truth is a value of three-valued logic. Unknown is what an empty collection
// stands for.
type truth uint8

const (
	unknown truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

func (t truth) and(o truth) truth {
	switch {
	case t == no || o == no:
		return no
	case t == yes && o == yes:
		return yes
	}
	return unknown
}

func (t truth) or(o truth) truth { return t.not().and(o.not()).not() }

func (t truth) xor(o truth) truth {
	if t == unknown || o == unknown {
		return unknown
	}
	return truthOf(t != o)
}

func (t truth) implies(o truth) truth { return t.not().or(o) }

// appendTo adds the boolean that t is, nothing if it is unknown.
func (t truth) appendTo(out []Item) []Item {
	if t == unknown {
		return out
	}
	return append(out, Item{value: t == yes})
}
