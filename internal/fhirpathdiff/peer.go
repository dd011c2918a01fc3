package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
)

//go:embed engine.js
var engineJS string

// peer is fhirpath.js in a process of its own.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startPeer(ctx context.Context, folder string, corpus []*resource) (*peer, error) {
	p := &peer{cmd: exec.CommandContext(ctx, "node", "-e", engineJS)}
	p.cmd.Dir, p.cmd.Stderr = folder, os.Stderr
	p.cmd.Env = append(os.Environ(), "TZ=UTC")
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for _, r := range corpus {
		raw, err := r.forPeer()
		if err == nil {
			err = p.write(map[string]any{"resource": raw})
		}
		if err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *peer) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = p.in.Write(append(line, '\n'))
	return err
}

// evaluate asks the process. Its error means that the process is gone.
func (p *peer) evaluate(q question) (o outcome, err error) {
	if err := p.write(map[string]any{"expression": q.expression, "on": q.on.number}); err != nil {
		return o, fmt.Errorf("fhirpath.js ended: %w", err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		return o, fmt.Errorf("fhirpath.js ended: %w", err)
	}
	var answer struct {
		Error  string
		Values []struct {
			Type, Text, Number string
			Object             json.RawMessage
			None               bool
		}
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return o, fmt.Errorf("fhirpath.js answered with no JSON: %w", err)
	}
	o.err = answer.Error
	for _, a := range answer.Values {
		v := value{a.Type, normal(a.Type, a.Text)}
		switch {
		case a.Object != nil:
			v.text = canonical(a.Object)
		case a.Number != "":
			v.text = plain(a.Number)
		}
		o.values = append(o.values, v)
	}
	return o, nil
}

func (p *peer) close() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}
