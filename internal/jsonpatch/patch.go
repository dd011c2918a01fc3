// Package jsonpatch applies JSON Patches (RFC 6902) to the bytes of a document, so that
// what a patch does not name stays as it was, digits of decimals included.
//
//	patched, err := jsonpatch.Apply(document, patch, 1<<20)
package jsonpatch

import (
	"fmt"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// budget is how many bytes of documents one patch may make Apply read.
const budget = 256 << 20

// Kind says what is wrong with a patch.
type Kind int

// The kinds of errors.
const (
	Invalid   Kind = iota // it is no JSON Patch
	Conflict              // it can't be applied to this document, or one of its tests fails
	TooCostly             // it has too many operations for a document of this size
	TooLarge              // what it makes is larger than it may be
)

// Error refuses a patch. Its text holds nothing of the patch or the document.
type Error struct {
	Kind      Kind
	Operation int // its index; -1: the patch as a whole
	Problem   string
}

func (e *Error) Error() string { return "jsonpatch: " + e.Problem }

// Path is where the patch is at fault, such as [2], or "".
func (e *Error) Path() string {
	if e.Operation < 0 {
		return ""
	}
	return fmt.Sprintf("[%d]", e.Operation)
}

func fail(kind Kind, problem string) error { return &Error{kind, -1, problem} }

// Apply returns the document, which is valid JSON, after a patch. Nothing that it makes
// is larger than maxBytes. Its errors are *Error.
func Apply(document, patch []byte, maxBytes int) ([]byte, error) {
	operations, err := fhirpath.Parse(patch)
	if err != nil || operations.Root().Kind() != fhirpath.Array {
		return nil, fail(Invalid, "a JSON Patch is a JSON array of operations")
	}
	i, read := 0, 0
	for operation := range operations.Root().Elements() {
		if read += len(document); read > budget {
			return nil, fail(TooCostly, "the patch has too many operations for a document of this size")
		}
		doc, err := fhirpath.Parse(document)
		if err != nil {
			return nil, fail(Conflict, "the document can't be read")
		}
		document, err = applyOperation(doc.Root(), operation)
		if err != nil {
			err.(*Error).Operation = i
			return nil, err
		}
		if len(document) > maxBytes {
			return nil, fail(TooLarge, "the document would become too large")
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
			return nil, fail(Invalid, "the operation needs a value")
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
			return nil, fail(Conflict, "a test of the patch fails")
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
			return nil, fail(Conflict, "a value cannot be moved into itself")
		}
		without, err := removeAt(root, from)
		if err != nil {
			return nil, err
		}
		doc, err := fhirpath.Parse(without)
		if err != nil {
			return nil, fail(Conflict, "the document can't be read")
		}
		return addAt(doc.Root(), path, string(moved.Raw()))
	}
	return nil, fail(Invalid, "op is none of add, remove, replace, move, copy and test")
}

func errNoPlace() error { return fail(Conflict, "a path of the patch leads nowhere") }

func replaceAt(root fhirpath.Node, path []string, value string) ([]byte, error) {
	found, err := find(root, path)
	if err != nil {
		return nil, err
	}
	var e Edits
	e.Replace(found, value)
	return e.Apply(root), nil
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
	var e Edits
	switch parent.Kind() {
	case fhirpath.Object:
		if found := parent.Get(last); found.Exists() {
			e.Replace(found, value)
			return e.Apply(root), nil
		}
		value = quoted(last) + ":" + value
		if HasMembers(parent) {
			value = "," + value
		}
		e.Insert(End(parent)-1, value)
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
			return nil, errNoPlace()
		case at < size:
			e.Insert(elementAt(parent, at).Offset(), value+",")
		case size > 0:
			e.Insert(End(parent)-1, ","+value)
		default:
			e.Insert(End(parent)-1, value)
		}
	default:
		return nil, errNoPlace()
	}
	return e.Apply(root), nil
}

func removeAt(root fhirpath.Node, path []string) ([]byte, error) {
	if len(path) == 0 {
		return nil, fail(Conflict, "the whole resource cannot be removed")
	}
	found, err := find(root, path)
	if err != nil {
		return nil, err
	}
	parent, err := find(root, path[:len(path)-1])
	if err != nil {
		return nil, err
	}
	cut := edit{from: parent.Offset() + 1, to: End(found)}
	if before := siblingBefore(parent, found); before.Exists() {
		cut.from = End(before)
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
	return Edits{cut}.Apply(root), nil
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
