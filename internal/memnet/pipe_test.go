package memnet_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carillon-fhir/carillon/internal/memnet"
	"github.com/stretchr/testify/require"
)

func connect(t *testing.T) (near, far net.Conn) {
	network := memnet.New()
	accepted := make(chan net.Conn)
	go func() {
		conn, _ := network.Accept()
		accepted <- conn
	}()
	near, err := network.DialContext(context.Background(), "tcp", "")
	require.NoError(t, err)
	return near, <-accepted
}

func TestPipeHoldsWhatIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connect(t)
		for _, end := range []net.Conn{near, far} { // both write first
			_, err := io.WriteString(end, "hello")
			require.NoError(t, err)
		}
		require.NoError(t, near.(interface{ CloseWrite() error }).CloseWrite())
		read, err := io.ReadAll(far)
		require.NoError(t, err)
		require.Equal(t, "hello", string(read))
		require.NoError(t, far.Close())
		read, err = io.ReadAll(near)
		require.NoError(t, err)
		require.Equal(t, "hello", string(read))
		_, err = near.Write([]byte("a"))
		require.ErrorIs(t, err, io.ErrClosedPipe)
		_, err = far.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.ErrClosedPipe)
	})
}

func TestPipeIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := connect(t)
		content := bytes.Repeat([]byte("0123456789"), 50_000)
		done := make(chan error)
		go func() {
			_, err := near.Write(content)
			_ = near.Close()
			done <- err
		}()
		synctest.Wait()
		select {
		case <-done:
			require.Fail(t, "nobody read it")
		default:
		}
		go func() { <-done }()
		read, err := io.ReadAll(far)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, read))
	})
}

func TestPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, _ := connect(t)
		start := time.Now()
		require.NoError(t, near.SetDeadline(start.Add(time.Minute)))
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(start))
		_, err = near.Write(make([]byte, 1<<20))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.NoError(t, near.SetReadDeadline(time.Time{}))
		time.AfterFunc(time.Hour, func() { _ = near.SetReadDeadline(time.Now()) }) // moved while it waits
		_, err = near.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Hour+time.Minute, time.Since(start))
		require.Equal(t, near.LocalAddr(), near.RemoteAddr())
	})
}
