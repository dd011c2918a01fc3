package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// report counts, and keeps the shortest example of each class of differences.
type report struct {
	verbose                         bool // each difference is a class of its own
	total, agree, explained, differ int
	classes                         map[string]*class
}

// class is all differences of one kind between expressions of one form.
type class struct {
	form, kind string
	reason     string // "" if it is not explained
	count      int
	example    question
	our, their outcome
}

func newReport(verbose bool) *report { return &report{verbose: verbose, classes: map[string]*class{}} }

func (r *report) add(q question, our, their outcome) {
	r.total++
	kind := difference(our, their)
	if kind == agree {
		r.agree++
		return
	}
	reason := explain(q, kind, our, their)
	if reason == "" {
		r.differ++
	} else {
		r.explained++
	}
	key := strings.Join([]string{q.form, kind, reason}, "\x00")
	switch {
	case r.verbose:
		key += q.expression
	case reason != "":
		key = reason
	}
	c := r.classes[key]
	if c == nil {
		c = &class{form: q.form, kind: kind, reason: reason}
		r.classes[key] = c
	}
	if c.count++; c.count == 1 || len(q.expression) < len(c.example.expression) {
		c.example, c.our, c.their = q, our, their
	}
}

// print writes the classes, the explained ones only if verbose, and the sums.
func (r *report) print(w io.Writer) {
	list := make([]*class, 0, len(r.classes))
	for _, c := range r.classes {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *class) int {
		if a.count != b.count {
			return b.count - a.count
		}
		return strings.Compare(a.example.expression, b.example.expression)
	})
	for _, c := range list {
		if c.reason != "" && !r.verbose {
			continue
		}
		fmt.Fprintf(w, "%d × %s: %s\n    %s   (over a %v)\n    ours   %s\n    theirs %s\n", c.count, c.form, c.kind,
			c.example.expression, c.example.on.tree["resourceType"], c.our, c.their)
		if c.reason != "" {
			fmt.Fprintf(w, "    explained: %s\n", c.reason)
		}
	}
	fmt.Fprintf(w, "%d expressions, %d agree, %d explained, %d differ\n", r.total, r.agree, r.explained, r.differ)
}

// String shows the outcome on one line.
func (o outcome) String() string {
	if o.err != "" {
		return "error: " + o.err
	}
	list := make([]string, len(o.values))
	for i, v := range o.values {
		text := v.text
		if len(text) > 60 {
			text = strings.ToValidUTF8(text[:60], "") + "…"
		}
		list[i] = v.typ + " " + text
	}
	return "[" + strings.Join(list, ", ") + "]"
}
