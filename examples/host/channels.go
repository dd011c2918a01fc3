package host

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/channel/email"
	"github.com/carillon-fhir/carillon/channel/message"
	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/channel/websocket"
	"github.com/carillon-fhir/carillon/subscription"
)

// SocketPath is where subscribers connect, below the FHIR base.
const SocketPath = "ws"

// Channels are rest-hook, message, websocket and, with a mail server, email.
type Channels struct {
	List    []subscription.Channel
	Sockets *websocket.Channel

	confirm string // path of the page of those who are mailed; "" without mail
}

// OpenChannels makes the channels. tenant is websocket.Config's; nil: there are no tenants.
func (c Config) OpenChannels(tenant func(*http.Request) string) (*Channels, error) {
	messages, err := message.New(message.Config{Source: c.BaseURL, HTTP: c.egress()})
	if err != nil {
		return nil, err
	}
	sockets, err := websocket.New(websocket.Config{URL: "ws" + strings.TrimPrefix(c.BaseURL, "http") + "/" + SocketPath, Tenant: tenant})
	if err != nil {
		return nil, err
	}
	out := &Channels{List: []subscription.Channel{resthook.New(c.egress()), messages, sockets}, Sockets: sockets}
	if c.Mail.Server == "" {
		return out, nil
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, errors.New("host: BaseURL can't be read")
	}
	mails, err := email.New(c.mail(base))
	if err != nil {
		return nil, err
	}
	out.List = append(out.List, mails)
	out.confirm = path.Join(path.Dir(strings.TrimRight(base.EscapedPath(), "/")), confirmPath)
	return out, nil
}

// Close closes those that hold connections.
func (c *Channels) Close() error {
	if c == nil {
		return nil
	}
	var errs []error
	for _, channel := range c.List {
		if closer, ok := channel.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}

// confirmPath is where receivers of mails confirm, beside the base's last segment.
const confirmPath = "/confirm"

// ServeConfirmation serves the page of receivers of mails, if the request is for it.
func (c *Channels) ServeConfirmation(e *subscription.Engine, w http.ResponseWriter, r *http.Request) (served bool) {
	if c.confirm == "" || r.URL.Path != c.confirm {
		return false
	}
	email.Handler(e).ServeHTTP(w, r)
	return true
}

// mail returns Mail with what the base says to it.
func (c Config) mail(base *url.URL) email.Config {
	out := c.Mail
	if out.From == "" {
		out.From = "fhir@" + base.Hostname()
	}
	if out.ConfirmationURL == "" {
		out.ConfirmationURL = base.JoinPath("..", confirmPath).String()
	}
	out.InsecureAllowClearText = out.InsecureAllowClearText || c.AllowPrivate
	return out
}

// egress returns what AllowPrivate says to channels that send over HTTP.
func (c Config) egress() egress.Config {
	if !c.AllowPrivate {
		return egress.Config{}
	}
	out := egress.Config{InsecureAllowHTTP: true}
	for _, network := range []string{"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"} {
		out.AllowNetworks = append(out.AllowNetworks, netip.MustParsePrefix(network))
	}
	return out
}
