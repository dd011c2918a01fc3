package main

import (
	"fmt"
	"regexp"
	"strings"
)

// declaration is one interface of a .d.ts file.
type declaration struct {
	name, base string // base is empty if it extends nothing
	fields     []field
}

// field is one JSON property that carries an element. The name of a resource's type
// (which alone is readonly) is none, nor are the extensions of a primitive
// (_birthDate).
type field struct {
	name     string
	declared string // a declaration's name, or string, number, boolean, or literal for a choice of codes
	many     bool
}

var (
	interfaceLine = regexp.MustCompile(`^export interface (\w+)(?:<.*>)? (?:extends (\w+) )?\{$`)
	fieldLine     = regexp.MustCompile(`^  (readonly )?(\w+)\??: (.+);$`)
	bundleTypes   = regexp.MustCompile(`<.*>`)
)

// parseDeclarations reads the interfaces of a .d.ts file, in their order. A line
// within an interface that is neither a comment nor a property is an error, so
// that a new form of declaration is not dropped in silence.
func parseDeclarations(source string) ([]*declaration, error) {
	var all []*declaration
	var current *declaration
	comment := false
	for i, line := range strings.Split(source, "\n") {
		line = strings.TrimRight(line, "\r")
		text := strings.TrimSpace(line)
		switch {
		case comment || strings.HasPrefix(text, "/*"):
			comment = !strings.Contains(text, "*/")
		case interfaceLine.MatchString(line):
			m := interfaceLine.FindStringSubmatch(line)
			current = &declaration{name: m[1], base: m[2]}
			all = append(all, current)
		case line == "}":
			current = nil
		case current == nil || text == "":
		default:
			m := fieldLine.FindStringSubmatch(line)
			if m == nil {
				return nil, fmt.Errorf("line %d: not a property of %s", i+1, current.name)
			}
			if isElement := m[1] == "" && m[2][0] != '_'; isElement {
				current.fields = append(current.fields, newField(m[2], m[3]))
			}
		}
	}
	return all, nil
}

// newField takes the TypeScript type apart.
func newField(name, declared string) field {
	declared = strings.TrimSuffix(declared, " | undefined")
	declared, many := strings.CutSuffix(declared, "[]")
	declared = bundleTypes.ReplaceAllString(declared, "")
	switch {
	case strings.HasPrefix(declared, "("):
		declared = "literal"
	case declared == "T":
		declared = "Resource" // Bundle is generic in what it holds
	}
	return field{name, declared, many}
}
