package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// clients are another process, which listens.
type clients struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// hire starts as many clients as there are texts, each of which says its own if it is
// not empty.
func hire(address string, texts []string) (*clients, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s,%d", audienceOf, address, len(texts)))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &clients{cmd, in, bufio.NewScanner(out)}
	if _, err := io.WriteString(in, strings.Join(texts, "\n")+"\n"); err != nil {
		return nil, errors.Join(err, c.end())
	}
	if !c.out.Scan() || c.out.Text() != "connected" {
		return nil, errors.Join(errors.New("bench: the clients could not connect"), c.end())
	}
	return c, nil
}

// round waits until each has received one text more, and returns how many bytes these
// have together.
func (c *clients) round() (bytes int, err error) {
	if !c.out.Scan() {
		return 0, errors.New("bench: the clients have ended")
	}
	return strconv.Atoi(c.out.Text())
}

func (c *clients) end() error {
	return errors.Join(c.in.Close(), c.cmd.Wait())
}
