package fhirpath

import "maps"

// perItem are the functions that evaluate their arguments for each item.
var perItem = map[string]bool{"where": true, "all": true, "exists": true, "select": true, "repeat": true,
	"repeatAll": true, "sort": true, "iif": true, "defineVariable": true}

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
	args := make([]shape, 0, len(e.args))
	for i, arg := range e.args {
		inner, focus := checker{k.compiler, maps.Clone(k.variables)}, this
		if perItem[e.text] || e.text == "aggregate" && i == 0 || e.text == "trace" && i == 1 {
			focus = shape{types: in.types}
		}
		s, err := inner.infer(arg, focus)
		if err != nil {
			return nil, err
		}
		args = append(args, s)
	}
	return args, nil
}
