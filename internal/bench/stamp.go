package main

import (
	"bytes"
	"fmt"
	"strings"
)

// stamp makes of the subscription of Patient/p0, called id, that of another patient with
// a receiver of its own, called by its number.
func stamp(text []byte, id string, i int) []byte {
	for _, change := range stamps(id) {
		text = bytes.ReplaceAll(text, []byte(change.from), fmt.Append(nil, change.before, change.number(i), change.after))
	}
	return text
}

// stampSQL is stamp as an expression, in which i is a column: of takes the arguments of
// three replacements.
func stampSQL(of, id string) string {
	var args []any
	for _, change := range stamps(id) {
		number := "i"
		if change.receiver {
			number = fmt.Sprintf("(1 + i %% %d)", receivers)
		}
		args = append(args, fmt.Sprintf("'%s', '%s' || %s || '%s'", change.from, change.before, number, change.after))
	}
	return fmt.Sprintf(of, args...)
}

// change is a text that another one takes the place of, in whose middle is a number.
type change struct {
	from, before, after string
	receiver            bool
}

func (c change) number(i int) int {
	if c.receiver {
		return 1 + i%receivers
	}
	return i
}

func stamps(id string) [3]change {
	return [3]change{
		{from: id, before: "s"},
		{from: "Patient/p0", before: "Patient/p"},
		{from: "127.0.0.1:", before: "127.0.0.", after: ":", receiver: true},
	}
}

// insertCopies inserts what a table has into itself, but for the columns that have an
// expression of their own.
func insertCopies(table string, columns []string, own map[string]string, overriding, from string) string {
	values := make([]string, len(columns))
	for i, column := range columns {
		values[i] = column
		if expression, ok := own[column]; ok {
			values[i] = expression
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) %s SELECT %s FROM %s WHERE true", table, strings.Join(columns, ", "), overriding, strings.Join(values, ", "), from)
}

func scan(next func() bool, read func(*string) error) (all []string, err error) {
	for next() {
		var one string
		if err := read(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
