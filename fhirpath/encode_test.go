package fhirpath

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEncode has the examples of the specification, 5.6, and its edges.
func TestEncode(t *testing.T) {
	requireResults(t, `{}`, map[string]string{
		"'test'.encode('base64')":                      "dGVzdA==",
		"'test'.encode('hex')":                         "74657374",
		"'subjects?_d'.encode('base64')":               "c3ViamVjdHM/X2Q=",
		"'subjects?_d'.encode('urlbase64')":            "c3ViamVjdHM_X2Q=",
		"'é'.encode('hex')":                            "c3a9",
		"''.encode('base64')":                          "",
		"''.encode('base64').exists()":                 "true",
		"'aé€b'.encode('ascii')":                       "a??b",
		"{}.encode('hex')":                             "",
		"'x'.encode({})":                               "",
		"'dGVzdA=='.decode('base64')":                  "test",
		"'c3ViamVjdHM/X2Q='.decode('base64')":          "subjects?_d",
		"'c3ViamVjdHM_X2Q='.decode('urlbase64')":       "subjects?_d",
		"'74657374'.decode('hex')":                     "test",
		"'C3A9'.decode('hex')":                         "é",
		"''.decode('hex').exists()":                    "true",
		"'x'.decode({})":                               "",
		"{}.decode('hex')":                             "",
		"'/w=='.decode('base64').exists()":             "false", // not UTF-8
		"'c3'.decode('hex').exists()":                  "false",
		"'7'.decode('hex').exists()":                   "false", // half a byte
		"'xyz='.decode('hex').exists()":                "false",
		"'dGVzdA'.decode('base64').exists()":           "false", // not padded
		"'c3ViamVjdHM_X2Q='.decode('base64').exists()": "false",
		"'A&B'.escape('html')":                         "A&amp;B",
		"'\"1<2\"'.escape('html')":                     "&quot;1&lt;2&quot;",
		"'a>\\'é🙂'.escape('html')":                     "a&gt;&#39;&#233;&#128578;",
		"'\"1<2\"'.escape('json')":                     `\"1<2\"`,
		"'a\\\\b\\n\\té'.escape('json')":               `a\\b\n\té`,
		"'\\u0001'.escape('json')":                     `\u0001`,
		"''.escape('json').exists()":                   "true",
		"{}.escape('html')":                            "",
		"'x'.escape({})":                               "",
		"'&quot;1&lt;2&quot;'.unescape('html')":        `"1<2"`,
		"'&#233;&eacute;&amp;amp;'.unescape('html')":   "éé&amp;",
		"'\\\"1<2\\\"'.unescape('json')":               `"1<2"`, // no backslash is left in this literal
		"'\\\\\"1<2\\\\\"'.unescape('json')":           `"1<2"`,
		"'\\\\u00e9\\\\n'.unescape('json')":            "é\n",
		"'\\\\ud83d\\\\ude42'.unescape('json')":        "🙂",
		"'\\n\\t'.unescape('json')":                    "\n\t",
		"'\\\\'.unescape('json').exists()":             "false",
		"'\\\\q'.unescape('json').exists()":            "false",
		"'\\\\ud83d'.unescape('json').exists()":        "false", // half a character
		"'\\\\u00'.unescape('json').exists()":          "false",
		"{}.unescape('html')":                          "",
		"'x'.unescape({})":                             "",
	})
	requireErrors(t, `{"a":["x","y"],"n":1}`, map[string]error{
		"a.encode('hex')":        ErrSingleton,
		"'x'.encode(%context.a)": ErrSingleton,
		"n.encode('hex')":        ErrOperand,
		"'x'.encode(1)":          ErrOperand,
		"'x'.encode('rot13')":    ErrOperand,
		"'x'.encode('HEX')":      ErrOperand,
		"'x'.decode('ascii')":    ErrOperand, // what it leaves out can't be known
		"'x'.escape('xml')":      ErrOperand,
		"'x'.unescape('base64')": ErrOperand,
		"a.escape('html')":       ErrSingleton,
		"true.unescape('json')":  ErrOperand,
		"1.decode('hex')":        ErrOperand,
	})
}

// TestEncodeRoundTrip holds that every conversion but ascii is undone by its inverse.
func TestEncodeRoundTrip(t *testing.T) {
	text := "a\"b\\c/d<&>'é\u2028🙂\x00\x1f\n &amp; \\u0041 \x7f"
	for name, encode := range encoders {
		if name == "ascii" {
			continue
		}
		there, _ := encode(text)
		back, ok := decoders[name](there)
		require.True(t, ok, name)
		require.Equal(t, text, back, name)
	}
	there, _ := escapers["json"](text)
	back, ok := unescapers["json"](there)
	require.True(t, ok)
	require.Equal(t, text, back)
	html := strings.ReplaceAll(text, "\x00", "") // which HTML can't hold
	there, _ = escapers["html"](html)
	back, _ = unescapers["html"](there)
	require.Equal(t, html, back)
}

// TestEncodeLimits holds that what grows beyond maxText is refused, and that work on
// large strings counts.
func TestEncodeLimits(t *testing.T) {
	mega := strings.Repeat("&", maxText)
	resource := `{"s":"` + mega + `","more":"&` + mega + `","half":"` + mega[:maxText/2] + `","n":[0` + strings.Repeat(",1", 2000) + `]}`
	requireResults(t, resource, map[string]string{
		"half.encode('hex').length()":               "1048576",
		"s.decode('base64')":                        "",
		"s.unescape('json').length()":               "1048576",
		"s.unescape('html').length()":               "1048576",
		"s.escape('json').length()":                 "1048576",
		"half.encode('hex').decode('hex').length()": "524288",
	})
	requireErrors(t, resource, map[string]error{
		"s.encode('hex')":                          ErrLimit,
		"s.encode('base64')":                       ErrLimit,
		"s.escape('html')":                         ErrLimit,
		"more.decode('hex')":                       ErrLimit,
		"more.escape('json')":                      ErrLimit,
		"n.select(%context.half.decode('hex'))":    ErrLimit,
		"n.select(%context.half.unescape('json'))": ErrLimit,
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, expression := range []string{"'subjects?_d'.encode('base64')", "'\"1<2\"'.escape('html')", "'\"1<2\"'.escape('json')"} {
		b.Run(expression, func(b *testing.B) { benchmarkExpression(b, expression) })
	}
}

func FuzzUnescapeJSON(f *testing.F) {
	for _, s := range []string{"", `\`, `\"`, `"`, `\u00e9`, `\ud83d\ude42`, `\ud83d`, "\x00", `\\\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, ok := unescapeJSON(s)
		if !ok {
			return
		}
		again, ok := unescapeJSON(escapeJSON(text))
		require.True(t, ok)
		require.Equal(t, text, again)
	})
}
