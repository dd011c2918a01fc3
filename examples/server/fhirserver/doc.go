// Package fhirserver is a small FHIR R4 server with the subscriptions engine inside:
// the reference host. Read it to see what a host does:
//
//   - server.go makes the store, the channel and the engine, and mounts the engine's
//     handler for Subscriptions;
//   - txn.go calls the engine's hook in the transaction that writes a resource, so
//     that a change and its events become true together;
//   - capability.go merges what the engine says of itself into the
//     CapabilityStatement;
//   - offer.go shows the topics to clients as Basic resources.
//
// All else is the FHIR REST API over one SQLite file: create, read, vread, update,
// patch (JSON Patch), delete, their conditional forms, search, history, batch and
// transaction. A search looks at every resource of its type, which is honest and
// slow; a production server brings its own.
//
//	server, err := fhirserver.Open(ctx, fhirserver.Config{
//		BaseURL: "http://127.0.0.1:8080/fhir",
//		Store:   "sqlite:fhir.db",
//		Topics:  topics,
//	})
//	if err != nil {
//		return err
//	}
//	defer server.Close()
//	go http.ListenAndServe("127.0.0.1:8080", server.Handler())
//	return server.Run(ctx)
//
// There is no authentication: whoever reaches the server may do everything.
package fhirserver
