package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/carillon-fhir/carillon/internal/bench/report"
)

// describe says on what is measured, and how busy it is with other things.
func describe(o options) report.Machine {
	return report.Machine{
		Day: time.Now().UTC().Format(time.DateOnly), Commit: commit(), Processor: processor(), Cores: runtime.NumCPU(),
		System: operatingSystem(), Go: runtime.Version(), Quick: o.quick, Others: busyShare(time.Second),
	}
}

// commit is that of the working copy, with a + if it was changed before the first piece
// wrote its pages; "" without git.
var commit = sync.OnceValue(func() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty=+", "--exclude=*").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
})

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func operatingSystem() string {
	name := runtime.GOOS
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		version, _, _ := strings.Cut(strings.TrimSpace(string(release)), "-")
		name += " " + version
	}
	text, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kilobytes, _ := strconv.ParseFloat(fields[1], 64)
			name += fmt.Sprintf(", %.0f GB", kilobytes/1e6)
		}
	}
	return name
}

// busyShare is the share of all processors that is used while this process waits; 0
// where that can't be known, which is anywhere but on Linux.
func busyShare(wait time.Duration) float64 {
	busy, all := jiffies()
	time.Sleep(wait)
	laterBusy, laterAll := jiffies()
	if laterAll == all {
		return 0
	}
	return (laterBusy - busy) / (laterAll - all)
}

// jiffies returns how much processor time has been used, and how much there was.
func jiffies() (busy, all float64) {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		n, _ := strconv.ParseFloat(field, 64)
		if i == 0 || i > 8 { // the name; guests, who are counted as users already
			continue
		}
		all += n
		if i != 4 && i != 5 { // idle, and idle as the disk is waited for
			busy += n
		}
	}
	return busy, all
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
