package search

import (
	"context"
	"encoding/json"
	"strings"
)

// Bounds on what one _filter may hold: brackets in brackets, and comparisons.
const (
	maxFilterNesting = 20
	maxFilterTests   = 200
)

// filterParser reads a _filter (https://hl7.org/fhir/search_filter.html). Where the
// page leaves it open, "and" and "or" bind from left to right, as it says, without
// one before the other.
type filterParser struct {
	o       Options
	rest    string
	nesting int
	tests   int
	depth   int // of chains
	asks    bool
}

// parseFilter returns what the filter asks about resources of the type, and whether
// the host is needed.
func parseFilter(o Options, resourceType, s string, depth int) (e evaluator, asks bool, problem string) {
	p := &filterParser{o: o, rest: s, depth: depth}
	e, problem = p.expression(resourceType)
	if p.space(); problem == "" && p.rest != "" {
		problem = "the filter goes on behind its end"
	}
	return e, p.asks, problem
}

// expression reads comparisons that "and" and "or" join.
func (p *filterParser) expression(resourceType string) (evaluator, string) {
	left, problem := p.term(resourceType)
	for problem == "" {
		before := p.rest
		p.space()
		word := p.word()
		if word != "and" && word != "or" {
			p.rest = before
			return left, ""
		}
		var right evaluator
		if right, problem = p.term(resourceType); problem == "" {
			left = &junction{left, right, word == "or"}
		}
	}
	return nil, problem
}

// term reads a comparison, or an expression in parentheses with or without "not".
func (p *filterParser) term(resourceType string) (evaluator, string) {
	p.space()
	before := p.rest
	negated := p.word() == "not"
	if !negated {
		p.rest = before
	}
	p.space()
	switch {
	case strings.HasPrefix(p.rest, "("):
		inner, problem := p.bracket(resourceType, ')')
		if problem == "" && negated {
			inner = negation{inner}
		}
		return inner, problem
	case negated:
		return nil, "not must be followed by a filter in parentheses"
	}
	return p.comparison(resourceType)
}

// bracket reads an expression in brackets, of which the first is next.
func (p *filterParser) bracket(resourceType string, closing byte) (evaluator, string) {
	if p.nesting++; p.nesting > maxFilterNesting {
		return nil, "the filter is nested too deep"
	}
	p.rest = p.rest[1:]
	inner, problem := p.expression(resourceType)
	if problem != "" {
		return nil, problem
	}
	if p.space(); p.rest == "" || p.rest[0] != closing {
		return nil, "a bracket of the filter is not closed"
	}
	p.rest = p.rest[1:]
	p.nesting--
	return inner, ""
}

// step is one name of a path, with the filter in brackets behind it still unread.
type step struct {
	name   string
	filter string // with its brackets; "" if there is none
}

// comparison reads path, operator and value.
func (p *filterParser) comparison(resourceType string) (evaluator, string) {
	if p.tests++; p.tests > maxFilterTests {
		return nil, "the filter has too many comparisons"
	}
	path, problem := p.path()
	if problem != "" {
		return nil, problem
	}
	p.space()
	operator := p.word()
	p.space()
	value, problem := p.value()
	if problem != "" {
		return nil, problem
	}
	return p.compare(resourceType, path, operator, value, p.depth)
}

// path reads name.name[filter].name or _has:type:reference:name.
func (p *filterParser) path() (path []step, problem string) {
	for {
		n := 0
		for n < len(p.rest) && inFilterName(p.rest[n]) {
			n++
		}
		if n == 0 {
			return nil, "a parameter's name is missing in the filter"
		}
		s := step{name: p.rest[:n]}
		p.rest = p.rest[n:]
		if strings.HasPrefix(p.rest, "[") {
			if s.filter, problem = p.skipBracket(); problem != "" {
				return nil, problem
			}
			if !strings.HasPrefix(p.rest, ".") {
				return nil, "a filter in brackets must be followed by a dot"
			}
		}
		path = append(path, s)
		if !strings.HasPrefix(p.rest, ".") {
			return path, ""
		}
		p.rest = p.rest[1:]
	}
}

// skipBracket takes [filter] off the rest: it is read once for each type that the
// reference before it may lead to.
func (p *filterParser) skipBracket() (text, problem string) {
	depth, quoted := 0, false
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			if depth--; depth == 0 {
				text, p.rest = p.rest[:i+1], p.rest[i+1:]
				return text, ""
			}
		}
	}
	return "", "a bracket of the filter is not closed"
}

// value reads a JSON string, or all up to a space or a closing bracket.
func (p *filterParser) value() (value, problem string) {
	if strings.HasPrefix(p.rest, `"`) {
		end := 1
		for end < len(p.rest) && p.rest[end] != '"' {
			if p.rest[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(p.rest) || json.Unmarshal([]byte(p.rest[:end+1]), &value) != nil {
			return "", "a text of the filter is no JSON string"
		}
		p.rest = p.rest[end+1:]
	} else {
		n := strings.IndexAny(p.rest, " )]")
		if n < 0 {
			n = len(p.rest)
		}
		value, p.rest = p.rest[:n], p.rest[n:]
	}
	if value == "" {
		return "", "a value is missing in the filter"
	}
	return value, ""
}

func (p *filterParser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

// word reads letters.
func (p *filterParser) word() string {
	n := 0
	for n < len(p.rest) && 'a' <= p.rest[n] && p.rest[n] <= 'z' {
		n++
	}
	word := p.rest[:n]
	p.rest = p.rest[n:]
	return word
}

func inFilterName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-' || c == ':'
}

// junction is "and" and "or". An error counts only if the other side does not
// decide.
type junction struct {
	left, right evaluator
	or          bool
}

func (j *junction) holds(ctx context.Context, v *View) (bool, error) {
	left, failed := j.left.holds(ctx, v)
	if failed == nil && left == j.or {
		return left, nil
	}
	right, err := j.right.holds(ctx, v)
	if err == nil && (right == j.or || failed == nil) {
		return right, nil
	}
	if failed == nil {
		failed = err
	}
	return false, failed
}

// negation is "not".
type negation struct{ inner evaluator }

func (n negation) holds(ctx context.Context, v *View) (bool, error) {
	ok, err := n.inner.holds(ctx, v)
	return !ok && err == nil, err
}
