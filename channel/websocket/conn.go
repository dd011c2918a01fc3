package websocket

import (
	"context"
	"net/http"
	"time"

	library "github.com/coder/websocket"
)

// conn is a connection as this package needs it, so that the library behind it is not
// known elsewhere. write, ping and close may be called at the same time as read.
type conn struct{ of *library.Conn }

// The close codes of RFC 6455, section 7.4.1, that this server sends.
type closeCode = library.StatusCode

const (
	goingAway       = library.StatusGoingAway
	unsupportedData = library.StatusUnsupportedData
	policyViolation = library.StatusPolicyViolation
)

// accept answers the opening handshake; if it can't, the client has been told. ping is
// called for each ping of the client; false ends the connection's answers to pings.
func accept(w http.ResponseWriter, r *http.Request, limit int, ping func() bool) (conn, error) {
	of, err := library.Accept(w, r, &library.AcceptOptions{
		InsecureSkipVerify: true, // the caller has looked at the origin
		CompressionMode:    library.CompressionDisabled,
		OnPingReceived:     func(context.Context, []byte) bool { return ping() },
	})
	if err != nil {
		return conn{}, err
	}
	of.SetReadLimit(int64(limit))
	return conn{of}, nil
}

// read returns the next text; isText is false for a binary message. A message that is
// too long ends the connection.
func (c conn) read() (message []byte, isText bool, err error) {
	kind, message, err := c.of.Read(context.Background())
	return message, kind == library.MessageText, err
}

// write sends a text whole, or ends the connection when ctx ends before.
func (c conn) write(ctx context.Context, text []byte) error {
	return c.of.Write(ctx, library.MessageText, text)
}

// writeWhole is write for one who cuts the connection when it takes too long.
func (c conn) writeWhole(text []byte) error {
	return c.of.Write(context.Background(), library.MessageText, text)
}

// ping returns when the client has answered: it has then got all that was written
// before.
func (c conn) ping(ctx context.Context) error { return c.of.Ping(ctx) }

// close says why and waits a moment for the client to agree.
func (c conn) close(code closeCode, reason string) { _ = c.of.Close(code, reason) }

// cut ends the connection without a word.
func (c conn) cut() { _ = c.of.CloseNow() }

// pongTimeout is how long a client may take to answer a ping.
const pongTimeout = 10 * time.Second
