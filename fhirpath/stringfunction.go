package fhirpath

import (
	"strings"
	"unicode/utf8"
)

// stringFunctions work on a single string (FHIRPath 5.6). Positions count
// characters.
var stringFunctions = map[string]function{
	"upper": mapping(strings.ToUpper),
	"lower": mapping(strings.ToLower),
	"trim":  mapping(func(s string) string { return strings.Trim(s, " \t\r\n") }),
	"length": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		s, ok, err := f.textOf(in)
		if err != nil || !ok {
			return out, err
		}
		return append(out, Item{value: int64(utf8.RuneCountInString(s))}), nil
	}},
	"indexOf":     {1, 1, position(strings.Index)},
	"lastIndexOf": {1, 1, position(strings.LastIndex)},
	"substring":   {1, 2, substring},
	"replace": {2, 2, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		s, old, ok, err := f.operands(c, this, in)
		if err != nil || !ok {
			return out, err
		}
		with, ok, err := f.text(c.args[1], this)
		if err != nil || !ok {
			return out, err
		}
		if strings.Count(s, old)*len(with) > maxText {
			return out, ErrLimit
		}
		return f.appendText(out, strings.ReplaceAll(s, old, with))
	}},
	"split": {1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		s, separator, ok, err := f.operands(c, this, in)
		if err != nil || !ok {
			return out, err
		}
		for part := range strings.SplitSeq(s, separator) {
			if out, err = f.appendText(out, part); err != nil {
				return out, err
			}
		}
		return out, nil
	}},
	"toChars": {0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		s, ok, err := f.textOf(in)
		if err != nil || !ok {
			return out, err
		}
		for _, r := range s {
			if out, err = f.appendText(out, string(r)); err != nil {
				return out, err
			}
		}
		return out, nil
	}},
	"join": {0, 1, join},
}

// textPredicates compare a string with another or with a pattern.
var textPredicates = map[string]predicate{
	"startsWith":  textPredicate(strings.HasPrefix),
	"endsWith":    textPredicate(strings.HasSuffix),
	"contains":    textPredicate(strings.Contains),
	"matches":     matching("matches"),
	"matchesFull": matching("matchesFull"),
}

// textOf returns the string that a collection of one item is.
func (f *frame) textOf(in []Item) (s string, ok bool, err error) {
	it, ok, err := one(in)
	if err != nil || !ok {
		return "", false, err
	}
	if err := f.charge(it.weight()); err != nil {
		return "", false, err
	}
	return it.text()
}

// operands returns the string that a function is called on, and its first
// argument.
func (f *frame) operands(c *call, this, in []Item) (s, arg string, ok bool, err error) {
	if s, ok, err = f.textOf(in); err != nil || !ok {
		return s, "", false, err
	}
	arg, ok, err = f.text(c.args[0], this)
	return s, arg, ok, err
}

func textPredicate(holds func(s, arg string) bool) predicate {
	return predicate{1, 1, func(f *frame, c *call, this, in []Item) (truth, error) {
		s, arg, ok, err := f.operands(c, this, in)
		if err != nil || !ok {
			return unknown, err
		}
		return truthOf(holds(s, arg)), f.charge(1 + len(s)/64)
	}}
}

func mapping(change func(string) string) function {
	return function{0, 0, func(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
		s, ok, err := f.textOf(in)
		if err != nil || !ok {
			return out, err
		}
		return f.appendText(out, change(s))
	}}
}

func position(index func(s, part string) int) func(*frame, *call, []Item, []Item, []Item) ([]Item, error) {
	return func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		s, part, ok, err := f.operands(c, this, in)
		if err != nil || !ok {
			return out, err
		}
		at := index(s, part)
		if at > 0 {
			at = utf8.RuneCountInString(s[:at])
		}
		return append(out, Item{value: int64(at)}), f.charge(1 + len(s)/64)
	}
}

// substring is empty if it starts outside of the string.
func substring(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	s, ok, err := f.textOf(in)
	if err != nil || !ok {
		return out, err
	}
	start, ok, err := f.integer(c.args[0], this)
	if err != nil || !ok {
		return out, err
	}
	runes := []rune(s)
	if start < 0 || start >= int64(len(runes)) {
		return out, nil
	}
	runes = runes[start:]
	if len(c.args) == 2 {
		length, ok, err := f.integer(c.args[1], this)
		if err != nil {
			return out, err
		}
		if ok {
			runes = runes[:min(max(length, 0), int64(len(runes)))]
		}
	}
	return f.appendText(out, string(runes))
}

// join leaves out what has no value; an empty input gives an empty result.
func join(f *frame, c *call, this, in, out []Item) ([]Item, error) {
	separator := ""
	if len(c.args) == 1 {
		var err error
		if separator, _, err = f.text(c.args[0], this); err != nil {
			return out, err
		}
	}
	var parts []string
	size := 0
	for _, it := range in {
		if err := f.charge(it.weight()); err != nil {
			return out, err
		}
		s, ok, err := it.text()
		if err != nil {
			return out, err
		}
		if size += len(s) + len(separator); size > maxText {
			return out, ErrLimit
		}
		if ok {
			parts = append(parts, s)
		}
	}
	if len(in) == 0 {
		return out, nil
	}
	return f.appendText(out, strings.Join(parts, separator))
}
