package ucum_test

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/carillon-fhir/carillon/fhirpath/ucum"
)

func ExampleParse() {
	for _, code := range []string{"mL/min/{1.73_m2}", "mg/dl/mcg"} {
		u, err := ucum.Parse(code)
		fmt.Printf("%q %v\n", u.Code(), err)
	}
	// Output:
	// "mL/min/{1.73_m2}" <nil>
	// "1" ucum: offset 6: no such unit
}

func ExampleError() {
	_, err := ucum.Parse("g/(8.h")
	var at *ucum.Error
	if errors.As(err, &at) {
		fmt.Println(at.Offset, at.Reason)
	}
	// Output: 2 '(' without ')'
}

func ExampleConvert() {
	fahrenheit, _ := ucum.Parse("[degF]")
	celsius, _ := ucum.Parse("Cel")
	fever, ok := ucum.Convert(big.NewRat(1022, 10), fahrenheit, celsius)
	fmt.Println(fever.FloatString(1), ok)
	// Output: 39.0 true
}

func ExampleUnit_Canonical() {
	for _, code := range []string{"mg/dL", "g/L", "{score}"} {
		u, _ := ucum.Parse(code)
		value, base := u.Canonical(big.NewRat(9, 10))
		fmt.Println(value.RatString(), base)
	}
	// Output:
	// 9 g/m3
	// 900 g/m3
	// 9/10 1
}

func ExampleUnit_Comparable() {
	perL, _ := ucum.Parse("[iU]/L")
	perML, _ := ucum.Parse("[iU]/mL")
	enzyme, _ := ucum.Parse("U/L")
	fmt.Println(perL.Comparable(perML), perL.Comparable(enzyme))
	// Output: true false
}

func ExampleMul() {
	cm, _ := ucum.Parse("cm")
	m, _ := ucum.Parse("m")
	area, _ := ucum.Mul(cm, m) // 2 cm × 3 m = 6 cm.m
	squareMetre, _ := ucum.Parse("m2")
	value, _ := ucum.Convert(big.NewRat(2*3, 1), area, squareMetre)
	fmt.Println(area.Code(), value.FloatString(2))
	// Output: cm.m 0.06
}

func ExampleDiv() {
	g, _ := ucum.Parse("g")
	m, _ := ucum.Parse("m")
	density, _ := ucum.Div(g, m)
	ratio, _ := ucum.Div(m, m)
	fmt.Println(density.Code(), ratio.Code())
	// Output: g/m 1
}

func ExampleUnit_Code() {
	var unity ucum.Unit
	creatinine, _ := ucum.Parse("mg{creat}")
	fmt.Println(unity.Code(), creatinine.Code())
	// Output: 1 mg{creat}
}

func ExampleUnit_Special() {
	celsius, _ := ucum.Parse("Cel")
	kelvin, _ := ucum.Parse("K")
	fmt.Println(celsius.Special(), kelvin.Special())
	// Output: true false
}
