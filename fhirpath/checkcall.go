package fhirpath

import (
	"maps"
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
	quantityClass
	anyClass class = 0xFF
)

// class returns what the items of a shape may be in computations.
func (s shape) class() (c class) {
	if s.types == nil {
		return anyClass
	}
	for _, t := range s.types {
		switch {
		case t == systemAny || t.open || t.name == "Element":
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
			c |= quantityClass
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
	case "|":
		return merge(left, right), nil
	case "<", ">", "<=", ">=":
		fits = a&b&^(complexClass|booleanClass) != 0 && !(left.temporal() && right.text() || left.text() && right.temporal())
	case "+":
		fits = a&b&(numberClass|stringClass|quantityClass) != 0 || a&temporalClass != 0 && b&quantityClass != 0 && b&numberClass == 0
		result = shape{}
	case "-":
		fits = a&b&(numberClass|quantityClass) != 0 || a&temporalClass != 0 && b&quantityClass != 0 && b&numberClass == 0
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

// perItem are the functions that evaluate their arguments for each item.
var perItem = map[string]bool{"where": true, "all": true, "exists": true, "select": true, "repeat": true,
	"repeatAll": true, "aggregate": true, "trace": true, "sort": true, "iif": true, "defineVariable": true}

// takesOne are the functions whose arguments say what they return.
var takesOne = map[string]bool{"select": true, "repeat": true, "repeatAll": true, "union": true, "combine": true,
	"iif": true, "defineVariable": true}

// ofText are the functions that are called on a string.
var ofText = map[string]bool{"startsWith": true, "endsWith": true, "contains": true, "upper": true, "lower": true,
	"trim": true, "length": true, "indexOf": true, "lastIndexOf": true, "substring": true, "replace": true,
	"split": true, "toChars": true, "matches": true, "matchesFull": true, "replaceMatches": true,
	"encode": true, "decode": true, "escape": true, "unescape": true}

// inOrder are the functions whose result depends on the order of what they are
// called on.
var inOrder = map[string]bool{"first": true, "last": true, "tail": true, "skip": true, "take": true}

// gives are the System types that functions return.
var gives = map[string]*structure{
	"count": systemInteger, "length": systemInteger, "indexOf": systemInteger, "lastIndexOf": systemInteger,
	"upper": systemString, "lower": systemString, "trim": systemString, "substring": systemString,
	"replace": systemString, "split": systemString, "toChars": systemString, "join": systemString,
	"replaceMatches": systemString, "startsWith": systemBoolean, "endsWith": systemBoolean,
	"contains": systemBoolean, "matches": systemBoolean, "matchesFull": systemBoolean,
	"memberOf": systemBoolean, "subsumes": systemBoolean, "subsumedBy": systemBoolean,
	"conformsTo": systemBoolean, "htmlChecks": systemBoolean, "type": typeInfoType,
	"now": systemDateTime, "today": systemDate, "timeOfDay": systemTime,
	"toBoolean": systemBoolean, "toInteger": systemInteger, "toLong": systemLong, "toDecimal": systemDecimal,
	"toString": systemString, "toDate": systemDate, "toDateTime": systemDateTime, "toTime": systemTime,
	"toQuantity": systemQuantity, "encode": systemString, "decode": systemString, "escape": systemString,
	"unescape": systemString, "precision": systemInteger, "yearOf": systemInteger, "monthOf": systemInteger,
	"dayOf": systemInteger, "hourOf": systemInteger, "minuteOf": systemInteger, "secondOf": systemInteger,
	"millisecondOf": systemInteger, "timezoneOffsetOf": systemDecimal, "dateOf": systemDate, "timeOf": systemTime,
	"duration": systemInteger, "difference": systemInteger, "sqrt": systemDecimal, "exp": systemDecimal,
	"ln": systemDecimal, "log": systemDecimal,
}

// call checks a call and tells what it gives.
func (k *checker) call(e *expr, this shape) (shape, error) {
	in, err := this, error(nil)
	if e.left != nil {
		if in, err = k.infer(e.left, this); err != nil {
			return shape{}, err
		}
	}
	switch e.text {
	case "is", "as", "ofType":
		if len(e.args) != 1 {
			return shape{}, nil // compile says so
		}
		return k.cast(e, e.text, e.args[0], in)
	}
	args, err := k.arguments(e, in, this)
	if err != nil || len(args) == 0 && takesOne[e.text] || len(args) == 1 && e.text == "iif" {
		return shape{}, err // too few arguments: compile says so
	}
	if ofText[e.text] && in.class()&stringClass == 0 {
		return shape{}, k.fail(e, e.text+"() is for strings, which "+titles(in.types)+" is not")
	}
	if inOrder[e.text] {
		if err := k.ordered(e, in); err != nil {
			return shape{}, err
		}
	}
	if _, ok := predicates[e.text]; ok {
		return shape{types: []*structure{systemBoolean}}, nil
	}
	if t := gives[e.text]; t != nil {
		return shape{types: []*structure{t}}, nil
	}
	switch e.text {
	case "where", "first", "last", "tail", "skip", "take", "single", "distinct", "intersect", "exclude", "trace",
		"checkModifiers":
		return in, nil
	case "sort":
		return shape{types: in.types}, nil
	case "defineVariable":
		if name, ok := e.args[0].value.(string); ok {
			if k.variables[name] = in; len(args) == 2 {
				k.variables[name] = args[1]
			}
		}
		return in, nil
	case "select":
		return args[0], nil
	case "repeat", "repeatAll":
		again, err := k.infer(e.args[0], args[0])
		if err != nil {
			return shape{}, nil // found in one kind of item, not in the next: no reason to refuse
		}
		return merge(args[0], again), nil
	case "union", "combine":
		return merge(in, args[0]), nil
	case "extension":
		return shape{types: []*structure{k.model.structures["Extension"]}}, nil
	case "children", "descendants":
		return shape{unordered: true}, nil
	case "iif":
		if args[0].class()&booleanClass == 0 {
			return shape{}, k.fail(e.args[0], "the criterion of iif() is "+titles(args[0].types)+", not a boolean")
		}
		if len(args) == 3 {
			return merge(args[1], args[2]), nil
		}
		return args[1], nil
	}
	return shape{}, nil
}

// arguments infers the shapes of a call's arguments. What they define by
// defineVariable ends with each.
func (k *checker) arguments(e *expr, in, this shape) ([]shape, error) {
	if perItem[e.text] {
		this = shape{types: in.types}
	}
	args := make([]shape, 0, len(e.args))
	for _, arg := range e.args {
		inner := checker{k.compiler, maps.Clone(k.variables)}
		s, err := inner.infer(arg, this)
		if err != nil {
			return nil, err
		}
		args = append(args, s)
	}
	return args, nil
}
