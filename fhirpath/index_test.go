package fhirpath

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carillon-fhir/carillon/internal/shared"
)

func TestParseRefuses(t *testing.T) {
	wide := func(last string) string {
		var b strings.Builder
		b.WriteString("{")
		for i := range 1000 {
			fmt.Fprintf(&b, `"name%d":0,`, i)
		}
		return b.String() + `"` + last + `":0}`
	}
	for _, c := range []struct {
		name, in, problem string
		offset            int
	}{
		{"nothing", "", "unexpected end", 0},
		{"white space", " \n", "unexpected end", 2},
		{"byte order mark", "\xEF\xBB\xBF{}", "byte order mark", 0},
		{"trailing value", "{} {}", "something behind the value", 3},
		{"trailing NUL", "{}\x00", "something behind the value", 2},
		{"open object", `{"a":1`, "unexpected end", 6},
		{"open array", `[1,`, "unexpected end", 3},
		{"name alone", `{"a"`, "unexpected end", 4},
		{"no value", `{"a":`, "unexpected end", 5},
		{"no colon", `{"a" 1}`, "expected a colon behind a name", 5},
		{"trailing comma in object", `{"a":1,}`, "expected a name in quotes", 7},
		{"trailing comma in array", `[1,]`, "expected a value", 3},
		{"leading comma", `[,1]`, "expected a value", 1},
		{"wrong bracket", `{"a":1]`, "expected a comma or } behind a member", 6},
		{"wrong brace", `[1}`, "expected a comma or ] behind an element", 2},
		{"bare name", `{a:1}`, "expected a name in quotes", 1},
		{"open string", `"abc`, "unexpected end of a string", 4},
		{"open escape", `"abc\`, "unexpected end of a string", 4},
		{"control character", "\"a\nb\"", "control character in a string", 2},
		{"control behind eight", "\"01234567\x1f\"", "control character in a string", 9},
		{"unknown escape", `"\x"`, "invalid escape", 1},
		{"short escape", `"\u12"`, "invalid escape", 1},
		{"lone high surrogate", `"\uD83D"`, "lone surrogate", 1},
		{"lone low surrogate", `"\uDE00"`, "lone surrogate", 1},
		{"high surrogate twice", `"\uD83D\uD83D"`, "lone surrogate", 1},
		{"invalid UTF-8", "\"\xff\"", "invalid UTF-8", 1},
		{"overlong UTF-8", "\"\xc0\xaf\"", "invalid UTF-8", 1},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", "invalid UTF-8", 1},
		{"truncated UTF-8", "\"\xe2\x82\"", "invalid UTF-8", 1},
		{"leading zero", "01", "number with a leading zero", 0},
		{"minus alone", "-", "expected a value", 1},
		{"plus", "+1", "expected a value", 0},
		{"no fraction", "1.", "expected a digit", 2},
		{"no whole", ".5", "expected a value", 0},
		{"no exponent", "1e+", "expected a digit", 3},
		{"NaN", "NaN", "expected a value", 0},
		{"half a word", "tru", "expected a value", 0},
		{"longer word", "truex", "something behind the value", 4},
		{"duplicate", `{"a":1,"b":{},"a":2}`, "duplicate name in an object", 14},
		{"duplicate by escape", `{"a":1,"\u0061":2}`, "duplicate name in an object", 7},
		{"duplicate empty", `{"":1,"":2}`, "duplicate name in an object", 6},
		{"duplicate within", `[{"x":{"a":1,"a":2}}]`, "duplicate name in an object", 13},
		{"duplicate of a wide object", wide("name7"), "duplicate name in an object", len(wide("name7")) - 10},
		{"too deep", strings.Repeat("[", 201) + strings.Repeat("]", 201), "nested too deep", 200},
		{"much too deep", strings.Repeat(`{"a":`, 1e6), "nested too deep", 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, err := Parse([]byte(c.in))
			require.Nil(t, doc)
			var syntax *SyntaxError
			require.ErrorAs(t, err, &syntax)
			assert.Equal(t, c.problem, syntax.Problem)
			assert.Equal(t, c.offset, syntax.Offset)
		})
	}
}

func TestParseAccepts(t *testing.T) {
	for name, in := range map[string]string{
		"scalar":          " \t\r\n-0.0e-0 ",
		"deep":            strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
		"case variants":   `{"status":1,"Status":2,"STATUS":3}`,
		"surrogate pair":  `"\uD83D\uDE00"`,
		"UTF-8":           `"Zoë 😀 \u00eb"`,
		"huge number":     "[1e400,123456789012345678901234567890]",
		"empty":           `[{},[],"",{"":{}}]`,
		"same in sibling": `[{"a":{"a":1}},{"a":{"a":1}}]`,
		"indented":        "{\n                 \"a\" : [ 1 ,\n 2 ]\n}",
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := Parse([]byte(in))
			require.NoError(t, err)
			agree(t, doc.Root(), decode(t, []byte(in)))
		})
	}
}

func TestParseWideObject(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("{")
	for i := range 1_000_000 {
		fmt.Fprintf(&b, `"n%d":%d,`, i, i)
	}
	b.WriteString(`"last":true}`)
	doc, err := Parse(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, "999999", doc.Root().Get("n999999").Text())
}

func TestNumbersKeepTheirText(t *testing.T) {
	for _, text := range []string{"1.00", "1e400", "-0", "123456789012345678901234567890", "1E+2"} {
		doc, err := Parse([]byte(`{"value":` + text + `}`))
		require.NoError(t, err)
		require.Equal(t, text, doc.Root().Get("value").Text())
	}
}

func TestNode(t *testing.T) {
	raw := []byte(`{"a":"x","b":[1,null,{"c":false}],"d":null,"e\"":"q\"","":0, "s":" é\n"}`)
	doc, err := Parse(raw)
	require.NoError(t, err)
	root := doc.Root()
	require.Equal(t, raw, doc.Raw())
	require.Equal(t, Object, root.Kind())
	require.Equal(t, "x", root.Get("a").Text())
	require.True(t, root.Get("a").Is("x"))
	require.False(t, root.Get("a").Is("y"))
	require.Equal(t, `"x"`, string(root.Get("a").Raw()))
	require.Equal(t, 5, root.Get("a").Offset())
	require.Equal(t, 3, root.Get("b").Len())
	require.Equal(t, Null, root.Get("d").Kind())
	require.True(t, root.Get("d").Exists())
	require.Zero(t, root.Get("d").Len())
	require.Equal(t, 1, root.Get("a").Len())
	require.Equal(t, `q"`, root.Get(`e"`).Text())
	require.True(t, root.Get(`e"`).Is(`q"`))
	require.Equal(t, "0", root.Get("").Text())
	require.Equal(t, " é\n", root.Get("s").Text())
	require.False(t, root.Get(`a":"x`).Exists())
	require.False(t, root.Get("A").Exists())
	var elements []Node
	for e := range root.Get("b").Elements() {
		elements = append(elements, e)
	}
	require.Len(t, elements, 3)
	value, ok := elements[2].Get("c").Bool()
	require.True(t, ok)
	require.False(t, value)
	_, ok = elements[0].Bool()
	require.False(t, ok)
	var names []string
	for name := range root.Members() {
		names = append(names, name)
	}
	require.Equal(t, []string{"a", "b", "d", `e"`, "", "s"}, names)
}

func TestZeroNode(t *testing.T) {
	n := Node{}.Path("a", "b")
	require.False(t, n.Exists())
	require.Equal(t, Absent, n.Kind())
	require.Equal(t, "absent", n.Kind().String())
	require.Nil(t, n.Raw())
	require.Zero(t, n.Offset())
	require.Zero(t, n.Len())
	require.Empty(t, n.Text())
	require.False(t, n.Is(""))
	for range n.Members() {
		t.Fatal("a member of nothing")
	}
	var none *Doc
	require.False(t, none.Root().Exists())
	require.Nil(t, none.Raw())
}

func TestResourceTypeOf(t *testing.T) {
	for in, want := range map[string]string{
		`{"resourceType":"Patient"`:                                        "Patient",
		` { "resourceType" : "Patient" , `:                                 "Patient",
		`{"id":"x","contained":[{"resourceType":"A"}],"resourceType":"B"}`: "B",
		`{"a":{"resourceType":"A"},"n":-1.5e3,"resourceType":"B"}`:         "B",
		`{"a":"\"resourceType\":\"A\"","resourceType":"B"}`:                "B",
		`{"a":{"resourceType":"A"}}`:                                       "",
		`{"resourceType":1}`:                                               "",
		`{"resourceType":"Pat\u0069ent"}`:                                  "",
		`{"resourceType":"Pat`:                                             "",
		`{"resourceType"`:                                                  "",
		`["resourceType","A"]`:                                             "",
		`{"a":[[`:                                                          "",
		`{`:                                                                "",
		``:                                                                 "",
	} {
		require.Equal(t, want, string(ResourceTypeOf([]byte(in))), in)
	}
}

// TestRealResources holds that real resources parse and agree with encoding/json.
func TestRealResources(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Dir(t), "data", "*.ndjson"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, line := range resources(t, file) {
				doc, err := Parse(line)
				require.NoError(t, err)
				agree(t, doc.Root(), decode(t, line))
				require.Equal(t, doc.Root().Get("resourceType").Text(), string(ResourceTypeOf(line)))
			}
		})
	}
}

func resources(t testing.TB, file string) [][]byte {
	all, err := os.ReadFile(file)
	require.NoError(t, err)
	return bytes.Split(bytes.TrimSpace(all), []byte("\n"))
}

func decode(t testing.TB, raw []byte) any {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	require.NoError(t, d.Decode(&v))
	return v
}

// agree fails t unless n and v, as encoding/json decoded it, are the same value.
func agree(t testing.TB, n Node, v any) {
	switch v := v.(type) {
	case nil:
		mustBe(t, n.Kind() == Null)
	case bool:
		value, ok := n.Bool()
		mustBe(t, ok && value == v)
	case json.Number:
		mustBe(t, n.Kind() == Number && n.Text() == v.String())
	case string:
		mustBe(t, n.Is(v) && n.Text() == v)
	case []any:
		mustBe(t, n.Kind() == Array && n.Len() == len(v))
		i := 0
		for e := range n.Elements() {
			agree(t, e, v[i])
			i++
		}
	case map[string]any:
		mustBe(t, n.Kind() == Object)
		count := 0
		for name, member := range n.Members() {
			mustBe(t, n.Get(name) == member)
			agree(t, member, v[name])
			count++
		}
		mustBe(t, count == len(v))
	}
}

func mustBe(t testing.TB, ok bool) {
	t.Helper()
	if !ok {
		t.Fatal("the index and encoding/json disagree")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.50,-3e+4,true,false,null,"x\u00e9\n\ud83d\ude00"],"b":{"c":{}}}`,
		`{"a":1,"\u0061":2}`, "\"\xff\"", `"\ud800"`, "[[[]]]", `{"resourceType":"Patient","id":"1"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		ResourceTypeOf(raw)
		doc, err := Parse(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatal("accepted what encoding/json refuses")
		}
		agree(t, doc.Root(), decode(t, raw))
	})
}

func BenchmarkParse(b *testing.B) {
	for _, file := range []string{"patient-example.json", "observation-example.json"} {
		raw := suiteInput(b, file)
		b.Run(file, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	doc, err := Parse(suiteInput(b, "patient-example.json"))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if !doc.Root().Path("maritalStatus").Exists() && doc.Root().Path("managingOrganization", "reference").Is("") {
			b.Fatal("not found")
		}
	}
}

func suiteInput(t testing.TB, file string) []byte {
	raw, err := os.ReadFile(filepath.Join("testdata", "suite", "r4", "inputs", file))
	require.NoError(t, err)
	return raw
}
