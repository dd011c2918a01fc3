// Package union divides SearchParameter.expression among the types that it is for. One
// expression serves many, as in Patient.name | Practitioner.name.
package union

import "strings"

// For keeps the parts of a union that begin at base. One that begins at no type, or at
// an abstract one, belongs to every base. It is "" if there are none: some definitions
// list a base that no part serves. What is malformed stays so.
func For(base, expression string) string {
	var kept []string
	for _, part := range split(expression) {
		head := strings.TrimLeft(part, "( ")
		if end := strings.IndexAny(head, ". )("); end >= 0 {
			head = head[:end]
		}
		isType := head != "" && head[0] >= 'A' && head[0] <= 'Z'
		if head == base || !isType || head == "Resource" || head == "DomainResource" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, " | ")
}

// split cuts an expression at the bars that are in no bracket and no text.
func split(expression string) (parts []string) {
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case quoted && c == '\\':
			i++
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			parts = append(parts, strings.TrimSpace(expression[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(expression[start:]))
}
