package fhirpath

import (
	"regexp"
	"strings"
)

// patternFunctions take a regular expression as RE2 has it, which runs in linear
// time. A dot matches line ends, too, as the standard says (single-line mode).
var patternFunctions = map[string]function{
	"replaceMatches": {2, 2, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		s, pattern, ok, err := f.patternOf(c, "replaceMatches", this, in)
		if err != nil || !ok {
			return out, err
		}
		with, ok, err := f.text(c.args[1], this)
		if err != nil || !ok {
			return out, err
		}
		if len(with)*(len(s)+1) > maxText {
			return out, ErrLimit
		}
		if pattern.String() == "(?s)" { // matches nothing that could be replaced
			return f.appendText(out, s)
		}
		if strings.Contains(with, "$") {
			return out, ErrOperand // the languages of substitutions differ
		}
		return f.appendText(out, pattern.ReplaceAllLiteralString(s, with))
	}},
}

// maxPattern bounds a regular expression that is computed, in bytes.
const maxPattern = 1000

// compilePattern anchors the pattern of matchesFull at both ends.
func compilePattern(name, source string) (*regexp.Regexp, error) {
	if len(source) > maxPattern {
		return nil, ErrLimit
	}
	if name == "matchesFull" {
		return regexp.Compile(`(?s)\A(?:` + source + `)\z`)
	}
	return regexp.Compile(`(?s)` + source)
}

func matching(name string) predicate {
	return predicate{1, 1, func(f *frame, c *call, this, in []Item) (truth, error) {
		s, pattern, ok, err := f.patternOf(c, name, this, in)
		if err != nil || !ok {
			return unknown, err
		}
		return truthOf(pattern.MatchString(s)), nil
	}}
}

// patternOf returns the string that a function is called on and its pattern,
// which is compiled now if it is no literal.
func (f *frame) patternOf(c *call, name string, this, in []Item) (s string, pattern *regexp.Regexp, ok bool, err error) {
	if s, ok, err = f.textOf(in); err != nil || !ok {
		return s, nil, false, err
	}
	if err := f.charge(1 + len(s)/4); err != nil || c.pattern != nil {
		return s, c.pattern, true, err
	}
	source, ok, err := f.text(c.args[0], this)
	if err != nil || !ok {
		return s, nil, false, err
	}
	if pattern, err = compilePattern(name, source); err != nil {
		return s, nil, false, ErrOperand
	}
	return s, pattern, true, f.charge(1000)
}
