package main

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// unshown are exported features without a running Example, with the reason.
var unshown = map[string]string{
	"channel/channeltest.Run": "needs a testing.T; docs/extend has one that runs",
	"store/storetest.Run":     "needs a testing.T; docs/extend has one that runs",
	"store/storetest.Bench":   "needs a testing.B; each store has one",
	"topic/topictest.Run":     "needs a testing.T; docs/extend has one that runs",

	"store/postgres.New":           "needs a server: TestExamples runs the Examples without output, docs/embed TestPgx another",
	"store/postgres.Config":        "needs a server, as New does",
	"store/postgres.Store.Migrate": "needs a server, as New does",
	"store/postgres.Store.SQLTx":   "needs a server, as New does",
	"store/postgres.Store.Reshard": "needs a server, as New does",

	"subscription.LeaseName":     "for the engine and implementations of Sharded",
	"subscription.Record.Freeze": "for implementations of Store",
}

// Every exported feature is shown by an Example that runs: a function, a type that does
// something or configures something, and what it does.
func TestFeaturesAreShown(t *testing.T) {
	module := os.DirFS(root)
	shown, examples := shownBy(t, module)
	all, missing := 0, []string{}
	folders := public(t, module)
	interfaces := promised(t, module, folders)
	for _, folder := range folders {
		for _, feature := range features(t, module, folder, interfaces) {
			all++
			name := folder + "." + feature
			there := shown[name]
			if _, method, ok := strings.Cut(feature, "."); ok {
				there = shown[folder+".."+method]
			}
			if !there && unshown[name] == "" {
				missing = append(missing, name)
			} else if there && unshown[name] != "" {
				t.Errorf("%s is shown, and listed as if it were not", name)
			}
		}
	}
	t.Logf("examples=%d features=%d shown=%d", examples, all, all-len(missing)-len(unshown))
	require.Empty(t, missing, "no Example that runs shows these")
}

// public lists the folders of the packages that others import.
func public(t *testing.T, module fs.FS) (folders []string) {
	seen := map[string]bool{}
	require.NoError(t, fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains([]string{"internal", "examples", "docs", "testdata", "build", ".git"}, name) {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			seen[path.Dir(name)] = true
		}
		return err
	}))
	return slices.Sorted(maps.Keys(seen))
}

// features are the exported functions of a package, its types that have methods or are named
// Config, and their methods but for those that implement an interface: whoever has it calls these.
func features(t *testing.T, module fs.FS, folder string, interfaces [][]string) (list []string) {
	files := token.NewFileSet()
	var sources []*ast.File
	names, err := fs.Glob(module, path.Join(folder, "*.go"))
	require.NoError(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			sources = append(sources, parsed(t, module, files, name))
		}
	}
	d, err := doc.NewFromFiles(files, sources, modulePath+"/"+folder)
	require.NoError(t, err)
	for _, f := range d.Funcs {
		list = append(list, f.Name)
	}
	for _, typ := range d.Types {
		for _, f := range typ.Funcs {
			list = append(list, f.Name)
		}
		asked := askedOf(typ.Methods, interfaces)
		for _, f := range typ.Methods {
			if !plumbing[f.Name] && !asked[f.Name] {
				list = append(list, typ.Name+"."+f.Name)
			}
		}
		if strings.HasSuffix(typ.Name, "Config") {
			list = append(list, typ.Name)
		}
	}
	return list
}

// plumbing are methods by which types fit in with others; nobody calls them by name.
var plumbing = map[string]bool{"Error": true, "Unwrap": true, "Is": true, "String": true, "SubscriptionError": true, "Format": true, "ServeHTTP": true}

// askedOf are the methods by which a type implements interfaces.
func askedOf(methods []*doc.Func, interfaces [][]string) map[string]bool {
	asked := map[string]bool{}
	for _, names := range interfaces {
		if !slices.ContainsFunc(names, func(name string) bool {
			return !slices.ContainsFunc(methods, func(f *doc.Func) bool { return f.Name == name })
		}) {
			for _, name := range names {
				asked[name] = true
			}
		}
	}
	return asked
}

// promised are the interfaces of the packages, by their methods' names.
func promised(t *testing.T, module fs.FS, folders []string) (interfaces [][]string) {
	for _, folder := range folders {
		names, err := fs.Glob(module, path.Join(folder, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			ast.Inspect(parsed(t, module, token.NewFileSet(), name), func(n ast.Node) bool {
				i, ok := n.(*ast.InterfaceType)
				if !ok {
					return true
				}
				var methods []string
				for _, m := range i.Methods.List {
					for _, ident := range m.Names {
						methods = append(methods, ident.Name)
					}
				}
				interfaces = append(interfaces, methods)
				return true
			})
		}
	}
	return interfaces
}

const modulePath = "github.com/carillon-fhir/carillon"

// shownBy returns what the Examples with an output, and what they call in their package,
// mention: a function or type as FOLDER.NAME, and a method that is called as FOLDER..NAME for
// their own package and those that the file imports, whichever type has it.
func shownBy(t *testing.T, module fs.FS) (shown map[string]bool, examples int) {
	shown = map[string]bool{}
	folders := map[string][]string{}
	require.NoError(t, fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains([]string{"testdata", "build", ".git"}, entry.Name()) {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(name, "_test.go") {
			folders[path.Dir(name)] = append(folders[path.Dir(name)], name)
		}
		return err
	}))
	for folder, names := range folders {
		calls, bodies, files := []string{}, map[string][]func(){}, token.NewFileSet()
		var sources []*ast.File
		for _, name := range names {
			file := parsed(t, module, files, name)
			sources = append(sources, file)
			imports := map[string]string{}
			for _, spec := range file.Imports {
				imported, _ := strconv.Unquote(spec.Path.Value)
				if f, ours := strings.CutPrefix(imported, modulePath+"/"); ours {
					alias := path.Base(f)
					if spec.Name != nil {
						alias = spec.Name.Name
					}
					imports[alias] = f
				}
			}
			inside := !strings.HasSuffix(file.Name.Name, "_test")
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				key := f.Name.Name
				bodies[key] = append(bodies[key], func() {
					ast.Inspect(f, func(n ast.Node) bool {
						switch n := n.(type) {
						case *ast.SelectorExpr:
							if x, ok := n.X.(*ast.Ident); ok && imports[x.Name] != "" {
								shown[imports[x.Name]+"."+n.Sel.Name] = true
								break
							}
							calls = append(calls, n.Sel.Name)
							for _, imported := range imports {
								shown[imported+".."+n.Sel.Name] = true
							}
							shown[folder+".."+n.Sel.Name] = true
						case *ast.Ident:
							calls = append(calls, n.Name)
							if inside {
								shown[folder+"."+n.Name] = true
							}
						}
						return true
					})
				})
			}
		}
		for _, e := range doc.Examples(sources...) {
			if e.Output != "" || e.EmptyOutput {
				examples++
				calls = append(calls, "Example"+e.Name)
			}
		}
		for len(calls) > 0 {
			next := calls[0]
			calls = calls[1:]
			todo := bodies[next]
			delete(bodies, next)
			for _, body := range todo {
				body()
			}
		}
	}
	return shown, examples
}

func parsed(t *testing.T, module fs.FS, files *token.FileSet, name string) *ast.File {
	source, err := fs.ReadFile(module, name)
	require.NoError(t, err)
	file, err := parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	return file
}
