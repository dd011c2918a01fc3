package email

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/notification"
)

// TestPeer sends every form of mail to smtp-server of npm, and has them read by
// mailparser: make peers installs both.
func TestPeer(t *testing.T) {
	modules := os.Getenv("CARILLON_SMTP_SERVER")
	if modules == "" {
		t.Skip("left out: CARILLON_SMTP_SERVER names no folder with smtp-server and mailparser of npm (make peers)")
	}
	folder := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(good.certificate.PrivateKey)
	require.NoError(t, err)
	for name, block := range map[string]*pem.Block{
		"certificate": {Type: "CERTIFICATE", Bytes: good.certificate.Certificate[0]}, "key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600))
	}
	server := exec.Command("node", filepath.Join("testdata", "peer.cjs"), modules, filepath.Join(folder, "certificate"), filepath.Join(folder, "key"))
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	require.NoError(t, err)
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	defer func() {
		require.NoError(t, stdin.Close())
		require.NoError(t, server.Wait())
	}()
	told := json.NewDecoder(bufio.NewReader(stdout))
	var port int
	require.NoError(t, told.Decode(&port))
	c := newMails(t, &post{address: fmt.Sprintf("127.0.0.1:%d", port)}, func(c *Config) {
		c.Content, c.Username, c.Password = notification.FullResource, "fhir", "hunter2"
	})
	mails := 0
	for _, payload := range []string{"text/plain", "text/html", "text/plain;attach=application/fhir+json", "text/html;attach=application/fhir+json"} {
		for _, content := range []notification.Content{notification.Empty, notification.IDOnly, notification.FullResource} {
			attach := strings.Contains(payload, "attach")
			if content == notification.FullResource && !attach {
				continue
			}
			to := target("o'neill+ward@clinic.example")
			to.ContentType, to.Content, to.Headers = payload, content, []string{"Subject: Ward 3"}
			m := bundle(t, notification.EventNotification, content, 2)
			require.NoError(t, c.Send(t.Context(), to, m))
			var got struct {
				Secure      bool
				From        string
				To          []string
				Subject, ID string
				Text, HTML  string
				Attachments []struct {
					Type, Name string
					Content    []byte
				}
			}
			require.NoError(t, told.Decode(&got))
			require.True(t, got.Secure)
			require.Equal(t, []string{"fhir@hospital.example", "o'neill+ward@clinic.example"}, append([]string{got.From}, got.To...))
			require.Equal(t, "Ward 3", got.Subject)
			require.Equal(t, "<"+m.ID+"@hospital.example>", got.ID)
			require.Contains(t, got.Text+got.HTML, m.Notification.Subscription)
			require.Equal(t, strings.HasPrefix(payload, "text/html"), got.HTML != "")
			require.Equal(t, content != notification.Empty, strings.Contains(got.Text+got.HTML, "Patient/"+markers[0]))
			if attach {
				require.Len(t, got.Attachments, 1)
				require.Equal(t, "application/fhir+json", got.Attachments[0].Type)
				require.Equal(t, string(m.Body), string(got.Attachments[0].Content))
			} else {
				require.Empty(t, got.Attachments)
			}
			mails++
		}
	}
	require.EqualError(t, c.Send(t.Context(), target("refuse@clinic.example"), event(1)), "email: status 550")
	wrong := newMails(t, &post{address: fmt.Sprintf("127.0.0.1:%d", port)}, func(c *Config) { c.Username, c.Password = "fhir", "x" })
	require.EqualError(t, wrong.Send(t.Context(), target("a@clinic.example"), event(1)), "email: status 535")
	t.Logf("smtp-server and mailparser: mails=%d", mails)
}
