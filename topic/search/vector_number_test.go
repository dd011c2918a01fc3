package search_test

import (
	"fmt"
	"testing"
)

// TestNumberVectors goes through the table of the FHIR search page, "number".
func TestNumberVectors(t *testing.T) {
	is := func(value string) string {
		return `{"resourceType":"RiskAssessment","prediction":[{"probabilityDecimal":` + value + `}]}`
	}
	for value, rows := range map[string]string{
		"100": "+ probability=100\n + probability=100.00\n + probability=1e2\n - probability=lt100\n + probability=le100\n" +
			"- probability=gt100\n + probability=ge100\n - probability=ne100\n - probability=sa100\n - probability=eb100\n" +
			"+ probability=sa99.9\n + probability=eb100.1\n + probability=ap100\n + probability=ap91\n + probability=ap110\n - probability=ap80\n" +
			"+ probability=99.5,100\n - probability=100.01\n + probability=1.00e2\n - probability=1.01e2\n x probability=+1e2",
		"99.5":    "+ probability=100\n - probability=100.0\n - probability=99\n + probability=lt100\n + probability=1e2",
		"100.49":  "+ probability=100\n - probability=101\n + probability=gt100",
		"100.5":   "- probability=100\n + probability=101\n + probability=ne100\n - probability=ne101",
		"95":      "+ probability=1e2\n - probability=100\n + probability=9.5e1",
		"104.99":  "+ probability=1e2\n + probability=1E2",
		"105":     "- probability=1e2\n - probability=1.0e2\n + probability=105",
		"94.9":    "- probability=1e2",
		"99.995":  "+ probability=100.00\n + probability=100",
		"100.004": "+ probability=100.00\n - probability=100.000",
		"100.005": "- probability=100.00",
		"0.8":     "- probability=gt0.8\n - probability=gt8e-1\n + probability=8e-1\n + probability=0.8\n + probability=ge0.80\n + probability=1",
		"0.81":    "+ probability=gt0.8\n + probability=gt8e-1\n + probability=8e-1\n + probability=0.8\n - probability=0.80",
		"0.85":    "- probability=0.8\n + probability=0.9\n + probability=ap0.8",
		"-3":      "+ probability=-3\n + probability=lt-2\n + probability=gt-4\n - probability=3\n + probability=ap-3.2\n + probability=le-3",
		"0":       "+ probability=0\n + probability=-0\n + probability=0.00\n + probability=ap0\n - probability=gt0\n + probability=ge0\n - probability=1",
		"1e2":     "+ probability=100\n + probability=ge1e2\n - probability=gt1e2",
		"1.10":    "+ probability=1.1\n + probability=1.10\n + probability=1.100\n + probability=1",
	} {
		// + would be a space in a query.
		check(t, r4, is(value), rowsOf(rows))
	}
	check(t, r4, is("0.5"), `
	+ probability:missing=false
	x probability=x
	x probability=
	x probability=1,
	x probability=.5
	x probability=5.
	x probability=1e
	x probability=1e999
	x probability=0x1
	x probability=1 000
	x probability=NaN
	x probability=gt
	x probability=gtgt1
	x probability=<1
	x probability:not=1
	x probability:exact=1
	x probability=1|http://u|c
	`)
	check(t, r4, `{"resourceType":"RiskAssessment","prediction":[{"probabilityRange":{"low":{"value":0.1},"high":{"value":0.3}}}]}`, `
	- probability=0.2
	`)
	check(t, r4, `{"resourceType":"MolecularSequence","variant":[{"start":22125503,"end":22125510}]}`, `
	+ variant-start=22125503
	- variant-start=22125504
	+ variant-start=22125503.0
	- variant-start=22125503.4
	+ variant-start=2.2e7
	+ variant-start=ge22125503&variant-end=le22125510
	- variant-start=22125510
	`)
	check(t, r4, `{"resourceType":"RiskAssessment"}`, `
	- probability=1
	- probability=ne1
	+ probability:missing=true
	`)
}

// TestQuantityVectors goes through the examples of the FHIR search page, "quantity".
func TestQuantityVectors(t *testing.T) {
	value := func(members string) string {
		return `{"resourceType":"Observation","valueQuantity":{` + members + `}}`
	}
	const ucum = `"system":"http://unitsofmeasure.org","code":`
	check(t, r4, value(`"value":5.4,"unit":"milligram",`+ucum+`"mg"`), `
	+ value-quantity=5.4|http://unitsofmeasure.org|mg
	+ value-quantity=5.40e-3|http://unitsofmeasure.org|g
	+ value-quantity=5.4||mg
	+ value-quantity=5.4||milligram
	- value-quantity=5.4||g
	- value-quantity=0.0054||g
	+ value-quantity=5.4
	+ value-quantity=5
	+ value-quantity=le5.4|http://unitsofmeasure.org|mg
	+ value-quantity=ap5.4|http://unitsofmeasure.org|mg
	+ value-quantity=ap5|http://unitsofmeasure.org|mg
	- value-quantity=ap4|http://unitsofmeasure.org|mg
	- value-quantity=5.4|http://unitsofmeasure.org|g
	- value-quantity=5.4|http://other|mg
	+ value-quantity=5.4|http://unitsofmeasure.org|
	- value-quantity=5.4|http://other|
	+ value-quantity=5.4||
	+ value-quantity=5400|http://unitsofmeasure.org|ug
	- value-quantity=5401|http://unitsofmeasure.org|ug
	+ value-quantity=lt1|http://unitsofmeasure.org|g
	- value-quantity=gt1|http://unitsofmeasure.org|g
	+ value-quantity=gt5|http://unitsofmeasure.org|ug
	- value-quantity=lt5|http://unitsofmeasure.org|mL
	- value-quantity=gt5|http://unitsofmeasure.org|mL
	- value-quantity=ne5.4|http://unitsofmeasure.org|mL
	- value-quantity=5.4|http://unitsofmeasure.org|MG
	- value-quantity=5.4|http://unitsofmeasure.org|milligram
	- value-quantity=5.4|http://unitsofmeasure.org|no-unit
	- value-quantity=5.3
	- value-quantity=ne5.4
	+ value-quantity=ne6
	+ value-quantity=1,5.4||mg
	+ value-quantity=gt5&value-quantity=lt6
	x value-quantity=5.4|mg
	x value-quantity=5.4|a|b|c
	x value-quantity=|http://unitsofmeasure.org|mg
	x value-quantity=mg
	x value-quantity=5.4 mg
	x value-quantity=gt
	x value-quantity:not=5.4
	x value-quantity:exact=5.4
	- value-quantity:missing=true
	`)
	check(t, r4, value(`"value":23,`+ucum+`"mm/h"`), `
	+ value-quantity=0.023|http://unitsofmeasure.org|m/h
	+ value-quantity=6.4e-6|http://unitsofmeasure.org|m/s
	- value-quantity=0.23|http://unitsofmeasure.org|m/h
	`)
	check(t, r4, value(`"value":37,`+ucum+`"Cel"`), `
	+ value-quantity=98.6|http://unitsofmeasure.org|[degF]
	+ value-quantity=310.15|http://unitsofmeasure.org|K
	+ value-quantity=gt98|http://unitsofmeasure.org|[degF]
	- value-quantity=gt99|http://unitsofmeasure.org|[degF]
	`)
	check(t, r4, value(`"value":150,"code":"cm","system":"http://bar"`), `
	+ value-quantity=150|http://bar|cm
	- value-quantity=1.5|http://bar|m
	- value-quantity=150|http://unitsofmeasure.org|cm
	+ value-quantity=150||cm
	`)
	check(t, r4, value(`"value":150,`+ucum+`"foo"`), `
	+ value-quantity=150|http://unitsofmeasure.org|foo
	- value-quantity=150|http://unitsofmeasure.org|bar
	- value-quantity=150|http://unitsofmeasure.org|m
	`)
	for comparator, rows := range map[string]string{
		"<":  "+ value-quantity=lt5\n + value-quantity=lt1\n - value-quantity=5\n - value-quantity=gt5\n + value-quantity=ge5\n + value-quantity=eb6\n - value-quantity=sa1",
		">=": "+ value-quantity=gt5\n + value-quantity=gt100\n - value-quantity=lt5\n + value-quantity=le5\n + value-quantity=sa4\n - value-quantity=eb100",
		"ad": "+ value-quantity=5\n",
	} {
		check(t, r4, value(fmt.Sprintf(`"value":5,"comparator":%q`, comparator)), rows)
	}
	check(t, r4, value(`"code":"mg"`), "- value-quantity=5\n - value-quantity=ne5\n - value-quantity:missing=true")
	check(t, r4, `{"resourceType":"Condition","onsetAge":{"value":52,"system":"http://unitsofmeasure.org","code":"a"},
	"abatementRange":{"low":{"value":60,"unit":"years"},"high":{"value":62,"unit":"years"}}}`, `
	+ onset-age=52
	+ onset-age=52|http://unitsofmeasure.org|a
	+ onset-age=gt600|http://unitsofmeasure.org|mo
	- onset-age=gt640|http://unitsofmeasure.org|mo
	- abatement-age=61
	+ abatement-age=gt61
	+ abatement-age=lt61
	+ abatement-age=ge62
	- abatement-age=gt62
	+ abatement-age=sa59
	- abatement-age=sa60
	+ abatement-age=eb63
	- abatement-age=eb62
	+ abatement-age=ap61
	+ abatement-age=gt61||years
	- abatement-age=gt61||months
	`)
	check(t, r4, `{"resourceType":"Condition","abatementRange":{"low":{"value":1},"high":{"value":1}},"onsetRange":{"low":{"value":10}}}`, `
	+ abatement-age=1
	- onset-age=10
	+ onset-age=gt1000
	+ onset-age=sa9
	- onset-age=lt10
	+ onset-age=le10
	- onset-age=eb100
	`)
	check(t, r4, `{"resourceType":"Invoice","totalNet":{"value":12.50,"currency":"EUR"}}`, `
	+ totalnet=12.50
	+ totalnet=12.5||EUR
	+ totalnet=12.5|urn:iso:std:iso:4217|EUR
	+ totalnet=gt12|urn:iso:std:iso:4217|
	- totalnet=12.5||USD
	- totalnet=12.5|http://unitsofmeasure.org|EUR
	`)
	check(t, r4, `{"resourceType":"Observation","valueSampledData":{"origin":{"value":5},"period":1,"dimensions":1,"data":"1 2"}}`, `
	- value-quantity=5
	- value-quantity=gt0
	- value-quantity=ne5
	`)
	check(t, r4, `{"resourceType":"Observation","component":[{"valueQuantity":{"value":150,"system":"http://unitsofmeasure.org","code":"cm"}},{"valueQuantity":{"value":3}}]}`, `
	+ component-value-quantity=1.50|http://unitsofmeasure.org|m
	+ component-value-quantity=15|http://unitsofmeasure.org|dm
	+ component-value-quantity=3
	+ combo-value-quantity=3
	- value-quantity=3
	+ component-value-quantity=3&component-value-quantity=150
	`)
}
