// Package workbench is the playground's backend: one FHIR server that is worked with, the
// endpoints hosted for its Subscriptions, changes that run, the status of Subscriptions as
// it changes, and the HTTP API of the page.
//
//	bench, err := workbench.New(workbench.Config{BuiltIn: base, Host: host, Feed: events})
//	defer bench.Close()
//	mux.Handle("/api/", bench)
//	http.Serve(listener, workbench.Guard(mux))
//
// It is a tool for one person on one machine: all pages that are open share it, nothing is
// kept when the process ends, and Guard refuses what does not come from that machine's own
// browser.
package workbench
