package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Opcodes of RFC 6455, section 5.2.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// wire is a client that writes and reads its frames itself.
type wire struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader

	writing chan struct{} // holds one while a frame is written: time in a bubble stands still for a mutex

	mu     sync.Mutex
	texts  []string
	pings  int
	pongs  int
	mute   bool // answers no pings
	code   int  // of the server's close frame
	err    error
	resume chan struct{} // not nil: it reads nothing until it is closed
	slow   time.Duration // before each byte
	ended  chan struct{}
}

// opened is a client's answer to its opening request.
type opened struct {
	*wire
	status int
	header http.Header
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// open sends the opening request, with further header lines, and reads if it is
// accepted.
func open(t testing.TB, dial dialer, path string, header ...string) opened {
	t.Helper()
	conn, err := dial(context.Background(), "tcp", "fhir.example.org:80")
	require.NoError(t, err)
	var request bytes.Buffer
	fmt.Fprintf(&request, "GET %s HTTP/1.1\r\nHost: fhir.example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n", path)
	for _, line := range header {
		request.WriteString(line + "\r\n")
	}
	request.WriteString("\r\n")
	_, err = conn.Write(request.Bytes())
	require.NoError(t, err)
	w := &wire{t: t, conn: conn, in: bufio.NewReaderSize(conn, 512), ended: make(chan struct{}), writing: make(chan struct{}, 1)}
	t.Cleanup(func() {
		w.stopReading()()
		_ = conn.Close()
	})
	response, err := http.ReadResponse(w.in, &http.Request{Method: "GET"})
	require.NoError(t, err)
	if response.StatusCode != http.StatusSwitchingProtocols {
		_ = response.Body.Close()
		_ = conn.Close()
		return opened{nil, response.StatusCode, response.Header}
	}
	require.Equal(t, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", response.Header.Get("Sec-WebSocket-Accept"))
	go w.read()
	return opened{w, response.StatusCode, response.Header}
}

// frame writes a frame whose first byte is given.
func (w *wire) frame(first byte, payload []byte) {
	w.writing <- struct{}{}
	defer func() { <-w.writing }()
	head := []byte{first, 0}
	switch n := len(payload); {
	case n < 126:
		head[1] = byte(n)
	case n < 1<<16:
		head[1] = 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] = 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	head[1] |= 0x80
	head = append(head, 1, 2, 3, 4)
	for i, b := range payload {
		head = append(head, b^byte(i&3+1))
	}
	_, _ = w.conn.Write(head) // the server may have closed
}

func (w *wire) say(text string) { w.frame(0x80|opText, []byte(text)) }

func (w *wire) read() {
	defer close(w.ended)
	for {
		first, payload, err := w.next()
		w.mu.Lock()
		if err != nil {
			w.err = err
			w.mu.Unlock()
			_ = w.conn.Close()
			return
		}
		mute := w.mute
		switch first & 0xf {
		case opText:
			w.texts = append(w.texts, string(payload))
		case opPing:
			w.pings++
		case opPong:
			w.pongs++
		case opClose:
			w.code = int(binary.BigEndian.Uint16(payload))
		}
		w.mu.Unlock()
		switch {
		case first&0xf == opPing && !mute:
			w.frame(0x80|opPong, payload)
		case first&0xf == opClose:
			w.frame(0x80|opClose, payload)
			_ = w.conn.Close()
			return
		}
	}
}

var errFrame = errors.New("not a frame that a server may send")

func (w *wire) next() (first byte, payload []byte, err error) {
	w.pause()
	head := make([]byte, 2)
	if err := w.full(head); err != nil {
		return 0, nil, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 { // whole, not compressed, not masked
		return 0, nil, errFrame
	}
	n := uint64(head[1])
	switch n {
	case 126:
		size := make([]byte, 2)
		err = w.full(size)
		n = uint64(binary.BigEndian.Uint16(size))
	case 127:
		size := make([]byte, 8)
		err = w.full(size)
		n = binary.BigEndian.Uint64(size)
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	return head[0], payload, w.full(payload)
}

// full reads as fast as the client does.
func (w *wire) full(p []byte) error {
	w.mu.Lock()
	slow := w.slow
	w.mu.Unlock()
	if slow == 0 {
		_, err := io.ReadFull(w.in, p)
		return err
	}
	for i := range p {
		time.Sleep(slow)
		var err error
		if p[i], err = w.in.ReadByte(); err != nil {
			return err
		}
	}
	return nil
}

func (w *wire) pause() {
	w.mu.Lock()
	resume := w.resume
	w.mu.Unlock()
	if resume != nil {
		<-resume
	}
}

// stopReading stops after the frame that it waits for.
func (w *wire) stopReading() (resume func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resume == nil {
		w.resume = make(chan struct{})
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.resume != nil {
			close(w.resume)
			w.resume = nil
		}
	}
}

func (w *wire) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.texts...)
}

func (w *wire) closedWith() (code int, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.ended:
		return w.code, true
	default:
		return w.code, false
	}
}

func (w *wire) leave() {
	_ = w.conn.Close()
	<-w.ended
}

// at dials one address whatever it is asked for.
func (d dialer) at(address string) dialer {
	return func(ctx context.Context, network, _ string) (net.Conn, error) { return d(ctx, network, address) }
}
