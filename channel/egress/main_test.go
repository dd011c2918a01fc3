package egress

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// globalLog is what anybody printed with the global log, which is nothing.
var globalLog lockedBuffer

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestMain(m *testing.M) {
	log.SetOutput(&globalLog)
	code := m.Run()
	if printed := globalLog.String(); printed != "" {
		fmt.Printf("FAIL: printed with the global log: %q\n", printed)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println("FAIL:", err)
		code = 1
	}
	os.Exit(code)
}
