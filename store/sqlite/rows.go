package sqlite

import "strconv"

// rows are rows of integers for a statement that writes many at once. SQLite reads
// them by json_each as [[1,2],[3,4]].
type rows []byte

func (r *rows) add(values ...int64) {
	separator := byte('[')
	if len(*r) > 0 {
		separator = ','
	}
	*r = append(*r, separator)
	separator = '['
	for _, v := range values {
		*r = strconv.AppendInt(append(*r, separator), v, 10)
		separator = ','
	}
	*r = append(*r, ']')
}

func (r rows) json() string {
	if len(r) == 0 {
		return "[]"
	}
	return string(r) + "]"
}
