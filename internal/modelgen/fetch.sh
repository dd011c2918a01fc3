#!/bin/sh
# Brings the inputs of modelgen into a folder:
#
#	internal/modelgen/fetch.sh DIR
#
# DIR/fhirpath is npm's fhirpath, DIR/declaration is npm's @types/fhir, both unpacked.
set -eu
dir=${1:?usage: fetch.sh DIR}
mkdir -p "$dir/fhirpath" "$dir/declaration"
cd "$dir"
tar -xzf "$(npm pack --silent fhirpath@5.1.1)" -C fhirpath --strip-components=1
tar -xzf "$(npm pack --silent @types/fhir@0.0.44)" -C declaration --strip-components=1
