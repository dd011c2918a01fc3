package fhirpath

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

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
		case c == '\\' && i+1 < len(raw) && simpleEscapes[raw[i+1]]:
			esc = escaped
			i += 2
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

// simpleEscapes are the letters of the escapes of one letter.
var simpleEscapes = [256]bool{'"': true, '\\': true, '/': true, 'b': true, 'f': true, 'n': true, 'r': true, 't': true}

// escape returns the length of the escape that b begins with; a surrogate pair is
// one escape.
func escape(b []byte) (n int, problem string) {
	if len(b) < 2 {
		return 0, "unexpected end of a string"
	}
	if simpleEscapes[b[1]] {
		return 2, ""
	}
	if b[1] == 'u' {
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
