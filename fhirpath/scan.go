package fhirpath

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
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
	halves  uint32 // escaped if some name begins with _ or has a backslash
	names   uint32 // members so far
	seen    uint64 // one bit for each hash of a name: unset means a new name
}

// linear is how many members of an object are compared with each other one by
// one; the names of larger objects are looked up in a hash table when the object
// ends, so that no object costs more than its size.
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
			e.end, e.next = uint32(i+1)|top.halves, uint32(len(s.nodes))
			if top.names > linear || top.escaped {
				if at := s.duplicate(top.node, top.names); at >= 0 {
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
	if raw[at+1] == '_' {
		top.halves = escaped
	}
	if top.names++; esc != 0 {
		top.escaped, top.halves = true, escaped
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

// duplicate returns the offset of a name that an object has twice, or -1. It
// hashes with a seed that no document can know.
func (s *scanner) duplicate(object, names uint32) int {
	table := make([]uint32, 1<<bits.Len32(2*names)) // of entries; at most half full
	for c := object + 1; c < uint32(len(s.nodes)); c = s.nodes[c].next {
		name := decodedName(s.raw, s.nodes[c].name)
		for slot := maphash.Bytes(seed, name); ; slot++ {
			p := &table[slot&uint64(len(table)-1)]
			if *p == 0 {
				*p = c
				break
			}
			if bytes.Equal(decodedName(s.raw, s.nodes[*p].name), name) {
				return int(s.nodes[c].name &^ escaped)
			}
		}
	}
	return -1
}

var seed = maphash.MakeSeed()

// space returns the offset of the first byte from i on that is no white space.
func space(raw []byte, i int) int {
	if i < len(raw) && raw[i] > ' ' {
		return i
	}
	return spaces(raw, i)
}

// spaces looks at eight bytes at a time, since what is indented has long runs.
func spaces(raw []byte, i int) int {
	for i < len(raw) {
		switch raw[i] {
		case ' ', '\n', '\r', '\t':
			i++
		default:
			return i
		}
		for i+8 <= len(raw) {
			other := binary.LittleEndian.Uint64(raw[i:]) ^ 0x2020202020202020
			if other != 0 {
				i += bits.TrailingZeros64(other) >> 3
				break
			}
			i += 8
		}
	}
	return i
}
