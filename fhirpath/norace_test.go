//go:build !race

package fhirpath

const racing = false
