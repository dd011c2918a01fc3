package fhirpath

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// pattern is a regular expression as RE2 has it, which runs in time linear in the text
// and in its own size.
type pattern struct {
	*regexp.Regexp
	weight int // its size, for the budget: counted repetition makes large ones of short ones
}

// patternFunctions take a regular expression. A dot matches line ends, too, as the
// standard says (single-line mode).
var patternFunctions = map[string]function{
	"replaceMatches": {2, 3, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
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
		if err := f.charge(len(s)); err != nil { // each character may be a match
			return out, err
		}
		if _, source, _ := strings.Cut(pattern.String(), ")"); source == "" { // matches nothing that could be replaced
			return f.appendText(out, s)
		}
		if !strings.Contains(with, "$") {
			return f.appendText(out, pattern.ReplaceAllLiteralString(s, with))
		}
		if with, ok = substitution(pattern, with); !ok {
			return out, ErrOperand
		}
		return f.appendText(out, pattern.ReplaceAllString(s, with))
	}},
}

// substitution turns what $1, ${name} and $$ mean in other dialects into what they
// mean in Go's, where $1x is a group of that name. Any other $ stands for itself. It
// is not ok if it names a group that the pattern has not.
func substitution(pattern *pattern, with string) (template string, ok bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(with, "$")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		group := ""
		switch {
		case strings.HasPrefix(rest, "$"):
			rest = rest[1:]
		case strings.HasPrefix(rest, "{"):
			group, rest, ok = strings.Cut(rest[1:], "}")
			if !ok || !hasGroup(pattern, group) {
				return "", false
			}
		case rest != "" && digit(rest[0]):
			n := 1
			if len(rest) > 1 && digit(rest[1]) && hasGroup(pattern, rest[:2]) {
				n = 2
			}
			if group, rest = rest[:n], rest[n:]; !hasGroup(pattern, group) {
				return "", false
			}
		}
		if with = rest; group != "" {
			b.WriteString("${" + group + "}")
		} else {
			b.WriteString("$$")
		}
	}
}

// hasGroup reports whether a pattern has a group of that name or number.
func hasGroup(pattern *pattern, group string) bool {
	if group == "" {
		return false
	}
	n, err := strconv.ParseUint(group, 10, 16)
	return err == nil && int(n) <= pattern.NumSubexp() || err != nil && pattern.SubexpIndex(group) > 0
}

// maxPattern bounds a regular expression that is computed, in bytes.
const maxPattern = 1000

// takesPattern are the functions whose first argument is a regular expression, with
// the place of their flags.
var takesPattern = map[string]int{"matches": 1, "matchesFull": 1, "replaceMatches": 2}

// pattern compiles the regular expression of a call ahead, if it is a literal.
func (c *compiler) pattern(e *expr, this *call) (err error) {
	flagsAt, ok := takesPattern[e.text]
	if !ok || e.args[0].form != literalForm {
		return nil
	}
	source, ok := e.args[0].value.(string)
	if !ok {
		return c.fail(e.args[0], "expected a string")
	}
	flags := ""
	if len(e.args) > flagsAt {
		if e.args[flagsAt].form != literalForm {
			return nil
		}
		if flags, ok = e.args[flagsAt].value.(string); !ok || !areFlags(flags) {
			return c.fail(e.args[flagsAt], "expected the flags 'i', 'm' or 'im'")
		}
	}
	if this.pattern, err = compilePattern(e.text, source, flags); err != nil {
		return c.fail(e.args[0], "not a regular expression that is supported (RE2)")
	}
	return nil
}

// areFlags reports whether all flags are of the standard: i for any case, m for ^ and
// $ at each line.
func areFlags(flags string) bool { return strings.Trim(flags, "im") == "" }

// compilePattern anchors the pattern of matchesFull at both ends.
func compilePattern(name, source, flags string) (*pattern, error) {
	switch {
	case len(source) > maxPattern:
		return nil, ErrLimit
	case !areFlags(flags):
		return nil, ErrOperand
	case name == "matchesFull":
		source = `\A(?:` + source + `)\z`
	}
	source = "(?s" + flags + ")" + source
	compiled, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	return &pattern{compiled, 1 + len(program.Inst)/32}, nil
}

func matching(name string) predicate {
	return predicate{1, 2, func(f *frame, c *call, this, in []Item) (truth, error) {
		s, pattern, ok, err := f.patternOf(c, name, this, in)
		if err != nil || !ok {
			return unknown, err
		}
		return truthOf(pattern.MatchString(s)), nil
	}}
}

// patternOf returns the string that a function is called on and its pattern,
// which is compiled now if it is no literal.
func (f *frame) patternOf(c *call, name string, this, in []Item) (s string, p *pattern, ok bool, err error) {
	if s, ok, err = f.textOf(in); err != nil || !ok {
		return s, nil, false, err
	}
	if c.pattern != nil {
		return s, c.pattern, true, f.charge(c.pattern.cost(s))
	}
	source, ok, err := f.text(c.args[0], this)
	if err != nil || !ok {
		return s, nil, false, err
	}
	flags := ""
	if at := takesPattern[name]; len(c.args) > at {
		if flags, _, err = f.text(c.args[at], this); err != nil {
			return s, nil, false, err
		}
	}
	if p, err = compilePattern(name, source, flags); err != nil {
		return s, nil, false, ErrOperand
	}
	return s, p, true, f.charge(1000 + p.cost(s))
}

// cost is the charge for a look through s.
func (p *pattern) cost(s string) int { return 1 + len(s)/4*p.weight }
