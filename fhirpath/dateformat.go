package fhirpath

import (
	"regexp"
	"strconv"
	"strings"
)

// dated converts to a date or dateTime, a string by the template of the first
// argument if there is one.
func (f *frame) dated(c *call, this, in []Item, convert func(any) (any, bool)) (v any, ok bool, err error) {
	if len(c.args) == 0 {
		return f.converted(in, convert)
	}
	text, ok, err := f.text(c.args[0], this)
	if err != nil || !ok {
		return nil, false, err
	}
	format, err := parseFormat(text)
	if err == nil {
		err = f.charge(1 + len(text)/16)
	}
	if err != nil {
		return nil, false, err
	}
	return f.converted(in, func(v any) (any, bool) {
		if s, isText := v.(string); isText {
			t, ok := format.read(s)
			if !ok {
				return nil, false
			}
			v = t
		}
		return convert(v)
	})
}

// dateFormat is a template of how dates and times are written (FHIRPath 3.0, 5.5.4).
type dateFormat []formatPart

// formatPart is a code: what it holds (y M d H h m s S a Z), and how many digits that
// has. Or it is text that stands for itself; it holds nothing then.
type formatPart struct {
	holds       byte
	least, most int
	text        string
}

// formatCodes are those that are supported but for those of fractions, S to
// SSSSSSSSS. Those that depend on a language or a list of time zones (MMM, MMMM, z)
// are not.
var formatCodes = map[string]formatPart{
	"yyyy": {holds: 'y', least: 4, most: 4}, "yy": {holds: 'y', least: 2, most: 2},
	"MM": {holds: 'M', least: 2, most: 2}, "M": {holds: 'M', least: 1, most: 2},
	"dd": {holds: 'd', least: 2, most: 2}, "d": {holds: 'd', least: 1, most: 2},
	"HH": {holds: 'H', least: 2, most: 2}, "H": {holds: 'H', least: 1, most: 2},
	"hh": {holds: 'h', least: 2, most: 2}, "h": {holds: 'h', least: 1, most: 2},
	"mm": {holds: 'm', least: 2, most: 2}, "m": {holds: 'm', least: 1, most: 2},
	"ss": {holds: 's', least: 2, most: 2}, "s": {holds: 's', least: 1, most: 2},
	"a": {holds: 'a'}, "Z": {holds: 'Z'},
}

// codePattern finds the letters of codes, repeated or not.
var codePattern = regexp.MustCompile("y+|M+|d+|h+|H+|m+|s+|S+|a+|z+|Z+")

// parseFormat cuts a template. A code that is not supported is ErrOperand.
func parseFormat(text string) (format dateFormat, err error) {
	if len(text) > maxPattern {
		return nil, ErrLimit
	}
	end := 0
	for _, at := range codePattern.FindAllStringIndex(text, -1) {
		if at[0] > end {
			format = append(format, formatPart{text: text[end:at[0]]})
		}
		end = at[1]
		code := text[at[0]:end]
		part, ok := formatCodes[code]
		if code[0] == 'S' && len(code) <= 9 {
			part, ok = formatPart{holds: 'S', least: len(code), most: len(code)}, true
		}
		if !ok {
			return nil, ErrOperand
		}
		format = append(format, part)
	}
	if end < len(text) {
		format = append(format, formatPart{text: text[end:]})
	}
	return format, nil
}

// read reads a text that is written in the format.
func (format dateFormat) read(text string) (t temporal, ok bool) {
	held := map[byte]string{}
	for _, part := range format {
		n, ok := part.length(text)
		if !ok || held[part.holds] != "" {
			return t, false
		}
		if part.holds != 0 {
			held[part.holds] = text[:n]
		}
		text = text[n:]
	}
	if text != "" {
		return t, false
	}
	return assemble(held)
}

// length returns how much of the text belongs to the part.
func (part formatPart) length(text string) (n int, ok bool) {
	switch part.holds {
	case 0:
		return len(part.text), strings.HasPrefix(text, part.text)
	case 'a':
		n = len(halfPattern.FindString(text))
		return n, n > 0
	case 'Z':
		n = len(zonePattern.FindString(text))
		return n, n > 0
	}
	for n < len(text) && n < part.most && digit(text[n]) {
		n++
	}
	return n, n >= part.least
}

var (
	halfPattern = regexp.MustCompile("^[aApP][mM]?")
	zonePattern = regexp.MustCompile("^(Z|[+-][0-9]{2}:?[0-9]{2})")
)

// assemble makes a date or dateTime of its parts, none of which may be known without
// those before it. Years of two digits are from 1950 to 2049.
func assemble(held map[byte]string) (t temporal, ok bool) {
	year, hour, zone := held['y'], held['H'], held['Z']
	if len(year) == 2 {
		year = map[bool]string{true: "20", false: "19"}[year < "50"] + year
	}
	if half := held['h']; half != "" {
		n, _ := strconv.Atoi(half)
		if hour != "" || held['a'] == "" || n < 1 || n > 12 {
			return t, false
		}
		if n %= 12; held['a'][0]|0x20 == 'p' {
			n += 12
		}
		hour = strconv.Itoa(n)
	}
	text, missing := "", false
	for _, part := range [...]struct{ before, value string }{
		{"", year}, {"-", held['M']}, {"-", held['d']}, {"T", hour}, {":", held['m']}, {":", held['s']}, {".", held['S']},
	} {
		if len(part.value) == 1 && part.before != "." {
			part.value = "0" + part.value
		}
		if part.value != "" && missing {
			return t, false
		}
		if missing = part.value == ""; !missing {
			text += part.before + part.value
		}
	}
	if zone != "" && hour == "" {
		return t, false
	}
	if len(zone) == 5 {
		zone = zone[:3] + ":" + zone[3:]
	}
	return parseDateTime(text + zone)
}
