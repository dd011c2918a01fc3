package host

import (
	"errors"
	"flag"
	"os"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/examples/server/topics"
	"github.com/carillon-fhir/carillon/fhirpath"
)

// Flags are those that all hosts have, and what they come to. The zero value is ready for
// Add; Complete reads what Add can't.
type Flags struct {
	Config
	Addr string // to listen on

	release, statusRelease, folder, classic, retry string
}

// allTypes is what -classic has for all resource types.
const allTypes = "Resource"

// Add defines the flags. classic is the default of -classic.
func (f *Flags) Add(flags *flag.FlagSet, classic string) {
	flags.StringVar(&f.Addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes a free one")
	flags.StringVar(&f.BaseURL, "base-url", "", "FHIR base `URL` as clients know it, the same for all nodes (default: from -addr, with the path /fhir)")
	flags.StringVar(&f.release, "release", "R4", "FHIR `release` of the resources: R4, R4B or R5")
	flags.StringVar(&f.statusRelease, "status-release", "", "`release` in whose form notifications tell the status: R4B on an R4 server, for clients such as Medplum's (default: -release)")
	flags.StringVar(&f.Store, "store", "memory", "`store`: memory, sqlite:FILE, or postgres:DSN, which many nodes may share; a DSN is a URL or host=... dbname=...")
	flags.StringVar(&f.folder, "topics", "", "`folder` of topics (*.json) to add to those shipped, or to replace them by url")
	flags.BoolVar(&f.AllowPrivate, "allow-private", false, "allow http endpoints and endpoints at loopback and private addresses (development only)")
	flags.StringVar(&f.classic, "classic", classic, "resource `types`, with commas, for which Subscriptions may have query criteria, in R4 and R4B; "+allTypes+" stands for all, an empty list for none: every create and update of these types is recorded")
	flags.StringVar(&f.Node, "node", "", "`name` of this process among those that share the store (default: the host's); a restart under it takes its leases back at once")
	flags.StringVar(&f.Mail.Server, "smtp", "", "`host:port` of the server that takes mails for Subscriptions by email, over TLS (with -allow-private, STARTTLS if it offers it)")
	flags.BoolVar(&f.Metrics, "metrics", false, "serve metrics for Prometheus at /metrics, to whoever reaches the address")
	flags.StringVar(&f.retry, "retry", "", "`waits` between attempts to deliver, such as 1s,2s,5s; after the last the status is error")
	flags.DurationVar(&f.Lease, "lease", 60*time.Second, "how long a silent node keeps its work; an attempt to deliver may take half of it, at most 30s")
	flags.DurationVar(&f.MinHeartbeat, "min-heartbeat", time.Second, "shortest heartbeat; a shorter heartbeatPeriod is raised to it")
	flags.DurationVar(&f.HandshakeDelay, "handshake-delay", 0, "wait before a new Subscription's handshake")
}

// Complete reads what was parsed, the variables SMTP_FROM, SMTP_USERNAME and
// SMTP_PASSWORD, and the topics.
func (f *Flags) Complete(flags *flag.FlagSet) (err error) {
	if flags.NArg() > 0 {
		return errors.New("host: there are arguments that are no flags")
	}
	if f.statusRelease != "" {
		if f.StatusRelease, err = fhirpath.ParseRelease(f.statusRelease); err != nil {
			return err
		}
	}
	f.Mail.ImplicitTLS = strings.HasSuffix(f.Mail.Server, ":465")
	f.Mail.From, f.Mail.Username, f.Mail.Password = os.Getenv("SMTP_FROM"), os.Getenv("SMTP_USERNAME"), os.Getenv("SMTP_PASSWORD")
	if f.Release, err = fhirpath.ParseRelease(f.release); err != nil {
		return err
	}
	if f.classic != "" && (f.Release != fhirpath.R5 || f.classic != allTypes) {
		f.Classic = strings.Split(f.classic, ",")
	}
	if f.retry != "" {
		for wait := range strings.SplitSeq(f.retry, ",") {
			d, err := time.ParseDuration(strings.TrimSpace(wait))
			if err != nil || d <= 0 {
				return errors.New("host: -retry must be a list of durations such as 1s,2s,5s")
			}
			f.Retry = append(f.Retry, d)
		}
	}
	if f.folder == "" {
		f.Topics, err = topics.Shipped(f.Release)
	} else {
		f.Topics, err = topics.WithFolder(f.Release, f.folder)
	}
	return err
}
