package subscription_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every record of the log stands in docs/observe.md, with its keys, and there is no other.
func TestRecordsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/observe.md")
	require.NoError(t, err)
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z]+) \\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = strings.TrimSpace(row[3])
	}
	require.Greater(t, len(documented), 30)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	logged := map[string]string{ // by account, which chooses
		"a notification was delivered":      "tenant, subscription, channel, type, events, attempt, result, duration",
		"an attempt to notify was given up": "the same",
		"a notification was not delivered":  "the same, error",
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(source, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || method.Sel.Name == "Enabled" {
				return true
			}
			if logger, ok := method.X.(*ast.SelectorExpr); !ok || logger.Sel.Name != "Logger" {
				return true
			}
			if texts := literals(call); len(texts) > 0 {
				logged[texts[0]] = strings.Join(texts[1:], ", ")
			}
			return true
		})
	}
	require.Equal(t, logged, documented)
	t.Logf("records=%d", len(logged))
}

// literals are the text and the keys of a call of a logger.
func literals(call *ast.CallExpr) (list []string) {
	for _, arg := range call.Args {
		if attribute, ok := arg.(*ast.CallExpr); ok && len(attribute.Args) > 1 { // slog.String
			arg = attribute.Args[0]
		}
		if text, ok := arg.(*ast.BasicLit); ok && text.Kind == token.STRING {
			value, _ := strconv.Unquote(text.Value)
			list = append(list, value)
		}
	}
	return list
}
