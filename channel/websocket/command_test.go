package websocket

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// spec: CH-WS-02, CH-WS-12, CLS-10
func TestCommands(t *testing.T) { // CH-WS-02, CLS-10
	for text, want := range map[string]command{
		"bind-with-token wst-7f1c2a":      {bindToken, "wst-7f1c2a", false},
		"bind-with-token: wst-7f1c2a":     {bindToken, "wst-7f1c2a", false},
		" bind-with-token  wst-7f1c2a \n": {bindToken, "wst-7f1c2a", false},
		"unbind-from-token x":             {unbindToken, "x", false},
		"bind sub-17":                     {bindIDs, "sub-17", false},
		"bind sub-17,sub-18":              {bindIDs, "sub-17,sub-18", false},
		"unbind sub-17":                   {unbindIDs, "sub-17", false},
		"ping":                            {ping, "", false},
		`{"type":"ping"}`:                 {ping, "", true},
		`{"type":"bind-with-token","payload":{"token":"x"}}`:             {bindToken, "x", true},
		`{"payload":{"token":"x"},"type":"unbind-from-token","more":[]}`: {unbindToken, "x", true},
	} {
		got, err := parse([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "bind", "bind-with-token", "bind-with-token a b", "hello x", "ping x", "PING", `{"type":"bind","payload":{"token":"x"}}`, `{"type":"ping"} x`, "[]", "{"} {
		_, err := parse([]byte(text))
		require.ErrorIs(t, err, errCommand, text)
	}
}

func FuzzCommand(f *testing.F) {
	for _, text := range []string{"bind-with-token x", "bind-with-token: x", "bind a,b", "unbind a", "ping", `{"type":"ping"}`, `{"type":"bind-with-token","payload":{"token":"x"}}`, "{", "\x00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parse(text)
		if err != nil {
			require.Equal(t, command{}, c)
			return
		}
		require.NotZero(t, c.verb)
		require.Equal(t, c.verb == ping, c.value == "")
		require.False(t, strings.ContainsAny(c.value, " \r\n\t"))
	})
}
