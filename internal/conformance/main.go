package main

import (
	"errors"
	"fmt"
	"os"
)

// output is the page, seen from the module's root.
const output = "docs/conformance.md"

func main() {
	text, err := render(".")
	if text != "" {
		err = errors.Join(err, os.WriteFile(output, []byte(text), 0o644))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// render makes the page for the module at root; with an error it is what there is so far.
func render(root string) (string, error) {
	sections, err := parseRequirements(requirementsText)
	if err != nil {
		return "", err
	}
	found, err := collect(os.DirFS(root))
	if err != nil {
		return "", err
	}
	return page(sections, found)
}
