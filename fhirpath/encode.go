package fhirpath

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"strconv"
	"strings"
	"unicode/utf8"
)

// encodeFunctions change the writing of a string (FHIRPath 3.0, 5.6). The formats and
// targets are those of the specification, in its letter case; any other is ErrOperand.
// What is no text in the format is decoded to nothing.
var encodeFunctions = map[string]function{
	"encode":   conversionOf(encoders),
	"decode":   conversionOf(decoders),
	"escape":   conversionOf(escapers),
	"unescape": conversionOf(unescapers),
}

var encoders = map[string]func(string) (string, bool){
	"hex":       func(s string) (string, bool) { return hex.EncodeToString([]byte(s)), true },
	"base64":    func(s string) (string, bool) { return base64.StdEncoding.EncodeToString([]byte(s)), true },
	"urlbase64": func(s string) (string, bool) { return base64.URLEncoding.EncodeToString([]byte(s)), true },
	"ascii":     func(s string) (string, bool) { return strings.Map(toASCII, s), true },
}

var decoders = map[string]func(string) (string, bool){
	"hex":       decoded(hex.DecodeString),
	"base64":    decoded(base64.StdEncoding.DecodeString),
	"urlbase64": decoded(base64.URLEncoding.DecodeString),
}

var escapers = map[string]func(string) (string, bool){
	"html": func(s string) (string, bool) { return escapeHTML(s), true },
	"json": func(s string) (string, bool) { return escapeJSON(s), true },
}

var unescapers = map[string]func(string) (string, bool){
	"html": func(s string) (string, bool) { return html.UnescapeString(s), true },
	"json": unescapeJSON,
}

// conversionOf makes a function of a string and the name of a conversion.
func conversionOf(conversions map[string]func(string) (string, bool)) function {
	return function{1, 1, func(f *frame, c *call, this, in, out []Item) ([]Item, error) {
		s, name, ok, err := f.operands(c, this, in)
		if err != nil || !ok {
			return out, err
		}
		convert, ok := conversions[name]
		switch {
		case !ok:
			return out, ErrOperand
		case len(s) > maxText: // before it grows several times as long
			return out, ErrLimit
		}
		if err := f.charge(1 + len(s)/64); err != nil {
			return out, err
		}
		if s, ok = convert(s); !ok {
			return out, nil
		}
		return f.appendText(out, s)
	}}
}

func toASCII(r rune) rune {
	if r > 127 {
		return '?'
	}
	return r
}

// decoded makes a decoder that takes nothing but UTF-8.
func decoded(decode func(string) ([]byte, error)) func(string) (string, bool) {
	return func(s string) (string, bool) {
		raw, err := decode(s)
		return string(raw), err == nil && utf8.Valid(raw)
	}
}

// escapeHTML writes all beyond ASCII as numbers, so that the text survives whatever
// encoding the page has.
func escapeHTML(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"':
			b.WriteString("&quot;") // html.EscapeString writes a number
		case r == '<' || r == '>' || r == '&' || r == '\'':
			b.WriteString(html.EscapeString(string(r)))
		case r > 127:
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		default:
			b.WriteByte(byte(r))
		}
	}
	return b.String()
}

func escapeJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return "" // no string fails to encode
	}
	return b.String()[1 : b.Len()-2] // without quotes and the line's end
}

// unescapeJSON takes quotes and control characters that should have been escaped, as
// in the official suite. It refuses escapes that JSON has not.
func unescapeJSON(s string) (string, bool) {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i++
		case c == '"':
			b.WriteString(`\"`)
		case c < ' ':
			b.WriteString(`\u00` + hex.EncodeToString([]byte{c}))
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	doc, err := Parse([]byte(b.String()))
	if err != nil {
		return "", false
	}
	return doc.Root().Text(), true
}
