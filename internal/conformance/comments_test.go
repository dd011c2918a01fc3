package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every package that others import, and every exported name, field and method of an
// interface in it, has a comment.
func TestExportedNamesHaveComments(t *testing.T) {
	module, all, bare := os.DirFS(root), 0, []string{}
	for _, folder := range public(t, module) {
		names, err := fs.Glob(module, path.Join(folder, "*.go"))
		require.NoError(t, err)
		c := commented{}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				c.file(parsed(t, module, token.NewFileSet(), name))
			}
		}
		all += c.all
		if !c.packageDoc {
			bare = append(bare, "package "+folder)
		}
		for _, name := range c.bare {
			bare = append(bare, folder+"."+name)
		}
	}
	t.Logf("names=%d without a comment=%d", all, len(bare))
	require.Empty(t, bare, "go doc says nothing of these")
}

func TestWhatCountsAsAComment(t *testing.T) {
	for _, test := range []struct{ source, bare string }{
		{"func F() {}\ntype t int\nfunc (t) M() {}\nfunc f() {}", "F"},
		{"// T.\ntype T[P any] struct {\n\tA, B int // both\n\tC, d int\n\t// E.\n\tE struct{ F int }\n}\nfunc (*T[P]) M() {}", "T.C T.E.F T.M"},
		{"// I.\ntype I interface {\n\tM()\n\t// N.\n\tN()\n\terror\n}", "I.M"},
		{"const A = 1\n\n// Some.\nconst (\n\tB = iota\n\tC\n)\nvar (\n\t// D.\n\tD int\n\tE int // E\n\tF, g int\n)", "A F"},
		{"// T.\ntype T []struct{ A map[string]*struct{ B int } }", "T.A T.A.B"},
		{"//go:noinline\nfunc F() {}\n\n// Deprecated: G.\nfunc G() {}", "F"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "p.go", "package p\n"+test.source, parser.ParseComments)
		require.NoError(t, err)
		c := commented{}
		c.file(file)
		require.Equal(t, test.bare, strings.Join(c.bare, " "), test.source)
		require.False(t, c.packageDoc)
	}
}

// commented counts the exported names of files, and keeps those without a comment.
type commented struct {
	all        int
	bare       []string
	packageDoc bool
}

func (c *commented) file(file *ast.File) {
	c.packageDoc = c.packageDoc || file.Doc.Text() != ""
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				receiver := receiverOf(d.Recv.List[0].Type)
				if !ast.IsExported(receiver) {
					continue
				}
				name = receiver + "." + name
			}
			c.name(ast.IsExported(d.Name.Name), name, d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if c.name(s.Name.IsExported(), s.Name.Name, d.Doc, s.Doc, s.Comment); s.Name.IsExported() {
						c.fields(s.Name.Name, s.Type)
					}
				case *ast.ValueSpec:
					for _, ident := range s.Names {
						c.name(ident.IsExported(), ident.Name, d.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
}

// fields looks at what a type has in it: an embedded one has its own comment.
func (c *commented) fields(name string, typ ast.Expr) {
	ast.Inspect(typ, func(n ast.Node) bool {
		var list *ast.FieldList
		switch n := n.(type) {
		case *ast.StructType:
			list = n.Fields
		case *ast.InterfaceType:
			list = n.Methods
		case *ast.FuncType:
			return false
		default:
			return true
		}
		for _, field := range list.List {
			for _, ident := range field.Names {
				if c.name(ident.IsExported(), name+"."+ident.Name, field.Doc, field.Comment); ident.IsExported() {
					c.fields(name+"."+ident.Name, field.Type)
				}
			}
		}
		return false
	})
}

// name counts an exported name, on which any of the comments may say something.
func (c *commented) name(exported bool, name string, comments ...*ast.CommentGroup) {
	if !exported {
		return
	}
	c.all++
	for _, comment := range comments {
		if comment.Text() != "" { // without directives
			return
		}
	}
	c.bare = append(c.bare, name)
}

// receiverOf is the name of a method's type, without its star and its parameters.
func receiverOf(typ ast.Expr) string {
	switch t := typ.(type) {
	case *ast.StarExpr:
		return receiverOf(t.X)
	case *ast.IndexExpr:
		return receiverOf(t.X)
	case *ast.IndexListExpr:
		return receiverOf(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}
