package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime/quotedprintable"
	"net"
	"net/http"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// mailbox takes mails.
type mailbox chan string

func (m mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return m, nil }
func (mailbox) Mail(string, *smtp.MailOptions) error          { return nil }
func (mailbox) Rcpt(string, *smtp.RcptOptions) error          { return nil }
func (mailbox) Reset()                                        {}
func (mailbox) Logout() error                                 { return nil }
func (m mailbox) Data(r io.Reader) error {
	mail, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(quotedprintable.NewReader(mail.Body))
	m <- string(text)
	return err
}

// newMailServer starts one with a certificate that processes begun from now on trust.
func newMailServer(t *testing.T) (mailbox, string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "authority.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	t.Setenv("SSL_CERT_FILE", file)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	box := make(mailbox, 10)
	s := smtp.NewServer(box)
	s.Domain, s.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(listener) }()
	t.Cleanup(func() {
		_ = s.Close()
		_ = listener.Close()
		<-ended
	})
	return box, listener.Addr().String()
}

func (m mailbox) next(t *testing.T) string {
	t.Helper()
	select {
	case text := <-m:
		return text
	case <-time.After(time.Minute):
		require.Fail(t, "no mail came")
		return ""
	}
}

// TestMails: a Subscription, a mail that asks, a yes, and a mail that tells.
func TestMails(t *testing.T) { // CH-EML-06
	box, address := newMailServer(t)
	for _, release := range []string{"R4", "R4B", "R5"} {
		base, server := start(t, "-smtp", address, "-release", release)
		const topic = "https://carillon-fhir.github.io/topics/patient-change"
		subscription := fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"%s",
			"channel":{"type":"email","endpoint":"mailto:nurse@example.org","payload":"text/plain","_payload":{"extension":[{
			"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`, topic)
		if release == "R5" {
			subscription = fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","topic":"%s","channelType":{"code":"email"},
				"endpoint":"mailto:nurse@example.org","contentType":"text/plain","content":"id-only"}`, topic)
		}
		response := request(t, http.MethodPost, base+"/Subscription", subscription)
		require.Equal(t, http.StatusCreated, response.StatusCode, release)

		link := regexp.MustCompile(`http://\S+/confirm\?token=\S+`).FindString(box.next(t))
		require.True(t, strings.HasPrefix(link, strings.TrimSuffix(base, "/fhir")+"/confirm?token="), release)
		page, token, _ := strings.Cut(link, "?token=")
		question := request(t, http.MethodGet, link, "")
		require.Equal(t, http.StatusOK, question.StatusCode, release)
		answer, err := http.PostForm(page, url.Values{"token": {token}, "answer": {"yes"}})
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode, release)
		http.DefaultClient.CloseIdleConnections()

		response = request(t, http.MethodPost, base+"/Patient", `{"resourceType":"Patient"}`)
		require.Contains(t, box.next(t), response.Header.Get("Location")[:strings.Index(response.Header.Get("Location"), "/_history")], release)
		require.NoError(t, server.Process.Signal(os.Interrupt))
		require.NoError(t, server.Wait())
	}
}
