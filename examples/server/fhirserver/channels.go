package fhirserver

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

// socketPath is where subscribers connect, below the base.
const socketPath = "ws"

// openChannels makes the channels that Subscriptions may name.
func (s *Server) openChannels() error {
	messages, err := message.New(message.Config{Source: s.cfg.BaseURL, HTTP: s.cfg.egress()})
	if err != nil {
		return err
	}
	s.sockets, err = websocket.New(websocket.Config{URL: "ws" + strings.TrimPrefix(s.cfg.BaseURL, "http") + "/" + socketPath, Tenant: s.tenant})
	if err != nil {
		return err
	}
	s.channels = []subscription.Channel{resthook.New(s.cfg.egress()), messages, s.sockets}
	if s.cfg.Mail.Server == "" {
		return nil
	}
	mails, err := email.New(s.cfg.mail())
	if err != nil {
		return err
	}
	s.channels = append(s.channels, mails)
	return nil
}

// closeChannels closes those that hold connections.
func (s *Server) closeChannels() error {
	var errs []error
	for _, channel := range s.channels {
		if closer, ok := channel.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}

// confirmPath is where receivers of mails confirm, beside the base's last segment.
const confirmPath = "/confirm"

// mail returns Mail with what the base says to it.
func (c Config) mail() email.Config {
	out := c.Mail
	base, err := url.Parse(c.BaseURL)
	if err != nil { // complete has parsed it
		return out
	}
	if out.From == "" {
		out.From = "fhir@" + base.Hostname()
	}
	if out.ConfirmationURL == "" {
		out.ConfirmationURL = base.JoinPath("..", confirmPath).String()
	}
	out.InsecureAllowClearText = out.InsecureAllowClearText || c.AllowPrivate
	return out
}

// confirms serves the page of receivers, if the request is for it.
func (s *Server) confirms(w http.ResponseWriter, r *http.Request) bool {
	if s.cfg.Mail.Server == "" || r.URL.Path != path.Join(path.Dir(s.basePath), confirmPath) {
		return false
	}
	email.Handler(s.engine).ServeHTTP(w, r)
	return true
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
