package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// named is a test, an example or a fuzz target, by its package's folder and its name.
type named struct{ folder, name string }

// tests are those of a tree, with the requirements that each asserts.
type tests map[named][]string

// collect reads every test file below root. It fails for an annotation that is in no test.
func collect(root fs.FS) (tests, error) {
	found := tests{}
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || slices.Contains([]string{"testdata", "build", "node_modules"}, entry.Name())):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return found.file(name, source)
	})
	return found, err
}

func (found tests) file(name string, source []byte) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	of := func(c *ast.Comment) (named, bool) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !isTest(f) && !isPart(f) {
				continue
			}
			from := f.Pos()
			if f.Doc != nil {
				from = f.Doc.Pos()
			}
			if from <= c.Pos() && (c.Pos() < f.End() || files.Position(c.Pos()).Line == files.Position(f.End()).Line) {
				return named{path.Dir(name), strings.ToUpper(f.Name.Name[:1]) + f.Name.Name[1:]}, true
			}
		}
		return named{}, false
	}
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && isTest(f) {
			found[named{path.Dir(name), f.Name.Name}] = nil
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			ids, ok := strings.CutPrefix(c.Text, "// spec: ")
			if !ok {
				continue
			}
			test, ok := of(c)
			if !ok {
				return fmt.Errorf("%v: spec: belongs into a test", files.Position(c.Pos()))
			}
			for id := range strings.SplitSeq(ids, ",") {
				if id = strings.TrimSpace(id); !slices.Contains(found[test], id) {
					found[test] = append(found[test], id)
				}
			}
		}
	}
	return nil
}

// isPart holds for testX, which is TestX for each of its stores or releases.
func isPart(f *ast.FuncDecl) bool {
	return f.Recv == nil && len(f.Name.Name) > 4 && f.Name.Name[:4] == "test" && f.Name.Name[4] >= 'A' && f.Name.Name[4] <= 'Z'
}

// isTest holds for what go test runs.
func isTest(f *ast.FuncDecl) bool {
	for _, kind := range []string{"Test", "Example", "Fuzz"} {
		rest, ok := strings.CutPrefix(f.Name.Name, kind)
		if ok && f.Recv == nil && f.Body != nil && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return f.Name.Name != "TestMain"
		}
	}
	return false
}
