package postgrestest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux counts processor time for those who look from outside.
const tick = 10 * time.Millisecond

// ProcessorTime returns how much processor time the server has used, all its processes
// together; 0 where that can't be known, which is anywhere but on Linux.
func (c *Cluster) ProcessorTime() (used time.Duration) {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0
	}
	postmaster, _, _ := strings.Cut(string(text), "\n")
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name, in brackets, may hold anything; after it come the state and the parent,
		// and in the 12th place the times: user, system, and those of children that ended.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		own := filepath.Base(filepath.Dir(path)) == postmaster
		if len(fields) < 15 || !own && string(fields[1]) != postmaster {
			continue
		}
		times := fields[11:13]
		if own {
			times = fields[11:15]
		}
		for _, t := range times {
			n, _ := strconv.Atoi(string(t))
			used += time.Duration(n) * tick
		}
	}
	return used
}
