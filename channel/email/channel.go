package email

import (
	"errors"
	"net/mail"
	"strings"

	"github.com/carillon-fhir/carillon/subscription"
)

// Channel sends notifications as mails. It implements subscription.Confirmer; all
// methods may be called from several goroutines at once. Make one with New.
type Channel struct {
	config    Config
	from      *mail.Address
	trusted   map[string]bool
	templates Templates
	notices   *limiter // of mails to one address
	questions *limiter // of those that ask a stranger
	pool      *pool
}

var _ subscription.Confirmer = (*Channel)(nil)

// confirmationsPerAddress is how often in an hour a stranger may be asked.
const confirmationsPerAddress = 3

// New returns a Channel, or everything that is wrong with the configuration. It opens
// nothing and starts nothing.
func New(config Config) (*Channel, error) {
	config, err := config.complete()
	templates, templateErr := config.Templates.complete()
	if err := errors.Join(err, templateErr); err != nil {
		return nil, err
	}
	from, _ := parseFrom(config.From) // checked by complete
	c := &Channel{
		config: config, from: from, templates: templates, trusted: map[string]bool{},
		notices: newLimiter(config.PerAddress), questions: newLimiter(confirmationsPerAddress),
		pool: newPool(config),
	}
	for _, trusted := range config.Trusted {
		c.trusted[strings.ToLower(trusted)] = true
	}
	return c, nil
}

// Type returns "email".
func (c *Channel) Type() string { return "email" }

// NeedsConfirmation implements subscription.Confirmer: everybody is asked who is not
// among Config.Trusted.
func (c *Channel) NeedsConfirmation(t subscription.Target) bool {
	address, problem := parseEndpoint(t.Endpoint)
	return problem != "" || !c.trusts(address)
}

func (c *Channel) trusts(address string) bool {
	address = strings.ToLower(address)
	return c.trusted[address] || c.trusted[address[strings.IndexByte(address, '@'):]]
}

// Close says goodbye on the connections that wait for the next attempt, within a
// second. An attempt that is under way goes on, and the channel may be used again.
func (c *Channel) Close() error {
	c.pool.close()
	return nil
}
