package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Suite is a file of cases. Fields that it has beside these are ignored.
type Suite struct {
	Name  string `json:"suite"`
	Cases []Case `json:"cases"`
}

// Case is an expression with what it has to give. Every field may be absent.
type Case struct {
	ID         string   `json:"id"`
	Expression string   `json:"expression"`
	Model      string   `json:"model"`   // "r4", "r4b", "r5" in any case; "" is the Runner's release
	Input      string   `json:"input"`   // name of a file; "" is the empty input, {}
	Outputs    []Output `json:"outputs"` // absent is the empty collection, as is []
	Error      string   `json:"error"`   // "syntax", "semantic", "execution" or "any"; "" if a result is wanted

	Predicate             bool     `json:"predicate"` // turn the result into one boolean first
	Ordered               *bool    `json:"ordered"`   // false: the order of the results does not matter
	CheckOrderedFunctions bool     `json:"checkOrderedFunctions"`
	Mode                  string   `json:"mode"`
	Tags                  []string `json:"tags"`
}

// Output is one item of the wanted result. An absent Type or Value is not
// compared.
type Output struct {
	Type         string          `json:"type"`
	Value        json.RawMessage `json:"value"`        // a string, or the JSON of any other value
	TypeInferred bool            `json:"typeInferred"` // Type was read off the value, not published
}

// Read reads a suite. Its errors name the file's base only by what the operating
// system says.
func Read(file string) (*Suite, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return nil, fmt.Errorf("cases: reading the suite: %w", err)
	}
	var s Suite
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("cases: reading the suite: %w", err)
	}
	return &s, nil
}

// strict reports whether the case asks for static checks.
func (c *Case) strict() bool {
	return c.Mode == "strict" || c.CheckOrderedFunctions ||
		slices.Contains(c.Tags, "static-type-check") || slices.Contains(c.Tags, "strict-mode")
}

// text returns the wanted value as text; ok is false if none is given.
func (o *Output) text() (text string, ok bool) {
	if len(o.Value) == 0 || string(o.Value) == "null" {
		return "", false
	}
	if json.Unmarshal(o.Value, &text) == nil {
		return text, true
	}
	return string(o.Value), true
}
