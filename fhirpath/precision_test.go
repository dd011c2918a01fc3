package fhirpath

import "testing"

// TestPrecision has the examples of the specification, 5.10.
func TestPrecision(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"1.58700.precision()":                  "5",
		"100.precision()":                      "0",
		"1.0.precision()":                      "1",
		"@2014.precision()":                    "4",
		"@2014-01.precision()":                 "6",
		"@2014-01-05.precision()":              "8",
		"@2014T.precision()":                   "4",
		"@2014-01-05T10.precision()":           "10",
		"@2014-01-05T10:30.precision()":        "12",
		"@2014-01-05T10:30:00Z.precision()":    "14",
		"@2014-01-05T10:30:00.000.precision()": "17",
		"@T10.precision()":                     "2",
		"@T10:30.precision()":                  "4",
		"@T10:30:00.precision()":               "6",
		"@T10:30:00.000.precision()":           "9",
		"{}.precision()":                       "",
		"1.5.precision() is Integer":           "true",
	})
	requireErrors(t, `{}`, map[string]error{
		"(1 | 2).precision()":  ErrSingleton,
		"'1.5'.precision()":    ErrOperand,
		"true.precision()":     ErrOperand,
		"1.5 'mg'.precision()": ErrOperand,
	})
}
