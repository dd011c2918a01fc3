package resthook

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// maxConns is the number of connections that one POST is tried on, all but the last
// of which failed before anything was sent or taken.
const maxConns = 8

// exchange watches one POST.
type exchange struct {
	trace  httptrace.ClientTrace
	cancel context.CancelFunc // ends the request
	conns  int
	used   *conn
	number int64 // of the request on its connection
}

// watch returns the context of the request.
func (x *exchange) watch(ctx context.Context) context.Context {
	x.trace = httptrace.ClientTrace{GetConn: x.getConn, GotConn: x.gotConn, PutIdleConn: x.putIdleConn}
	return httptrace.WithClientTrace(ctx, &x.trace)
}

// getConn keeps an endpoint that closes each connection at once from being called
// again and again until the attempt's time is up.
func (x *exchange) getConn(string) {
	if x.conns++; x.conns > maxConns {
		x.cancel()
	}
}

func (x *exchange) gotConn(info httptrace.GotConnInfo) {
	if x.used, _ = info.Conn.(*conn); x.used != nil { // HTTP/1
		x.number = x.used.given.Add(1)
	}
}

// putIdleConn lets the connection know when its response has been read to the end,
// so that what comes then is unasked for.
func (x *exchange) putIdleConn(error) {
	if x.used != nil {
		x.used.answered.Store(x.number)
	}
}

// drain reads the body to its end, if that is near, so that the connection can be
// used again. The answer has been given with the status: what the body holds, or
// whether it comes at all, doesn't matter.
func drain(body io.ReadCloser) {
	if body != http.NoBody {
		buffer := buffers.Get().(*[drainBuffer]byte)
		for read := 0; read < maxResponseBytes; {
			n, err := body.Read(buffer[:min(drainBuffer, maxResponseBytes-read)])
			if read += n; err != nil {
				break
			}
		}
		buffers.Put(buffer)
	}
	_ = body.Close()
}

const drainBuffer = 8 << 10

var buffers = sync.Pool{New: func() any { return new([drainBuffer]byte) }}
