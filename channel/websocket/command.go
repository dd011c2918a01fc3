package websocket

import (
	"encoding/json"
	"errors"
	"strings"
)

// command is what a client says in one text.
type command struct {
	verb  verb
	value string // a token, or ids of Subscriptions
	json  bool   // it speaks Medplum's JSON, and is answered so
}

type verb uint8

const (
	bindToken verb = iota + 1
	unbindToken
	bindIDs
	unbindIDs
	ping
)

var verbs = map[string]verb{
	"bind-with-token": bindToken, "unbind-from-token": unbindToken,
	"bind": bindIDs, "unbind": unbindIDs, "ping": ping,
}

var errCommand = errors.New("websocket: not understood")

// parse reads a text: the guide's "bind-with-token TOKEN", with or without the colon of
// one of its diagrams, "bind ID" of classic Subscriptions, or JSON as Medplum's clients
// send it (CH-WS-02, CLS-10; interop 2).
func parse(text []byte) (command, error) {
	said := strings.TrimSpace(string(text))
	var c command
	var name string
	if strings.HasPrefix(said, "{") {
		var message struct {
			Type    string `json:"type"`
			Payload struct {
				Token string `json:"token"`
			} `json:"payload"`
		}
		if json.Unmarshal([]byte(said), &message) != nil {
			return command{}, errCommand
		}
		name, c.value, c.json = message.Type, message.Payload.Token, true
	} else {
		name, c.value, _ = strings.Cut(said, " ")
		name, c.value = strings.TrimSuffix(name, ":"), strings.TrimSpace(c.value)
	}
	c.verb = verbs[name]
	isIDs := c.verb == bindIDs || c.verb == unbindIDs
	if c.verb == 0 || (c.verb == ping) != (c.value == "") || strings.ContainsAny(c.value, " \t\r\n") || c.json && isIDs {
		return command{}, errCommand
	}
	return c, nil
}
