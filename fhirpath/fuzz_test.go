package fhirpath

import (
	"errors"
	"testing"
)

// seeds are expressions that together use all of the grammar.
var seeds = []string{
	"Patient.name.where(use = 'official').given", "a.b[0] | (c as Quantity).value > 1.5 'mg'",
	"%current.status in ('a' | 'b') and @2020-01-01T10:00:00.5Z < now()", "-1 div 2 mod 3 & 'x'",
	"descendants().repeat(children()).aggregate($total + 1, 0)", "`x y`.ofType(System.String).matches('a*')",
	"iif(x.exists(), 1 'wk' + 2 days, {})", "where(resolve() is Patient) // c", "name.given.join(',').toChars().distinct()",
	"@2020-01-31 + 1 month - 3.5 'ms'", "1e5", "birthDate.extension('x').value is dateTime", "10L * 2 + 1.5",
	"name.defineVariable('n', given).select(%n.first() & $this.family)", "name.sort(family desc, -given.first())",
	"value.ofType(Quantity).lowBoundary(4) ~ 1.0 'g' / 3 'L'", "name.given.type().name", "code.memberOf('x') or a.subsumes(b)",
	"text.div.htmlChecks()", "'a,b'.split(',').coalesce($this).repeatAll('x')", "@2020.highBoundary(6).toString().encode('hex')",
	"2.power(1000000000) = 1.5.ln().exp().sqrt()", "name.trace('x').single()", "5 'mg'.toQuantity('g').comparable(1 'kg')",
}

// FuzzCompile holds that the parser and the compiler never panic, with and without
// the strict check, and that what compiles prints as something that compiles to the
// same.
func FuzzCompile(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for _, o := range []Options{{Release: R4}, {Release: R5, Strict: true, Context: "Patient", Variables: []string{"v:Observation"}}} {
			e, err := Compile(source, o)
			if err != nil {
				var problem *CompileError
				if !errors.As(err, &problem) || problem.Offset < 0 || problem.Offset > len(source) {
					t.Fatal(err)
				}
				_ = err.Error()
				continue
			}
			again, err := Compile(e.String(), o)
			if err != nil || again.String() != e.String() {
				t.Fatalf("%q prints as %q, which compiles to %v, %v", source, e, again, err)
			}
		}
	})
}

// FuzzEvaluate holds that an evaluation never panics and fails only by the errors
// that are documented.
func FuzzEvaluate(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed, patient)
		f.Add(seed, observation)
	}
	f.Fuzz(func(t *testing.T, source, resource string) {
		e, err := Compile(source, Options{Release: R4, BooleanUnion: true})
		if err != nil {
			return
		}
		doc, err := Parse([]byte(resource))
		if err != nil {
			return
		}
		got, err := e.Evaluate(t.Context(), doc.Root(), Env{})
		for _, known := range []error{ErrLimit, ErrSingleton, ErrOperand, ErrNotBoolean, ErrUnknownType,
			ErrNoResolver, ErrNoTerminology, ErrProfile, ErrModifier, nil} {
			if errors.Is(err, known) {
				for _, it := range got {
					if it.JSON(); it.String() == "" && it.TypeName() == "" {
						continue
					}
				}
				return
			}
		}
		t.Fatal(err)
	})
}
