// Package bare holds ceilings: the cheapest honest way to do what the engine does, made
// of bare loops without retries, filters, tenants, checks or choices. They are there to be
// compared with, on the same machine and in the same minute, and are no product.
//
// Pipeline is the whole way of a change: a parse, a look-up in a Go map, a durable record
// of the change and of what is to be delivered, a POST, and a durable acknowledgement.
// Its Log is a Go map, SQLite, or PostgreSQL.
package bare
