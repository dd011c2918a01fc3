package subscription

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestScheduleStaysWithinItsBounds(t *testing.T) { // docs/delivery-rows.md R4
	s := schedule(defaultRetry())
	longest := time.Hour + time.Hour/5
	const attempts = 1_000_000
	for i := range attempts {
		wait, again := s.wait(i%len(s)+1, 0, ClassTransient, 0)
		require.True(t, again)
		if wait <= 0 || wait > longest {
			t.Fatalf("wait %v", wait)
		}
	}
	for _, n := range []int{len(s) + 1, 1000, math.MaxInt32, math.MaxInt} {
		_, again := s.wait(n, 0, ClassTransient, 0)
		require.False(t, again)
	}
	for range 100 {
		total := time.Duration(0)
		for n := 1; ; n++ {
			wait, again := s.wait(n, total, ClassTransient, 0)
			if !again {
				break
			}
			total += wait
		}
		require.InDelta(t, 72*time.Hour, total, float64(72*time.Hour)/5)
	}
}

func TestScheduleSpreads(t *testing.T) { // R5
	s := schedule{time.Second}
	slices := make([]int, 20) // of the 400 ms window
	for range 1000 {
		wait, _ := s.wait(1, 0, ClassTransient, 0)
		slices[min(int((wait-800*time.Millisecond)/(20*time.Millisecond)), 19)]++
	}
	for _, n := range slices {
		require.Less(t, n, 100)
		require.Positive(t, n)
	}
}

func TestScheduleObeysTheEndpoint(t *testing.T) { // R6, section 7
	s := schedule(defaultRetry())
	wait, _ := s.wait(1, 0, ClassTransient, 10*time.Minute)
	require.Equal(t, 10*time.Minute, wait)
	wait, _ = s.wait(1, 0, ClassTransient, 100*time.Hour)
	require.Equal(t, time.Hour, wait)
	wait, _ = s.wait(1, 0, ClassTransient, -time.Hour)
	require.InDelta(t, time.Second, wait, float64(time.Second)/5)
	_, again := s.wait(3, time.Hour, ClassPermanent, 0)
	require.False(t, again, "a pointless attempt has an hour")
	_, again = s.wait(3, time.Hour, ClassTransient, 0)
	require.True(t, again)
}

func TestHandshakeScheduleIsShort(t *testing.T) {
	require.Equal(t, schedule{time.Second, 5 * time.Second}, schedule(defaultRetry()).handshake())
	require.Empty(t, schedule{time.Minute}.handshake())
	require.Equal(t, schedule{time.Second}, schedule{time.Second}.handshake())
}

func TestVersionsAreCompared(t *testing.T) { // DISC-12
	for _, tc := range [][2]string{{"1.10.0", "1.9.0"}, {"2", "1.9"}, {"1.0.1", "1.0"}, {"1.0.0", ""}, {"b", "a"}} {
		require.Positive(t, compareVersions(tc[0], tc[1]), "%v", tc)
		require.Negative(t, compareVersions(tc[1], tc[0]), "%v", tc)
	}
	require.Zero(t, compareVersions("1.01", "1.1"))
}
