package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

//go:embed resources/*.json
var resources embed.FS

const bilirubinHigh = "https://carillon-fhir.github.io/topics/bilirubin-high"

// above are the shipped results that the topic is about: final, and above 1.0 mg/dL.
var above = []int{1, 3, 4, 6, 7, 8}

// lines is written to by the story and by the subscriber whom it waits for.
type lines struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

// tell runs the demonstration and writes it to out.
func tell(ctx context.Context, out io.Writer, raw bool) error {
	begin := time.Now()
	out = &lines{to: out}
	folder, err := os.MkdirTemp("", "carillon-quickstart")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "fhir.db")
	step := func(format string, args ...any) { fmt.Fprintf(out, "\n"+format+"\n", args...) }

	step("1. A FHIR R4 server starts, its resources and subscriptions in one SQLite file")
	h, err := startHost(ctx, file, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { _ = h.stop() }()
	fmt.Fprintf(out, "   %s\n", h.base)

	step("2. It says in its CapabilityStatement what one may subscribe to")
	topics, err := h.topics(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		fmt.Fprintf(out, "   %s\n", t)
	}
	if !slices.Contains(topics, bilirubinHigh) {
		return fmt.Errorf("the server does not offer %s", bilirubinHigh)
	}

	step("3. A subscriber listens and asks for bilirubin above 1.0 mg/dL")
	s, err := listen(out, raw)
	if err != nil {
		return err
	}
	defer s.close()
	id, err := h.subscribe(ctx, bilirubinHigh, s.url)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "   POST Subscription: 201, id %s, status requested\n", id)
	if err := s.await(ctx, func() bool { return s.verified() }); err != nil {
		return err
	}
	if err := h.awaitActive(ctx, id); err != nil {
		return err
	}
	fmt.Fprintf(out, "   GET Subscription/%s: status active\n", id)

	step("4. Laboratory results are written; those that the topic is about arrive, numbered")
	if err := h.write(ctx, s, "Patient", "patient", "a patient"); err != nil {
		return err
	}
	if err := h.writeResults(ctx, s, 1, 2, 3); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return s.count() == 2 }); err != nil {
		return err
	}

	step("5. The engine stops in the middle: the server still takes writes, nothing is sent")
	if err := h.stopEngine(); err != nil {
		return err
	}
	if err := h.writeResults(ctx, s, 4, 5, 6, 7); err != nil {
		return err
	}
	fmt.Fprintf(out, "   the subscriber has %d events\n", s.count())

	step("6. The server ends and starts again from its file; the missing numbers arrive")
	if err := h.stop(); err != nil {
		return err
	}
	if h, err = startHost(ctx, file, h.address); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return s.count() == 5 }); err != nil {
		return err
	}
	if err := h.writeResults(ctx, s, 8); err != nil {
		return err
	}
	if err := s.await(ctx, func() bool { return s.count() == len(above) }); err != nil {
		return err
	}
	return s.summary(time.Since(begin))
}
