package egress

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// exchange watches one POST.
type exchange struct {
	trace  httptrace.ClientTrace
	body   bytes.Reader
	done   <-chan struct{} // of the request
	conns  int             // asked for so far
	used   *conn
	number int64 // of the request on its connection
}

// watch returns the context of the request.
func (x *exchange) watch(ctx context.Context) context.Context {
	x.done = ctx.Done()
	x.trace = httptrace.ClientTrace{GetConn: x.getConn, GotConn: x.gotConn, PutIdleConn: x.putIdleConn}
	return httptrace.WithClientTrace(ctx, &x.trace)
}

// getConn slows down a request that is given one connection after the other, none of
// which takes it: the transport goes on without a pause until the attempt's time is
// up, whether the endpoint closes each at once or others keep them busy.
func (x *exchange) getConn(string) {
	const free, first, most = 4, 5 * time.Millisecond, time.Second
	if x.conns++; x.conns <= free {
		return
	}
	pause := time.NewTimer(min(first<<min(x.conns-free, 10), most))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-x.done:
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

// Answer is what an endpoint answered with success.
type Answer struct {
	Status      int    // from 200 to 299
	ContentType string // the header as it came; "" if there is none
	Body        []byte // all of it, at most 64 KiB
}

// readAll returns the body of an answer that is no longer than it may be.
func readAll(body io.Reader) ([]byte, error) {
	all, err := io.ReadAll(io.LimitReader(body, maxResponseBytes+1))
	if err != nil {
		return nil, classify(err)
	}
	if len(all) > maxResponseBytes {
		return nil, errOther
	}
	return all, nil
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
