package fhirserver

import (
	"errors"
	"io"
	"net/netip"

	"github.com/carillon-fhir/carillon/channel/egress"
	"github.com/carillon-fhir/carillon/channel/message"
	"github.com/carillon-fhir/carillon/channel/resthook"
	"github.com/carillon-fhir/carillon/subscription"
)

// openChannels makes the channels that Subscriptions may name.
func (s *Server) openChannels() error {
	messages, err := message.New(message.Config{Source: s.cfg.BaseURL, HTTP: s.cfg.egress()})
	if err != nil {
		return err
	}
	s.channels = []subscription.Channel{resthook.New(s.cfg.egress()), messages}
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
