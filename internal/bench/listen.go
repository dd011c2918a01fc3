package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// audienceOf tells this program, in its environment, to be the clients of websockets
// instead: at which address, and how many.
const audienceOf = "CARILLON_BENCH_AUDIENCE"

// listen opens the connections, says on each the line that it reads for it, answers
// pings, and writes a line with their bytes whenever as many texts more have arrived as
// there are connections. It ends with its input.
func listen(of string) error {
	address, count, _ := strings.Cut(of, ",")
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	said := bufio.NewScanner(os.Stdin)
	var texts, bytes atomic.Int64
	for range n {
		said.Scan()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: Y2FyaWxsb24gYmVuY2ggMQ==\r\nSec-WebSocket-Version: 13\r\n\r\n", address)
		in := bufio.NewReaderSize(conn, 1024)
		if _, err := http.ReadResponse(in, nil); err != nil {
			return err
		}
		if line := said.Text(); line != "" {
			if _, err := conn.Write(append([]byte{0x81, 0x80 | byte(len(line)), 0, 0, 0, 0}, line...)); err != nil {
				return err
			}
		}
		go hear(conn, in, &texts, &bytes)
	}
	ended := make(chan struct{})
	go func() {
		for said.Scan() {
		}
		close(ended)
	}()
	fmt.Println("connected")
	for round, before := int64(1), int64(0); ; round++ {
		for texts.Load() < round*int64(n) {
			select {
			case <-ended:
				return nil
			case <-time.After(200 * time.Microsecond):
			}
		}
		all := bytes.Load()
		fmt.Println(all - before)
		before = all
	}
}

// Opcodes of frames.
const (
	opText = 0x1
	opPing = 0x9
)

// hear counts the texts of a connection. None is longer than 64 KB.
func hear(conn net.Conn, in *bufio.Reader, texts, bytes *atomic.Int64) {
	for {
		head, err := in.Peek(2)
		if err != nil {
			return
		}
		op, n, skip := head[0]&0xf, int(head[1]&0x7f), 2
		if n == 126 {
			if head, err = in.Peek(4); err != nil {
				return
			}
			n, skip = int(binary.BigEndian.Uint16(head[2:])), 4
		}
		if _, err := in.Discard(skip); err != nil {
			return
		}
		if op == opPing {
			payload := make([]byte, n)
			if _, err := io.ReadFull(in, payload); err != nil {
				return
			}
			if _, err := conn.Write(append([]byte{0x8a, 0x80 | byte(n), 0, 0, 0, 0}, payload...)); err != nil {
				return
			}
			continue
		}
		if _, err := in.Discard(n); err != nil {
			return
		}
		if op == opText {
			bytes.Add(int64(n))
			texts.Add(1)
		}
	}
}
