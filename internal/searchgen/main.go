// Command searchgen makes the tables of search parameters that topic/search
// embeds, from the compact tables of HL7's definitions in the shared data folder:
//
//	go run ./internal/searchgen -shared ../shared -out topic/search/definitions
//
// A definition that has several base types, such as clinical-patient with its
// thirty alternatives, becomes one row a type that holds that type's alternatives
// only, so that nothing is compiled or evaluated for other types.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/carillon-fhir/carillon/internal/union"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("searchgen: ")
	shared := flag.String("shared", "", "the shared data folder, which holds spec/search-parameters")
	out := flag.String("out", "", "the folder to write r4.tsv, r4b.tsv and r5.tsv to")
	flag.Parse()
	if *shared == "" || *out == "" {
		flag.Usage()
		os.Exit(2)
	}
	for _, release := range []string{"r4", "r4b", "r5"} {
		source, err := os.ReadFile(filepath.Join(*shared, "spec", "search-parameters", release+".compact.tsv"))
		if err != nil {
			log.Fatal(err)
		}
		table, err := generate(string(source))
		if err != nil {
			log.Fatalf("%s: %v", release, err)
		}
		if err := os.WriteFile(filepath.Join(*out, release+".tsv"), table, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// definition is one row of the source.
type definition struct {
	url, code, kind, expression, component string
	bases, targets                         []string
}

// generate turns a source table into ours: the first line lists the resource
// types, then follows a line for each type and code, sorted:
// type, code, kind, url, expression, targets, components.
func generate(source string) ([]byte, error) {
	definitions, err := read(source)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	types := []string{"Parameters"} // no parameter has it as base or target before R5
	for _, d := range definitions {
		kinds[d.url] = d.kind
		types = append(append(types, d.bases...), d.targets...)
	}
	slices.Sort(types)
	types = slices.DeleteFunc(slices.Compact(types), func(t string) bool { return t == "Resource" || t == "DomainResource" })
	most := 0
	for _, d := range definitions {
		most = max(most, len(d.targets))
	}

	var rows []string
	for _, d := range definitions {
		components := componentKinds(d, kinds)
		targets := strings.Join(d.targets, ",")
		if len(d.targets) == most {
			targets = "*"
		}
		for _, base := range d.bases {
			// Some definitions list a base that none of their alternatives serves. The
			// row then has no expression, and the parameter is refused for that type.
			rows = append(rows, strings.Join([]string{
				base, d.code, d.kind, d.url, union.For(base, d.expression), targets, components,
			}, "\t"))
		}
	}
	slices.Sort(rows)
	var b bytes.Buffer
	b.WriteString(strings.Join(types, ","))
	b.WriteByte('\n')
	for _, row := range rows {
		b.WriteString(row)
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}

// read parses the source; its columns are named by its first line.
func read(source string) ([]definition, error) {
	lines := strings.Split(strings.TrimRight(source, "\n"), "\n")
	column := map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		column[name] = i
	}
	for _, name := range []string{"url", "code", "type", "base", "expression", "target", "component"} {
		if _, ok := column[name]; !ok {
			return nil, fmt.Errorf("the source has no column %s", name)
		}
	}
	var definitions []definition
	for i, line := range lines[1:] {
		cells := strings.Split(line, "\t")
		if len(cells) != len(column) {
			return nil, fmt.Errorf("line %d has %d cells, want %d", i+2, len(cells), len(column))
		}
		list := func(name string) []string {
			return strings.FieldsFunc(cells[column[name]], func(r rune) bool { return r == ',' })
		}
		definitions = append(definitions, definition{
			url:        cells[column["url"]],
			code:       cells[column["code"]],
			kind:       cells[column["type"]],
			expression: cells[column["expression"]],
			component:  cells[column["component"]],
			bases:      list("base"),
			targets:    list("target"),
		})
	}
	return definitions, nil
}

// componentKinds rewrites "url|expression;…" to "kind=expression;…". The kind is
// empty if the component names a definition that is not in the source (R5 has one
// such); such a composite is refused when it is used.
func componentKinds(d definition, kinds map[string]string) string {
	if d.component == "" {
		return ""
	}
	var out []string
	for _, component := range strings.Split(d.component, ";") {
		url, expression, _ := strings.Cut(component, "|")
		// R4 and R4B write one cast as as(DateTime), a type that FHIR does not have.
		expression = strings.ReplaceAll(expression, "as(DateTime)", "as(dateTime)")
		out = append(out, kinds[url]+"="+expression)
	}
	return strings.Join(out, ";")
}
