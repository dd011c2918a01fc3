package jsonpatch

import (
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// parsePointer reads a JSON Pointer (RFC 6901).
func parsePointer(n fhirpath.Node) ([]string, error) {
	pointer := n.Text()
	if n.Kind() != fhirpath.String || pointer != "" && pointer[0] != '/' {
		return nil, fail(Invalid, "a path must be a JSON Pointer")
	}
	if pointer == "" {
		return nil, nil
	}
	tokens := strings.Split(pointer[1:], "/")
	for i, token := range tokens {
		tokens[i] = strings.NewReplacer("~0", "~", "~1", "/").Replace(token)
	}
	return tokens, nil
}

func find(n fhirpath.Node, path []string) (fhirpath.Node, error) {
	for _, token := range path {
		if n.Kind() == fhirpath.Array {
			i, err := arrayIndex(token)
			if err != nil {
				return n, err
			}
			n = elementAt(n, i)
		} else {
			n = n.Get(token)
		}
		if !n.Exists() {
			return n, errNoPlace()
		}
	}
	return n, nil
}

func arrayIndex(token string) (int, error) {
	i, err := strconv.Atoi(token)
	if err != nil || i < 0 || strconv.Itoa(i) != token {
		return 0, errNoPlace()
	}
	return i, nil
}

func elementAt(array fhirpath.Node, i int) fhirpath.Node {
	for element := range array.Elements() {
		if i == 0 {
			return element
		}
		i--
	}
	return fhirpath.Node{}
}
