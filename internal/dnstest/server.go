// Package dnstest is a DNS server on loopback for tests of what is done with the
// addresses of a name. It knows A, AAAA and CNAME, and lies as it is told.
package dnstest

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Type is that of a question.
type Type uint16

// The types of questions that resolvers of addresses ask.
const (
	A    Type = 1
	AAAA Type = 28

	cname Type = 5
)

// Answer is what the server says to one question. The zero value is an answer
// without records.
type Answer struct {
	Addrs []netip.Addr // of the question's type, IPv4 for A
	CNAME string       // of which Addrs are then the addresses
	Code  uint8        // 2 is SERVFAIL, 3 is NXDOMAIN
	Raw   []byte       // sent instead
	None  bool         // says nothing
}

// Serve starts a server that answers as answer says, which may be called by several
// goroutines at once and gets names in lower case without a final dot. It returns a
// resolver that asks nobody else. Both end with t.
func Serve(t testing.TB, answer func(name string, question Type) Answer) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		buffer := make([]byte, 1<<10)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := respond(buffer[:n], answer); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	})
	// A lookup that is no longer waited for goes on: it ends with its connections.
	asking, end := context.WithCancel(context.Background())
	t.Cleanup(func() {
		end()
		_ = conn.Close()
		wg.Wait()
	})
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if asking.Err() != nil {
				return nil, net.ErrClosed
			}
			client, err := new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
			if err == nil {
				context.AfterFunc(asking, func() { _ = client.Close() })
			}
			return client, err
		},
	}
}

// respond answers a query (RFC 1035, 4.1), or returns nil.
func respond(query []byte, answer func(string, Type) Answer) []byte {
	const header = 12
	name, end := readName(query, header)
	if end < 0 || end+4 > len(query) {
		return nil
	}
	question := Type(binary.BigEndian.Uint16(query[end:]))
	a := answer(name, question)
	if a.None {
		return nil
	}
	if a.Raw != nil {
		return append(query[:2:2], a.Raw...)
	}
	records, owner := 0, []byte{0xc0, header} // a pointer to the question's name
	var body []byte
	if a.CNAME != "" {
		target := appendName(nil, a.CNAME)
		body = appendRecord(body, owner, cname, target)
		records, owner = 1, target
	}
	for _, addr := range a.Addrs {
		body = appendRecord(body, owner, question, addr.AsSlice())
		records++
	}
	reply := append([]byte(nil), query[:2]...)
	reply = append(reply, 0x84, 0x80|a.Code, 0, 1) // an authoritative response to one question
	reply = binary.BigEndian.AppendUint16(reply, uint16(records))
	reply = append(reply, 0, 0, 0, 0)
	return append(append(reply, query[header:end+4]...), body...)
}

func readName(message []byte, at int) (name string, end int) {
	var labels []string
	for at < len(message) {
		n := int(message[at])
		at++
		if n == 0 {
			return strings.ToLower(strings.Join(labels, ".")), at
		}
		if n > 63 || at+n > len(message) {
			break
		}
		labels = append(labels, string(message[at:at+n]))
		at += n
	}
	return "", -1
}

func appendName(b []byte, name string) []byte {
	for label := range strings.SplitSeq(name, ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}

func appendRecord(b, owner []byte, kind Type, data []byte) []byte {
	b = append(b, owner...)
	b = binary.BigEndian.AppendUint16(b, uint16(kind))
	b = append(b, 0, 1, 0, 0, 0, 0) // class IN, not to be kept
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return append(b, data...)
}
