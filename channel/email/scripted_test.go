package email

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/memnet"
)

// scripted is a mail server that says what it is told, for answers that a library
// would not give.
type scripted struct {
	network *memnet.Network
	// says has answers for commands by their first word, for "greeting", and for "." at
	// the end of a mail. "" is silence, "hang up" the end of the connection.
	says     map[string]string
	noTLS    bool // it does not offer it
	identity identity
	notTLS   bool   // but says so
	inject   string // sent in clear text behind the answer to STARTTLS

	mu     sync.Mutex
	heard  []string // commands, in clear text
	secret []string // commands and content, under TLS
}

func newScripted(t testing.TB, says map[string]string, change ...func(*scripted)) *scripted {
	s := &scripted{network: memnet.New(), says: says, identity: good}
	for _, f := range change {
		f(s)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := s.network.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			wg.Go(func() {
				defer conn.Close()
				s.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		require.NoError(t, s.network.Close())
	})
	return s
}

func (s *scripted) serve(conn net.Conn) {
	lines := bufio.NewReader(conn)
	secure := false
	say := func(command, usual string) bool {
		text, ok := s.says[command]
		switch {
		case !ok:
			text = usual
		case text == "hang up":
			return false
		case text == "":
			return true
		}
		_, err := conn.Write([]byte(text + "\r\n"))
		return err == nil
	}
	if !say("greeting", "220 "+serverName) {
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		s.note(strings.TrimSpace(line), secure)
		command, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		usual := "250 OK"
		switch command {
		case "EHLO":
			usual = "250-" + serverName + "\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME"
			if !secure && !s.noTLS {
				usual = strings.Replace(usual, "250 8", "250-STARTTLS\r\n250 8", 1)
			}
		case "STARTTLS":
			if !say(command, "220 go on") {
				return
			}
			if s.says[command] != "" {
				continue
			}
			if s.inject != "" {
				_, _ = conn.Write([]byte(s.inject))
			}
			if s.notTLS {
				_, _ = lines.Peek(5)
				_, _ = conn.Write([]byte("250 you need no TLS\r\n"))
				return
			}
			upgraded := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{s.identity.certificate}})
			if upgraded.Handshake() != nil {
				return
			}
			conn, lines, secure = upgraded, bufio.NewReader(upgraded), true
			continue
		case "DATA":
			if !say(command, "354 go on") {
				return
			}
			if s.says[command] != "" {
				continue
			}
			for line := ""; line != ".\r\n"; {
				if line, err = lines.ReadString('\n'); err != nil {
					return
				}
				s.note(strings.TrimSpace(line), secure)
			}
			command = "."
		case "QUIT":
			usual = "221 bye"
		}
		if !say(command, usual) {
			return
		}
	}
}

func (s *scripted) note(line string, secure bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secure {
		s.secret = append(s.secret, line)
	} else {
		s.heard = append(s.heard, line)
	}
}

// clear is what went over the wire for everybody to read.
func (s *scripted) clear() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

func newScriptedMails(t testing.TB, s *scripted, change ...func(*Config)) *Channel {
	return newMails(t, &post{address: serverName + ":587", network: s.network}, change...)
}
