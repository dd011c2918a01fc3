package fhirpath

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// scanner builds the entries of one document in one pass. It keeps its own stack
// of open containers, so a hostile document cannot grow the goroutine's.
type scanner struct {
	raw   []byte
	nodes []entry
	depth int
	open  [MaxDepth]container
}

// container is an array or object whose end has not been reached.
type container struct {
	node    uint32
	object  bool
	escaped bool   // some name has a backslash
	names   uint32 // members so far
	seen    uint64 // one bit for each hash of a name: unset means a new name
}

// linear is how many members of an object are compared with each other one by
// one; the names of larger objects are sorted when the object ends, so that no
// object costs more than n log n.
const linear = 32

// scan returns what is wrong and where; "" if nothing is.
func (s *scanner) scan() (at int, problem string) {
	raw := s.raw
	if bytes.HasPrefix(raw, []byte("\xEF\xBB\xBF")) {
		return 0, "byte order mark"
	}
	i := space(raw, 0)
	name := uint32(0)
	for {
		if i >= len(raw) {
			return i, "unexpected end"
		}
		node := uint32(len(s.nodes))
		s.nodes = append(s.nodes, entry{name: name, off: uint32(i), next: node + 1})
		switch c := raw[i]; c {
		case '{', '[':
			if s.depth == MaxDepth {
				return i, "nested too deep"
			}
			s.open[s.depth] = container{node: node, object: c == '{'}
			s.depth++
			i = space(raw, i+1)
			if i < len(raw) && raw[i] == c+2 { // the closing bracket, in ASCII two behind the opening one
				break
			}
			if c == '{' {
				if i, name, problem = s.member(i); problem != "" {
					return i, problem
				}
			}
			continue
		case '"':
			end, esc, problem := str(raw, i)
			if problem != "" {
				return end, problem
			}
			s.nodes[node].end = uint32(end) | esc
			i = space(raw, end)
		default:
			end, problem := literal(raw, i)
			if problem != "" {
				return end, problem
			}
			s.nodes[node].end = uint32(end)
			i = space(raw, end)
		}
		// A value has ended: close what ends with it, then find the next one.
		for {
			if s.depth == 0 {
				if i < len(raw) {
					return i, "something behind the value"
				}
				return i, ""
			}
			if i >= len(raw) {
				return i, "unexpected end"
			}
			top := &s.open[s.depth-1]
			c := raw[i]
			if c == ',' {
				i = space(raw, i+1)
				if top.object {
					if i, name, problem = s.member(i); problem != "" {
						return i, problem
					}
				}
				break
			}
			if top.object && c != '}' {
				return i, "expected a comma or } behind a member"
			}
			if !top.object && c != ']' {
				return i, "expected a comma or ] behind an element"
			}
			e := &s.nodes[top.node]
			e.end, e.next = uint32(i+1), uint32(len(s.nodes))
			if top.names > linear || top.escaped {
				if at := s.duplicate(top.node); at >= 0 {
					return at, "duplicate name in an object"
				}
			}
			s.depth--
			i = space(raw, i+1)
		}
	}
}

// member reads a name and its colon and returns where the value begins.
func (s *scanner) member(at int) (i int, name uint32, problem string) {
	raw := s.raw
	if at >= len(raw) {
		return at, 0, "unexpected end"
	}
	if raw[at] != '"' {
		return at, 0, "expected a name in quotes"
	}
	end, esc, problem := str(raw, at)
	if problem != "" {
		return end, 0, problem
	}
	top := &s.open[s.depth-1]
	if top.names++; esc != 0 {
		top.escaped = true
	} else if top.names <= linear {
		plain := raw[at+1 : end-1]
		bit := uint64(1) << (hash(plain) >> 58)
		if top.seen&bit != 0 && s.has(top.node, plain) {
			return at, 0, "duplicate name in an object"
		}
		top.seen |= bit
	}
	i = space(raw, end)
	if i >= len(raw) {
		return i, 0, "unexpected end"
	}
	if raw[i] != ':' {
		return i, 0, "expected a colon behind a name"
	}
	return space(raw, i+1), uint32(at) | esc, ""
}

// hash mixes the length and both ends of a name. It only has to tell the few
// names of a small object apart, never to withstand an attack.
func hash(name []byte) uint64 {
	h := uint64(len(name))
	if len(name) >= 8 {
		h ^= binary.LittleEndian.Uint64(name) ^ binary.LittleEndian.Uint64(name[len(name)-8:])<<1
	} else {
		for _, c := range name {
			h = h<<8 | uint64(c)
		}
	}
	return h * 0x9E3779B97F4A7C15
}

// has reports whether an open object has a member of that plain name already.
func (s *scanner) has(object uint32, plain []byte) bool {
	for c := object + 1; c < uint32(len(s.nodes)); c = s.nodes[c].next {
		if at := s.nodes[c].name; at&escaped == 0 && int(at)+1+len(plain) < len(s.raw) &&
			s.raw[int(at)+1+len(plain)] == '"' && bytes.Equal(s.raw[at+1:int(at)+1+len(plain)], plain) {
			return true
		}
	}
	return false
}

// duplicate returns the offset of a name that an object has twice, or -1.
func (s *scanner) duplicate(object uint32) int {
	type named struct {
		name []byte
		at   uint32
	}
	var names []named
	for c := object + 1; c < uint32(len(s.nodes)); c = s.nodes[c].next {
		at := s.nodes[c].name
		n := rawName(s.raw, at)
		if at&escaped != 0 {
			n = unescape(n)
		}
		names = append(names, named{n, at &^ escaped})
	}
	slices.SortFunc(names, func(a, b named) int {
		if c := bytes.Compare(a.name, b.name); c != 0 {
			return c
		}
		return int(a.at) - int(b.at)
	})
	for i := 1; i < len(names); i++ {
		if bytes.Equal(names[i-1].name, names[i].name) {
			return int(names[i].at)
		}
	}
	return -1
}

// space returns the offset of the first byte from i on that is no white space.
func space(raw []byte, i int) int {
	for i < len(raw) {
		switch raw[i] {
		case ' ':
			for i+8 <= len(raw) && binary.LittleEndian.Uint64(raw[i:]) == 0x2020202020202020 {
				i += 7
			}
		case '\n', '\r', '\t':
		default:
			return i
		}
		i++
	}
	return i
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// str returns the offset behind the string that begins at i, and the mark
// escaped if it has a backslash. It looks at eight bytes at a time.
func str(raw []byte, i int) (end int, esc uint32, problem string) {
	i++
	for {
		for i+8 <= len(raw) {
			w := binary.LittleEndian.Uint64(raw[i:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			special := ((w - ones*0x20) | (quote - ones) | (slash - ones) | w) & highs
			if special != 0 { // its lowest bit is exact, those above may be borrows
				i += bits.TrailingZeros64(special) >> 3
				break
			}
			i += 8
		}
		for ; i+8 > len(raw) && i < len(raw) && raw[i] >= 0x20 && raw[i] < 0x80 && raw[i] != '"' && raw[i] != '\\'; i++ {
		}
		if i >= len(raw) {
			return i, 0, "unexpected end of a string"
		}
		switch c := raw[i]; {
		case c == '"':
			return i + 1, esc, ""
		case c == '\\':
			n, problem := escape(raw[i:])
			if problem != "" {
				return i, 0, problem
			}
			esc = escaped
			i += n
		case c < 0x20:
			return i, 0, "control character in a string"
		default:
			r, n := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && n == 1 {
				return i, 0, "invalid UTF-8"
			}
			i += n
		}
	}
}

// escape returns the length of the escape that b begins with; a surrogate pair is
// one escape.
func escape(b []byte) (n int, problem string) {
	if len(b) < 2 {
		return 0, "unexpected end of a string"
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, ""
	case 'u':
		r, ok := hex4(b[2:])
		if !ok {
			return 0, "invalid escape"
		}
		if r < 0xD800 || r > 0xDFFF {
			return 6, ""
		}
		if r < 0xDC00 && len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
			if low, ok := hex4(b[8:]); ok && low >= 0xDC00 && low <= 0xDFFF {
				return 12, ""
			}
		}
		return 0, "lone surrogate"
	}
	return 0, "invalid escape"
}

// literal returns the offset behind the number, true, false or null at i.
func literal(raw []byte, i int) (end int, problem string) {
	for _, word := range [...]string{"true", "false", "null"} {
		if raw[i] == word[0] {
			if len(raw)-i >= len(word) && string(raw[i:i+len(word)]) == word {
				return i + len(word), ""
			}
			return i, "expected a value"
		}
	}
	return number(raw, i)
}

func number(raw []byte, i int) (end int, problem string) {
	if raw[i] == '-' {
		i++
	}
	whole := digits(raw, i)
	switch {
	case whole == i:
		return i, "expected a value"
	case raw[i] == '0' && whole > i+1:
		return i, "number with a leading zero"
	}
	i = whole
	if i < len(raw) && raw[i] == '.' {
		fraction := digits(raw, i+1)
		if fraction == i+1 {
			return fraction, "expected a digit"
		}
		i = fraction
	}
	if i < len(raw) && (raw[i] == 'e' || raw[i] == 'E') {
		i++
		if i < len(raw) && (raw[i] == '+' || raw[i] == '-') {
			i++
		}
		exponent := digits(raw, i)
		if exponent == i {
			return i, "expected a digit"
		}
		i = exponent
	}
	return i, ""
}

func digits(raw []byte, i int) int {
	for i < len(raw) && '0' <= raw[i] && raw[i] <= '9' {
		i++
	}
	return i
}
