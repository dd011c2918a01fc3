package egress

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
)

// frames keeps from the transport what it would print with the program's global log
// for as often as an endpoint likes: frames of types that it doesn't know, which it
// should pass over (RFC 9113, 5.5), and what isn't HTTP/2 at all.
//
// Failure policy: for DATA that may not come where it comes, the transport prints a
// sentence of its own, once for a request or connection, and with nothing of the
// endpoint's.
type frames struct {
	*tls.Conn
	tenant  *tenant
	in      *bufio.Reader
	begun   bool
	header  [frameHeader]byte
	waiting []byte // what of header the transport has yet to read
	left    int    // and of the payload behind it
}

const (
	frameHeader   = 9
	maxFrame      = 16 << 10 // the transport asks for no larger ones
	settingsFrame = 4
	lastFrame     = 9 // CONTINUATION
)

func newFrames(c *tls.Conn, t *tenant) *frames {
	f := &frames{Conn: c, tenant: t, in: bufio.NewReaderSize(c, 4<<10)}
	t.opened(f)
	return f
}

// Close is called by the transport, also for a connection that failed.
func (f *frames) Close() error {
	f.tenant.closed(f)
	return f.Conn.Close()
}

// Read is called by the transport's reader alone.
func (f *frames) Read(p []byte) (int, error) {
	if len(f.waiting) == 0 && f.left == 0 {
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if len(f.waiting) > 0 {
		n := copy(p, f.waiting)
		f.waiting = f.waiting[n:]
		return n, nil
	}
	n, err := f.in.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}

// next reads the header of the next frame that the transport knows.
func (f *frames) next() error {
	for {
		if _, err := io.ReadFull(f.in, f.header[:]); err != nil {
			return err
		}
		length := int(f.header[0])<<16 | int(f.header[1])<<8 | int(f.header[2])
		kind := f.header[3]
		if length > maxFrame || !f.begun && kind != settingsFrame {
			return errClosed
		}
		f.begun = true
		if kind <= lastFrame {
			f.waiting, f.left = f.header[:], length
			return nil
		}
		if _, err := f.in.Discard(length); err != nil {
			return err
		}
	}
}

// guardFrames has the tenant's new transport read HTTP/2 through frames, or reports
// false if it can't be had to, as that of another release of Go might.
func (t *tenant) guardFrames() bool {
	t.transport.CloseIdleConnections() // there are none, but the transport sets itself up
	plain := t.transport.TLSNextProto["unencrypted_http2"]
	if plain == nil {
		return false
	}
	t.transport.TLSNextProto["h2"] = func(authority string, secure *tls.Conn) http.RoundTripper {
		return plain(authority, tls.Client(decrypted{newFrames(secure, t)}, nil))
	}
	return true
}

// decrypted hands a connection over that the transport needn't encrypt: its own way
// to do so, since what takes it wants a tls.Conn.
type decrypted struct{ net.Conn }

func (d decrypted) UnencryptedNetConn() net.Conn { return d.Conn }
