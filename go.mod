module github.com/carillon-fhir/carillon

go 1.26.0
