package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
)

// outcome is what an engine made of an expression, in the form in which two are
// compared.
type outcome struct {
	err      string // "" if there are values
	panicked bool
	values   []value
}

// value is an item. Numbers are decimals without trailing zeros, objects canonical
// JSON; dates and times lose their @ and T.
type value struct{ typ, text string }

// The ways in which two outcomes differ.
const (
	agree      = ""
	ourError   = "ours is an error"
	theirError = "theirs is an error"
	ourPanic   = "ours panics"
	inCount    = "different number of items"
	inValue    = "different values"
	inType     = "different types"
)

// difference names the way in which two outcomes differ. Two errors are alike.
func difference(our, their outcome) string {
	switch {
	case our.panicked:
		return ourPanic
	case our.err != "" && their.err != "":
		return agree
	case our.err != "":
		return ourError
	case their.err != "":
		return theirError
	case len(our.values) != len(their.values):
		return inCount
	}
	for i, v := range our.values {
		if !v.same(their.values[i]) {
			return inValue
		}
	}
	for i, v := range our.values {
		if v.typ != their.values[i].typ {
			return inType
		}
	}
	return agree
}

// same takes numbers for equal that are at eight decimals, the precision that the
// specification asks of an implementation, and dates that are the same instant.
func (v value) same(w value) bool {
	if v.text == w.text {
		return true
	}
	if a, err := time.Parse(time.RFC3339, v.text); err == nil && v.last() != "String" {
		b, err := time.Parse(time.RFC3339, w.text)
		return err == nil && a.Equal(b)
	}
	x, ok1 := number(v.text)
	y, ok2 := number(w.text)
	return numeric[v.last()] && ok1 && ok2 && x.FloatString(8) == y.FloatString(8)
}

// last is the name of the type without its namespace.
func (v value) last() string { return v.typ[strings.LastIndexByte(v.typ, '.')+1:] }

var numeric = map[string]bool{
	"Integer": true, "Decimal": true, "Long": true,
	"integer": true, "decimal": true, "positiveInt": true, "unsignedInt": true, "integer64": true,
}

func number(s string) (*big.Rat, bool) {
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 5 || strings.Contains(s, "/") {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// plain returns a number in its shortest writing without an exponent.
func plain(s string) string {
	r, ok := number(s)
	if !ok {
		return s
	}
	if r.IsInt() {
		return r.Num().String()
	}
	digits, _ := r.FloatPrec()
	return strings.TrimRight(r.FloatString(max(digits, 1)), "0")
}

func ourValue(it fhirpath.Item) value {
	v := value{it.TypeName(), it.String()}
	if !strings.HasPrefix(v.typ, "System.") {
		v.typ = "FHIR." + v.typ
	}
	if n, ok := it.Node(); ok && n.Kind() == fhirpath.Object {
		v.text = canonical(n.Raw())
		return v
	}
	v.text = normal(v.typ, v.text)
	return v
}

// zeroOffset is UTC, however it is written.
var zeroOffset = regexp.MustCompile(`[+-]00:00$`)

// normal removes from a text what is notation only.
func normal(typ, text string) string {
	last := value{typ: typ}.last()
	if numeric[last] {
		return plain(text)
	}
	switch last {
	case "Time", "time":
		return strings.TrimPrefix(strings.TrimPrefix(text, "@"), "T")
	case "Date", "DateTime":
		text = strings.TrimSuffix(strings.TrimPrefix(text, "@"), "T")
		return zeroOffset.ReplaceAllString(text, "Z")
	case "Quantity":
		amount, unit, _ := strings.Cut(text, " ")
		if r, ok := number(amount); ok {
			amount = plain(r.FloatString(8))
		}
		if !strings.HasPrefix(unit, "'") { // 1 day, 1 days
			unit = strings.TrimSuffix(unit, "s")
		}
		return amount + " " + unit
	}
	return text
}

// canonical returns JSON with sorted names and plain numbers.
func canonical(raw []byte) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return string(raw)
	}
	out, err := json.Marshal(plainNumbers(v))
	if err != nil {
		return string(raw)
	}
	return string(out)
}

func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return json.Number(plain(v.String()))
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		if text, ok := v[decimalMark].(string); ok {
			return json.Number(plain(text))
		}
		for name := range v {
			v[name] = plainNumbers(v[name])
		}
	}
	return v
}

// problem is what an error says, without the place.
func problem(err error) string {
	var compile *fhirpath.CompileError
	if errors.As(err, &compile) {
		return "refused: " + compile.Problem
	}
	return err.Error()
}
