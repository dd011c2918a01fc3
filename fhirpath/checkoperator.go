package fhirpath

import (
	"errors"
	"slices"
)

// operand classes: what an operator may do with a value.
type class uint8

const (
	complexClass class = 1 << iota
	booleanClass
	numberClass
	stringClass
	temporalClass
	quantityClass       // what counts as a quantity, numbers too
	durationClass       // what may be one of time: no number
	anyClass      class = 0xFF
)

// class returns what the items of a shape may be in computations.
func (s shape) class() (c class) {
	if s.types == nil {
		return anyClass
	}
	for _, t := range s.types {
		switch {
		case t == systemAny || t.abstract():
			return anyClass
		case t.system == nil:
			c |= complexClass
		case t.system == systemBoolean:
			c |= booleanClass
		case t.system == systemInteger, t.system == systemLong, t.system == systemDecimal:
			c |= numberClass | quantityClass
		case t.system == systemString:
			c |= stringClass
		case t.system == systemQuantity:
			c |= quantityClass | durationClass
		default:
			c |= temporalClass
			if t.kind != systemKind {
				c |= stringClass // an element that is a date may be read as text
			}
		}
	}
	return c
}

// operator checks an operator and tells what it gives.
func (k *checker) operator(e *expr, this shape) (shape, error) {
	if e.text == "|" {
		return k.union(e, this)
	}
	left, err := k.infer(e.left, this)
	if err != nil {
		return shape{}, err
	}
	right, err := k.infer(e.right, this)
	if err != nil {
		return shape{}, err
	}
	a, b := left.class(), right.class()
	boolean := shape{types: []*structure{systemBoolean}}
	fits := true
	result := boolean
	switch e.text {
	case "=", "!=", "~", "!~", "in", "contains":
		if left.temporal() && right.text() || left.text() && right.temporal() {
			return shape{}, k.fail(e, "a date or time never equals a string: write it as @2020-01-31")
		}
	case "<", ">", "<=", ">=":
		fits = a&b&^(complexClass|booleanClass) != 0 && !(left.temporal() && right.text() || left.text() && right.temporal())
	case "+":
		fits = a&b&(numberClass|stringClass|quantityClass) != 0 || a&temporalClass != 0 && b&durationClass != 0
		result = shape{}
	case "-":
		fits = a&b&(numberClass|quantityClass) != 0 || a&temporalClass != 0 && b&durationClass != 0
		result = shape{}
	case "*", "/":
		fits = a&(numberClass|quantityClass) != 0 && b&(numberClass|quantityClass) != 0
		result = shape{}
	case "div", "mod":
		fits = a&numberClass != 0 && b&numberClass != 0
		result = shape{}
	case "&":
		fits = a&stringClass != 0 && b&stringClass != 0
		result = shape{types: []*structure{systemString}}
	}
	if !fits {
		return shape{}, k.fail(e, e.text+" does not take "+titles(left.types)+" and "+titles(right.types))
	}
	return result, nil
}

// union checks the operator |. A side that is for another type of resource gives
// nothing, as in search parameters of several types; it is wrong where both are.
func (k *checker) union(e *expr, this shape) (shape, error) {
	left, leftErr := k.infer(e.left, this)
	right, rightErr := k.infer(e.right, this)
	switch {
	case leftErr == nil && elsewhere(rightErr):
		return left, nil
	case rightErr == nil && elsewhere(leftErr):
		return right, nil
	case leftErr != nil && !elsewhere(leftErr), rightErr == nil && leftErr == nil:
		return merge(left, right), leftErr
	}
	return shape{}, rightErr
}

// elsewhere reports whether all that is wrong is a path for another type of resource.
func elsewhere(err error) bool {
	var problem *CompileError
	return errors.As(err, &problem) && problem.elsewhere
}

// temporal reports whether all items are dates or times, text whether all are strings.
func (s shape) temporal() bool { return s.all(systemDate, systemDateTime, systemTime) }
func (s shape) text() bool     { return s.all(systemString) }

func (s shape) all(of ...*structure) bool {
	for _, t := range s.types {
		if !slices.Contains(of, t.system) {
			return false
		}
	}
	return len(s.types) > 0
}
