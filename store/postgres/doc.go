// Package postgres is a subscription.Store in a PostgreSQL database, for hosts of many
// nodes and those whose resources are in PostgreSQL.
package postgres
