package websocket_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	library "github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/carillon-fhir/carillon/store/memory"
	"github.com/carillon-fhir/carillon/subscription"
)

// audience tells this test binary to be the clients of a benchmark instead.
const audience = "CARILLON_AUDIENCE"

func TestMain(m *testing.M) {
	if of := os.Getenv(audience); of != "" {
		listen(of)
		return
	}
	goleak.VerifyTestMain(m)
}

// listen opens as many connections to an address as it is told, sends on each the line
// that it reads for it, answers pings, and writes a line whenever as many texts more have
// arrived as there are connections. It ends with its input.
func listen(of string) {
	address, count, _ := strings.Cut(of, ",")
	n, _ := strconv.Atoi(count)
	said := bufio.NewScanner(os.Stdin)
	var texts atomic.Int64
	for range n {
		said.Scan()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Fprintf(conn, "GET /r4/ws HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", address)
		in := bufio.NewReaderSize(conn, 1024)
		if _, err := http.ReadResponse(in, nil); err != nil {
			fmt.Println(err)
			return
		}
		if said.Text() != "" {
			_, _ = conn.Write(append([]byte{0x81, 0x80 | byte(len(said.Text())), 0, 0, 0, 0}, said.Text()...))
		}
		go count1(conn, in, &texts)
	}
	go func() {
		said.Scan()
		os.Exit(0)
	}()
	fmt.Println("connected")
	for round := int64(1); ; round++ {
		for texts.Load() < round*int64(n) {
			time.Sleep(200 * time.Microsecond)
		}
		fmt.Println("round")
	}
}

func count1(conn net.Conn, in *bufio.Reader, texts *atomic.Int64) {
	for {
		head, err := in.Peek(2)
		if err != nil {
			return
		}
		op, n, skip := head[0]&0xf, int(head[1]), 2
		if n == 126 {
			if head, err = in.Peek(4); err != nil {
				return
			}
			n, skip = int(binary.BigEndian.Uint16(head[2:])), 4
		}
		_, _ = in.Discard(skip)
		if op == opPing {
			payload := make([]byte, n)
			_, _ = io.ReadFull(in, payload)
			_, _ = conn.Write(append([]byte{0x8a, 0x80 | byte(n), 0, 0, 0, 0}, payload...))
			continue
		}
		if _, err := in.Discard(n); err != nil {
			return
		}
		if op == opText {
			texts.Add(1)
		}
	}
}

// clients is the other process.
type clients struct {
	b   *testing.B
	in  io.WriteCloser
	out *bufio.Scanner
	cmd *exec.Cmd
}

func hire(b *testing.B, address string, texts []string) *clients {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%d", audience, address, len(texts)))
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	c := &clients{b, in, bufio.NewScanner(out), cmd}
	_, err = io.WriteString(in, strings.Join(texts, "\n")+"\n")
	require.NoError(b, err)
	c.wait("connected")
	return c
}

func (c *clients) wait(line string) {
	c.b.Helper()
	require.True(c.b, c.out.Scan())
	require.Equal(c.b, line, c.out.Text())
}

func (c *clients) end() {
	_ = c.in.Close()
	_ = c.cmd.Wait()
}

const fanout = 10_000

// BenchmarkFanout: one event, until all of 10,000 connections have received it. one: of
// one Subscription, so that it is made once; each: of a Subscription each; bare: a loop
// over the library's connections that writes the same bytes.
func BenchmarkFanout(b *testing.B) {
	b.Run("bare", benchmarkBare)
	b.Run("one", func(b *testing.B) { benchmarkEngine(b, 1) })
	b.Run("each", func(b *testing.B) { benchmarkEngine(b, fanout) })
}

func benchmarkBare(b *testing.B) {
	var mu sync.Mutex
	var all []*library.Conn
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := library.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		mu.Lock()
		all = append(all, conn)
		mu.Unlock()
		for err == nil {
			_, _, err = conn.Read(context.Background())
		}
	}))
	before := heap()
	c := hire(b, web.Listener.Addr().String(), make([]string, fanout))
	for ready := false; !ready; time.Sleep(time.Millisecond) {
		mu.Lock()
		ready = len(all) == fanout
		mu.Unlock()
	}
	idle := (heap() - before) / fanout
	text := []byte(strings.Repeat("x", 1024))
	for b.Loop() {
		var work sync.WaitGroup
		for w := range 4 {
			work.Go(func() {
				for i := w; i < len(all); i += 4 {
					if err := all[i].Write(context.Background(), library.MessageText, text); err != nil {
						b.Error(err)
					}
				}
			})
		}
		work.Wait()
		c.wait("round")
	}
	b.ReportMetric(float64(idle), "idle-B/conn")
	c.end()
	web.CloseClientConnections()
	web.Close()
}

func benchmarkEngine(b *testing.B, subscriptions int) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	n := begin(b, memory.New(), settings{name: "a", listener: listener, engine: func(*subscription.Config) {}}, func(s *settings) { s.websocket.BindTimeout = time.Hour })
	ids := make([]string, subscriptions)
	for i := range ids {
		ids[i] = n.subscribe()
	}
	texts := make([]string, fanout)
	for i := range texts {
		texts[i] = "bind-with-token " + n.token(ids[i%subscriptions])
	}
	runtime.GC()
	before := heap()
	c := hire(b, listener.Addr().String(), texts)
	c.wait("round") // the handshakes
	idle := (heap() - before) / fanout
	version, padding := 0, strings.Repeat("x", 200)
	for b.Loop() {
		version++
		n.writeText(version, padding)
		c.wait("round")
	}
	b.ReportMetric(float64(idle), "idle-B/conn")
	c.end()
	n.stop()
}
