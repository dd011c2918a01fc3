package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxDocument is how long one document of a stream may be, in bytes.
const maxDocument = 64 << 20

var errTooLong = errors.New("longer than 64 MiB")

// stream reads JSON documents that begin and end with a line: a document ends with
// the line on which its last bracket closes. So one a line, pretty-printed, and
// any mixture of the two can be read, and a broken line of NDJSON costs no more
// than the lines up to where its brackets are balanced again.
type stream struct {
	lines *bufio.Reader
	line  int // number of the last line read, from 1
	buf   []byte
}

func newStream(r io.Reader) *stream { return &stream{lines: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next document and the number of its first line. The bytes are
// valid until the next call. The error is io.EOF behind the last one, errTooLong
// after which the stream can't be read on, or the reader's.
func (s *stream) next() (document []byte, line int, err error) {
	s.buf = s.buf[:0]
	depth := 0
	for {
		start := len(s.buf)
		err := s.appendLine()
		if len(bytes.TrimSpace(s.buf)) == 0 {
			s.buf = s.buf[:0]
		} else if line == 0 {
			line = s.line
		}
		if err != nil && (err != io.EOF || len(s.buf) == 0) {
			return nil, max(line, s.line), err
		}
		depth += depthOf(s.buf[min(start, len(s.buf)):])
		if len(s.buf) > 0 && depth <= 0 || err == io.EOF {
			return s.buf, line, nil
		}
	}
}

// appendLine appends a line with its end to buf.
func (s *stream) appendLine() error {
	s.line++
	for {
		part, err := s.lines.ReadSlice('\n')
		if len(s.buf)+len(part) > maxDocument {
			return errTooLong
		}
		s.buf = append(s.buf, part...)
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}

// depthOf returns how many more brackets a line opens than it closes, those in
// strings left out. No string of JSON spans lines.
func depthOf(line []byte) (depth int) {
	for i, quoted := 0, false; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return depth
}
