package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseDeclarations(t *testing.T) {
	got, err := parseDeclarations(`// a comment
export as namespace fhir4;

/**
 * Says what it is.
 */
export interface Bundle<T extends Resource = Resource> extends Resource {
  /** Resource Type Name (for serialization) */
  readonly resourceType: 'Bundle';
  /**
   * A comment may look like a property:
  wrong: string;

   */
  type: ('document'|'message');
  _type?: Element | undefined;
  entry?: BundleEntry<T>[] | undefined;
  resource?: T | undefined;
}
export interface Resource {
  readonly resourceType: string;
  resourceType?: string | undefined;
}
export type FhirResource =
  Account |
  Bundle;
`)
	require.NoError(t, err)
	require.Equal(t, []*declaration{
		{"Bundle", "Resource", []field{{"type", "literal", false}, {"entry", "BundleEntry", true}, {"resource", "Resource", false}}},
		{"Resource", "", []field{{"resourceType", "string", false}}},
	}, got)
}

func TestParseDeclarationsRefusesNewForms(t *testing.T) {
	for _, line := range []string{"  a: string", "  get a(): string;", "  [key: string]: unknown;"} {
		_, err := parseDeclarations("export interface A {\n" + line + "\n}\n")
		require.ErrorContains(t, err, "line 2: not a property of A", line)
	}
}
