package fhirpath

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// rawName returns the undecoded name that begins at the quote at offset at.
func rawName(raw []byte, at uint32) []byte {
	raw = raw[at&^escaped+1:]
	for i := 0; ; i++ {
		switch raw[i] {
		case '"':
			return raw[:i]
		case '\\':
			i++
		}
	}
}

func decodedName(raw []byte, at uint32) []byte {
	name := rawName(raw, at)
	if at&escaped != 0 {
		name = unescape(name)
	}
	return name
}

func (d *Doc) name(at uint32) string { return string(decodedName(d.raw, at)) }

func (d *Doc) nameIs(at uint32, name string) bool {
	if at&escaped != 0 {
		return d.name(at) == name
	}
	return plainNameIs(d.raw, at, name)
}

// plainName returns a name without escapes: it begins at from in raw and ends with a
// quote.
func (d *Doc) plainName(at uint32) (raw []byte, from int) {
	if at&escaped == 0 {
		return d.raw, int(at) + 1
	}
	name := unescape(rawName(d.raw, at))
	if bytes.IndexByte(name, '"') >= 0 {
		name = nil // no element's
	}
	return append(name, '"'), 0
}

// plainNameIs compares without looking for the end of the name first. A name
// with a quote in it might match beyond that end, so it never equals a plain one.
func plainNameIs(raw []byte, at uint32, name string) bool {
	from := int(at) + 1
	to := from + len(name)
	return to < len(raw) && raw[to] == '"' && string(raw[from:to]) == name &&
		strings.IndexByte(name, '"') < 0
}

// unescape decodes what is between the quotes of a valid JSON string.
func unescape(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' {
			out = append(out, b[i])
			continue
		}
		i++
		switch c := b[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := hex4(b[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(b[i+3:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			out = utf8.AppendRune(out, r)
		default: // quote, backslash, slash
			out = append(out, c)
		}
	}
	return out
}

// hex4 reads the four digits of a \u escape.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
