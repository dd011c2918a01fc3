package subscription_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// TestMain also tells what the engines of the whole suite have logged of what no log may
// hold (row A6): every world that is not given another Logger writes to suite.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		suite.mu.Lock()
		defer suite.mu.Unlock()
		if testing.Verbose() || len(suite.leaks) > 0 {
			fmt.Printf("A6 records=%d leaks=%d\n", suite.records, len(suite.leaks))
		}
		for _, leak := range suite.leaks {
			fmt.Printf("the log tells too much: %s", leak)
			code = 1
		}
		os.Exit(code)
	}))
}

var suite suiteLog

// suiteLog looks through records for what is in the tests' resources, endpoints, headers and
// filters.
type suiteLog struct {
	mu      sync.Mutex
	records int
	leaks   []string
}

// secrets are in what the tests write: references and elements of resources, paths of
// endpoints, names and values of headers, filters.
var secrets = [][]byte{
	[]byte(canary), []byte("Patient/"), []byte("Encounter/"), []byte("resourceType"), []byte("multipleBirth"), []byte("/hook"), []byte("https://subscriber"),
	[]byte("X-"), []byte("Authorization:"), []byte("Bearer"), []byte("gender="), []byte("_id="),
}

func (s *suiteLog) Write(record []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records++
	for _, secret := range secrets {
		if bytes.Contains(record, secret) && len(s.leaks) < 20 {
			s.leaks = append(s.leaks, string(record))
			break
		}
	}
	return len(record), nil
}

// logger writes everything of one half of the tests, and what is not for debugging of the
// other: what is done for the log's sake alone must not be done in all tests.
func (s *suiteLog) logger(t testing.TB) *slog.Logger {
	h, level := fnv.New32(), slog.LevelInfo
	_, _ = h.Write([]byte(t.Name()))
	if h.Sum32()%2 == 0 {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: level}))
}

func TestSuiteLogCatches(t *testing.T) {
	var s suiteLog
	log := s.logger(t)
	log.Error("the outcome was not recorded", "subscription", "1")
	require.Empty(t, s.leaks)
	log.Error("the outcome was not recorded", "error", errors.New(`put "https://subscriber.example.org/`+canary+`"`))
	require.Len(t, s.leaks, 1)
	require.Equal(t, 2, s.records)
}
