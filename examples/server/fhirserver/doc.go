// Package fhirserver is a small FHIR server, of R4, R4B or R5, with the subscriptions engine inside:
// the reference host. Read it to see what a host does:
//
//   - package host opens a database with the engine's store beside the
//     server's own tables, and makes the channels, by which subscribers are told;
//   - server.go makes the engine, and mounts the engine's handler for
//     Subscriptions;
//   - txn.go calls the engine's hook in the transaction that writes a resource, so
//     that a change and its events become true together;
//   - capability.go merges what the engine says of itself into the
//     CapabilityStatement;
//   - offer.go shows the topics to clients as resources: Basic in R4, else
//     SubscriptionTopic.
//
// All else is the FHIR REST API: create, read, vread, update, patch (JSON Patch),
// delete, their conditional forms, search, history, batch and transaction. A search
// looks at every resource of its type, which is honest and slow; a production server
// brings its own.
//
// The resources are in one SQLite file, which is one process's, or in a PostgreSQL
// database, which any number may share: each with a Config.Node of its own, and all
// with the same topics and BaseURL. There, writers of one resource wait for each other
// (database.go), and so do those that write by criteria, for a whole type; a
// transaction that meets another's is tried again. Nodes have clocks of their own, and
// transactions end in another order than they begin: a client that polls a history by
// _since should begin a little before the newest meta.lastUpdated that it has seen.
//
//	server, err := fhirserver.Open(ctx, fhirserver.Config{Config: host.Config{
//		BaseURL: "http://127.0.0.1:8080/fhir",
//		Store:   "sqlite:fhir.db",
//		Topics:  topics,
//	}})
//	if err != nil {
//		return err
//	}
//	defer server.Close()
//	go http.ListenAndServe("127.0.0.1:8080", server.Handler())
//	return server.Run(ctx)
//
// There is no authentication: whoever reaches the server may do everything.
package fhirserver
