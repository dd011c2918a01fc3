package fhirpath

import (
	"errors"
	"testing"
)

// FuzzExpression holds that nothing panics, that what compiles prints as
// something that compiles to the same, and that evaluation fails only by the
// errors that are documented.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"Patient.name.where(use = 'official').given", "a.b[0] | (c as Quantity).value > 1.5 'mg'",
		"%current.status in ('a' | 'b') and @2020-01-01T10:00:00.5Z < now()", "-1 div 2 mod 3 & 'x'",
		"descendants().repeat(children()).aggregate($total + 1, 0)", "`x y`.ofType(System.String).matches('a*')",
		"iif(x.exists(), 1 'wk' + 2 days, {})", "where(resolve() is Patient) // c", "name.given.join(',').toChars().distinct()",
		"@2020-01-31 + 1 month - 3.5 'ms'", "1e5", "birthDate.extension('x').value is dateTime",
	} {
		f.Add(seed, patient)
	}
	f.Add("value > 3 'mg' and component.value ~ value", observation)
	f.Fuzz(func(t *testing.T, source, resource string) {
		e, err := Compile(source, Options{Release: R4, BooleanUnion: true})
		if err != nil {
			_ = err.Error()
			return
		}
		again, err := Compile(e.String(), Options{Release: R4})
		if err != nil || again.String() != e.String() {
			t.Fatalf("%q prints as %q, which compiles to %v, %v", source, e, again, err)
		}
		doc, err := Parse([]byte(resource))
		if err != nil {
			return
		}
		got, err := e.Evaluate(t.Context(), doc.Root(), Env{})
		for _, known := range []error{ErrLimit, ErrSingleton, ErrOperand, ErrNotBoolean, ErrUnknownType, ErrNoResolver, ErrNoTerminology, ErrProfile, ErrModifier, nil} {
			if errors.Is(err, known) {
				for _, it := range got {
					_, _ = it.String(), it.TypeName()
				}
				return
			}
		}
		t.Fatal(err)
	})
}
