package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheStoryIsTold(t *testing.T) {
	for _, raw := range []bool{false, true} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		var out bytes.Buffer
		require.NoError(t, tell(ctx, &out, raw))
		text := out.String()
		for n, focus := range []string{"bilirubin-1 (1.4", "bilirubin-3 (2.30", "bilirubin-4 (1.9", "bilirubin-6 (3.15", "bilirubin-7 (2.6", "bilirubin-8 (1.2"} {
			require.Equal(t, 1, strings.Count(text, "event "+string(rune('1'+n))+": Observation/"+focus), text)
		}
		require.Contains(t, text, "6 results above 1.0 mg/dL, 6 notifications, numbers 1 to 6 without a gap")
		require.Equal(t, raw, strings.Contains(text, `"type": "history"`))
	}
}
