// Package remote is the FHIR server that the playground talks to: its own or another's.
// It makes requests and remembers them, says what the server can do, puts its topics into
// words, and writes what was done as a file of HTTP requests.
//
//	server, err := remote.New(remote.Config{BaseURL: "http://127.0.0.1:8090/fhir", Feed: events})
//	answer, err := server.Do(ctx, remote.Request{Method: "GET", Path: "Subscription"})
//	topics, err := server.Topics(ctx)
//	os.WriteFile("requests.http", server.Export(), 0o600)
package remote
