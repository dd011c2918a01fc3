package opentelemetry_test

import _ "embed"

// documentation is where the metrics are listed.
//
//go:embed doc.go
var documentation string
