package egress

import (
	"net/http"
	"strings"
	"time"
)

// maxRetryAfter is far beyond what the engine waits. It keeps a huge number from
// overflowing.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the header of that name: seconds or a date (RFC 9110, 10.2.3). It
// returns 0 if there is nothing to wait for or the value is neither.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if strings.Trim(value, "0123456789") == "" {
		var wait time.Duration
		for _, digit := range value {
			if wait = wait*10 + time.Duration(digit-'0')*time.Second; wait > maxRetryAfter {
				return maxRetryAfter
			}
		}
		return wait
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
