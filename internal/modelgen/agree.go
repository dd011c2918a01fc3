package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// agree checks a model, whose structure is of the declarations, against all that
// the release's own paths say: every path is an element of the type they name,
// and it repeats where they say so.
func agree(m model, p *paths) error {
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(p.types)) {
		if err := agreeAt(m, p, path); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(p.refers)) {
		switch e, of, ok := m.at(path); {
		case !ok:
			errs = append(errs, fmt.Errorf("%s: not in the model", path))
		case of.Code != p.refers[path]:
			errs = append(errs, fmt.Errorf("%s: refers to %s in the model, to %s in the paths", path, of.Code, p.refers[path]))
		case e.choice:
			errs = append(errs, fmt.Errorf("%s: a choice in the model", path))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.parents)) {
		if t := m[name]; t != nil && t.base != p.parents[name] {
			errs = append(errs, fmt.Errorf("%s: its base is %s in the model, %s in the paths", name, t.base, p.parents[name]))
		}
	}
	return errors.Join(errs...)
}

// agreeAt checks one path that has a type.
func agreeAt(m model, p *paths, path string) error {
	root, _, _ := strings.Cut(path, ".")
	// Primitive types have no elements of their own here, and what is said of the
	// extensions inside ElementDefinition is of a profile.
	if t := m[root]; t != nil && t.kind == kindPrimitive || patterns[root] || strings.HasPrefix(path, "ElementDefinition.extension.") {
		return nil
	}
	e, of, ok := m.at(path)
	if !ok {
		return errors.New("not in the model")
	}
	want := p.types[path].Code
	switch code := of.Code; {
	case strings.HasPrefix(want, "System."):
	case strings.Contains(code, "."):
		code = m[code].base
		fallthrough
	default:
		if code != want {
			return fmt.Errorf("a %s in the model, a %s in the paths", of.Code, want)
		}
	}
	if e.many != p.repeats[path] {
		return errors.New("repeats in one of both only")
	}
	return nil
}

// at finds the element at a path that starts at a type's name.
func (m model) at(path string) (e *element, of pathType, ok bool) {
	steps := strings.Split(path, ".")
	of = pathType{Code: steps[0]}
	for _, step := range steps[1:] {
		if e, of, ok = m.find(of.Code, step); !ok {
			return nil, pathType{}, false
		}
	}
	return e, of, ok
}
