package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/carillon-fhir/carillon/internal/fhirpathdiff/fhirpathjs"
)

//go:embed loop.js
var loopJS string

// script is fhirpath.js in a process of its own. A nil script is none.
type script struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startScript(ctx context.Context, subjects []subject) (*script, error) {
	folder, err := fhirpathjs.Install(ctx)
	if err != nil {
		return nil, err
	}
	js := &script{cmd: exec.CommandContext(ctx, "node", "-e", loopJS)}
	js.cmd.Dir, js.cmd.Stderr = folder, os.Stderr
	if js.in, err = js.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := js.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	js.out = bufio.NewReader(out)
	if err := js.cmd.Start(); err != nil {
		return nil, err
	}
	list := make([]map[string]any, len(subjects))
	for i, s := range subjects {
		list[i] = map[string]any{"expression": s.expression}
		for name, raw := range map[string][]byte{"focus": s.focus, "current": s.current, "previous": s.previous} {
			if raw != nil {
				list[i][name] = json.RawMessage(raw)
			}
		}
	}
	if err := js.write(list); err != nil {
		js.close()
		return nil, err
	}
	return js, nil
}

func (js *script) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = js.in.Write(append(line, '\n'))
	return err
}

// answer is what the script says about n repetitions.
type answer struct {
	Nanoseconds float64
	Results     int
	Error       bool
}

func (js *script) ask(on, n int) (a answer, err error) {
	if err := js.write(map[string]int{"on": on, "n": n}); err != nil {
		return a, err
	}
	line, err := js.out.ReadBytes('\n')
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(line, &a)
}

// cell is the measurement of one subject.
func (js *script) cell(i int, s subject) *cell {
	if js == nil {
		return &cell{why: "not measured"}
	}
	switch a, err := js.ask(i, 1); {
	case err != nil || a.Error:
		return &cell{why: "error"}
	case a.Results != s.results:
		return &cell{why: wrongCount(a.Results)}
	}
	return &cell{step: func(n int) (time.Duration, error) {
		a, err := js.ask(i, n)
		if err == nil && a.Error {
			err = errors.New("fhirpath.js failed")
		}
		return time.Duration(a.Nanoseconds), err
	}}
}

func (js *script) close() {
	if js != nil {
		_ = js.in.Close()
		_ = js.cmd.Wait()
	}
}
