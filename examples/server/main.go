// Command server is the reference host: a FHIR server, of R4, R4B or R5, whose clients can subscribe.
//
//	go run ./examples/server -store sqlite:fhir.db -allow-private
//
// It serves the FHIR API at /fhir and websockets at /fhir/ws, prints where when it is ready, and on SIGTERM or
// SIGINT ends the requests and deliveries under way and exits.
//
// The operators' console is at /console, beside the base; as everything here, it is open to
// everybody who gets through. With -tenant-header there is none, as it shows all tenants.
//
// Several of them may share a PostgreSQL database, behind one address. Each has a name
// of its own, and all the same topics and -base-url:
//
//	createdb fhir
//	server -store 'postgres:dbname=fhir' -node n1 -addr 127.0.0.1:8081 -base-url http://fhir.example.org/fhir
//	server -store 'postgres:dbname=fhir' -node n2 -addr 127.0.0.1:8082 -base-url http://fhir.example.org/fhir
//	server -store 'postgres:dbname=fhir' -node n3 -addr 127.0.0.1:8083 -base-url http://fhir.example.org/fhir
//
// Any of them takes any request, and any delivers. One that dies is replaced when its
// leases have run out (-lease), one that is started again under its name goes on at
// once. A password has its place in PGPASSWORD or ~/.pgpass, not on the command line.
//
// With -smtp, Subscriptions may have the channel email:
//
//	SMTP_FROM='FHIR server <fhir@example.org>' SMTP_USERNAME=fhir SMTP_PASSWORD=... \
//		server -smtp smtp.example.org:587 -base-url https://fhir.example.org/fhir
//
// Mails go over TLS only: by STARTTLS, or from the beginning at port 465. Whoever is
// written to is asked first, and answers at /confirm beside the base, so that has to
// lead here, too.
//
// With -metrics it serves what Prometheus asks for at /metrics beside the base;
// docs/monitoring has a dashboard and alerts for them. The same server with traces is
// examples/tracing, a module of its own.
//
// At an address that only this machine reaches, as it is by default, requests by a name
// that is neither localhost nor that of -base-url are refused: a page of the web could have
// made it lead here.
//
// The tests start a PostgreSQL of their own from the machine's binaries, or take the
// server whose DSN is in CARILLON_TEST_POSTGRES; without either they skip.
package main

import (
	"context"
	"io"

	"github.com/carillon-fhir/carillon/examples/host"
	"github.com/carillon-fhir/carillon/examples/server/fhirserver"
)

func main() { host.Main(run) }

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, addr, err := fhirserver.ParseFlags("server", args, stderr)
	if err != nil {
		return err
	}
	return fhirserver.ListenAndServe(ctx, addr, stdout, cfg)
}
