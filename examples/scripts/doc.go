// Package scripts holds subscribers in other languages, each in one file without any
// library, and the test that runs them against examples/server:
//
//	go run ./examples/server -allow-private
//	python3 examples/scripts/subscriber.py http://127.0.0.1:8080/fhir
//	node examples/scripts/subscriber.mjs http://127.0.0.1:8080/fhir
package scripts
