//go:build race

package fhirpath

const racing = true // sync.Pool drops items at random, so that allocations mean little
