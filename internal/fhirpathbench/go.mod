module github.com/carillon-fhir/carillon/internal/fhirpathbench

go 1.26.0

replace github.com/carillon-fhir/carillon => ../..

require (
	github.com/carillon-fhir/carillon v0.0.0-00010101000000-000000000000
	github.com/gofhir/fhirpath v1.4.0
	github.com/gofhir/models/r4 v1.4.0
	github.com/robertoaraneda/gofhir v1.6.1
)

require (
	github.com/antlr4-go/antlr/v4 v4.13.1 // indirect
	github.com/buger/jsonparser v1.1.1 // indirect
	github.com/shopspring/decimal v1.4.0 // indirect
	golang.org/x/exp v0.0.0-20240823005443-9b4947da3948 // indirect
)
