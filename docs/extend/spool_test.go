package extend_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/channel/channeltest"
	"github.com/carillon-fhir/carillon/subscription"
)

// Spool is a channel that leaves each notification as a file in the folder that a
// Subscription's endpoint names, such as spool:ward7, below a folder of the host's.
type Spool struct{ folder string }

// Type is what Subscriptions say: in R4 by a backport-channel-type with this system and
// code, in R5 by channelType.
func (Spool) Type() string { return "https://example.org/channels|spool" }

var spoolName = regexp.MustCompile(`^spool:([a-z0-9-]{1,40})$`) // nothing that leads elsewhere

// Check is asked when a Subscription is written. It contacts nobody.
func (Spool) Check(_ context.Context, t subscription.Target) error {
	if !spoolName.MatchString(t.Endpoint) {
		return &subscription.ElementError{Element: "Subscription.channel.endpoint", Problem: "want spool:NAME"}
	}
	if len(t.Headers) > 0 {
		return &subscription.ElementError{Element: "Subscription.channel.header", Code: "not-supported", Problem: "has no meaning here"}
	}
	return nil
}

var (
	errTarget = errors.New("spool: endpoint or header not allowed")
	errGone   = errors.New("spool: the folder is not there")
	errFailed = errors.New("spool: not written") // the system's own text would name the path
)

// Send makes one attempt. A file appears whole or not at all; the same events have the
// same name each time, so that a repetition replaces its file.
func (s Spool) Send(ctx context.Context, t subscription.Target, m subscription.Message) error {
	if s.Check(ctx, t) != nil {
		return subscription.Permanent(errTarget)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	folder := filepath.Join(s.folder, spoolName.FindStringSubmatch(t.Endpoint)[1])
	part := filepath.Join(folder, "."+m.ID)
	switch err := os.WriteFile(part, m.Body, 0o600); {
	case errors.Is(err, fs.ErrNotExist):
		return subscription.Gone(errGone)
	case err != nil:
		return errFailed
	}
	if os.Rename(part, filepath.Join(folder, m.ID+".json")) != nil {
		return errFailed
	}
	return nil
}

// TestSpool runs the suite that every channel must pass.
func TestSpool(t *testing.T) {
	folder := t.TempDir()
	subscriber := func(t testing.TB, _ subscription.Channel) channeltest.Endpoint {
		own, err := os.MkdirTemp(folder, "ward")
		require.NoError(t, err)
		return channeltest.Endpoint{
			Target: subscription.Target{Endpoint: "spool:" + filepath.Base(own)},
			Received: func() (all []channeltest.Receipt) {
				files, err := filepath.Glob(filepath.Join(own, "*.json"))
				require.NoError(t, err)
				for _, file := range files {
					body, err := os.ReadFile(file)
					require.NoError(t, err)
					all = append(all, channeltest.Receipt{Body: body})
				}
				return all
			},
		}
	}
	channeltest.Run(t, channeltest.Harness{
		New:     func(testing.TB) subscription.Channel { return Spool{folder} },
		Accepts: subscriber,
		Unusable: []subscription.Target{
			{}, {Endpoint: "spool:../" + channeltest.Canary}, {Endpoint: "spool:"}, {Endpoint: "https://example.org/"},
			{Endpoint: "spool:ward7", Headers: []string{"X-A: " + channeltest.Canary}},
		},
	})
}

func TestSpoolThatIsGone(t *testing.T) {
	err := Spool{t.TempDir()}.Send(t.Context(), subscription.Target{Endpoint: "spool:nobody"}, subscription.Message{ID: "1"})
	class, _ := subscription.ClassOf(err)
	require.Equal(t, subscription.ClassGone, class)
}
