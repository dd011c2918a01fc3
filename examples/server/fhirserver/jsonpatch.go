package fhirserver

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// patchBudget is how many bytes of documents one patch may make the server read.
const patchBudget = 256 << 20

// applyPatch returns the document after a JSON Patch (RFC 6902). It edits bytes, so
// what the patch does not name stays as it was, digits of decimals included.
func applyPatch(document, patch []byte, maxBytes int) ([]byte, error) {
	operations, err := fhirpath.Parse(patch)
	if err != nil || operations.Root().Kind() != fhirpath.Array {
		return nil, refuse(http.StatusBadRequest, "structure", "a JSON Patch is a JSON array of operations")
	}
	i, read := 0, 0
	for operation := range operations.Root().Elements() {
		if read += len(document); read > patchBudget {
			return nil, refuse(http.StatusUnprocessableEntity, "too-costly", "the patch has too many operations for a resource of this size")
		}
		doc, err := fhirpath.Parse(document)
		if err != nil {
			return nil, err
		}
		document, err = applyOperation(doc.Root(), operation)
		if err != nil {
			return nil, problemOf(err).at("[" + strconv.Itoa(i) + "]")
		}
		if len(document) > maxBytes {
			return nil, errTooLarge
		}
		i++
	}
	return document, nil
}

func applyOperation(root, operation fhirpath.Node) ([]byte, error) {
	path, err := parsePointer(operation.Get("path"))
	if err != nil {
		return nil, err
	}
	value := operation.Get("value")
	switch op := operation.Get("op").Text(); op {
	case "add", "replace", "test":
		if !value.Exists() {
			return nil, invalid("the operation needs a value")
		}
		switch op {
		case "add":
			return addAt(root, path, string(value.Raw()))
		case "replace":
			return replaceAt(root, path, string(value.Raw()))
		}
		found, err := find(root, path)
		if err != nil {
			return nil, err
		}
		if !equalJSON(found, value) {
			return nil, unprocessable("a test of the patch fails")
		}
		return root.Raw(), nil
	case "remove":
		return removeAt(root, path)
	case "move", "copy":
		from, err := parsePointer(operation.Get("from"))
		if err != nil {
			return nil, err
		}
		moved, err := find(root, from)
		if err != nil {
			return nil, err
		}
		if op == "copy" {
			return addAt(root, path, string(moved.Raw()))
		}
		if len(from) < len(path) && strings.Join(from, "/") == strings.Join(path[:len(from)], "/") {
			return nil, unprocessable("a value cannot be moved into itself")
		}
		without, err := removeAt(root, from)
		if err != nil {
			return nil, err
		}
		doc, err := fhirpath.Parse(without)
		if err != nil {
			return nil, err
		}
		return addAt(doc.Root(), path, string(moved.Raw()))
	}
	return nil, invalid("op is none of add, remove, replace, move, copy and test")
}

func unprocessable(text string) *problem {
	return refuse(http.StatusUnprocessableEntity, "processing", "%s", text)
}

var errNoPlace = unprocessable("a path of the patch leads nowhere")

// parsePointer reads a JSON Pointer (RFC 6901).
func parsePointer(n fhirpath.Node) ([]string, error) {
	pointer := n.Text()
	if n.Kind() != fhirpath.String || pointer != "" && pointer[0] != '/' {
		return nil, invalid("a path must be a JSON Pointer")
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
			return n, errNoPlace
		}
	}
	return n, nil
}

func arrayIndex(token string) (int, error) {
	i, err := strconv.Atoi(token)
	if err != nil || i < 0 || strconv.Itoa(i) != token {
		return 0, errNoPlace
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

func replaceAt(root fhirpath.Node, path []string, value string) ([]byte, error) {
	found, err := find(root, path)
	if err != nil {
		return nil, err
	}
	var e edits
	e.replace(found, value)
	return e.apply(root), nil
}

func addAt(root fhirpath.Node, path []string, value string) ([]byte, error) {
	if len(path) == 0 {
		return []byte(value), nil
	}
	last := path[len(path)-1]
	parent, err := find(root, path[:len(path)-1])
	if err != nil {
		return nil, err
	}
	var e edits
	switch parent.Kind() {
	case fhirpath.Object:
		if found := parent.Get(last); found.Exists() {
			e.replace(found, value)
			return e.apply(root), nil
		}
		value = string(appendString(nil, last)) + ":" + value
		if hasMembers(parent) {
			value = "," + value
		}
		e.insert(end(parent)-1, value)
	case fhirpath.Array:
		size := parent.Len()
		at := size
		if last != "-" {
			if at, err = arrayIndex(last); err != nil {
				return nil, err
			}
		}
		switch {
		case at > size:
			return nil, errNoPlace
		case at < size:
			e.insert(elementAt(parent, at).Offset(), value+",")
		case size > 0:
			e.insert(end(parent)-1, ","+value)
		default:
			e.insert(end(parent)-1, value)
		}
	default:
		return nil, errNoPlace
	}
	return e.apply(root), nil
}

func removeAt(root fhirpath.Node, path []string) ([]byte, error) {
	if len(path) == 0 {
		return nil, unprocessable("the whole resource cannot be removed")
	}
	found, err := find(root, path)
	if err != nil {
		return nil, err
	}
	parent, err := find(root, path[:len(path)-1])
	if err != nil {
		return nil, err
	}
	cut := edit{from: parent.Offset() + 1, to: end(found)}
	if before := siblingBefore(parent, found); before.Exists() {
		cut.from = end(before)
	} else {
		// The first of several takes the comma behind it along.
		raw := root.Raw()
		at := cut.to - root.Offset()
		for raw[at] == ' ' || raw[at] == '\t' || raw[at] == '\n' || raw[at] == '\r' {
			at++
		}
		if raw[at] == ',' {
			cut.to = root.Offset() + at + 1
		}
	}
	return edits{cut}.apply(root), nil
}

// siblingBefore returns what stands before a member or element of its parent.
func siblingBefore(parent, child fhirpath.Node) (before fhirpath.Node) {
	for _, sibling := range children(parent) {
		if sibling == child {
			return before
		}
		before = sibling
	}
	return before
}
