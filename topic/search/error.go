package search

import (
	"errors"
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// Error tells why a criterion can't be used. Its text never holds the value,
// which may name a patient.
type Error struct {
	Parameter string // as it was written, a chain as a whole
	Modifier  string // without the colon; "" if there is none
	Problem   string // what is wrong with it
}

// Error returns the parameter, its modifier and the problem.
func (e *Error) Error() string {
	name := e.Parameter
	if e.Modifier != "" {
		name += ":" + e.Modifier
	}
	return fmt.Sprintf("search: %q: %s", name, e.Problem)
}

// printable keeps a name that can be one; names come from strangers and go into
// messages.
func printable(name string) string {
	if len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "?"
	}
	return name
}

// reason is the text of a compile error without its package's caret line.
func reason(err error) string {
	var compile *fhirpath.CompileError
	if errors.As(err, &compile) {
		return compile.Problem
	}
	return "unusable expression"
}
