package fhirpath

// ResourceTypeOf returns the value of the member resourceType of a JSON object,
// without its quotes, as a part of raw. It allocates nothing and is fastest where
// the member is the first, as nearly all servers write it. It returns nil where
// there is none, and where the name or the value is written with escapes.
//
// It reads no further than it must and is no check of raw: Parse is.
func ResourceTypeOf(raw []byte) []byte {
	i := space(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return nil
	}
	for {
		i = space(raw, i+1)
		if i >= len(raw) || raw[i] != '"' {
			return nil
		}
		end, _, problem := str(raw, i)
		if problem != "" {
			return nil
		}
		found := string(raw[i:end]) == `"resourceType"`
		i = space(raw, end)
		if i >= len(raw) || raw[i] != ':' {
			return nil
		}
		i = space(raw, i+1)
		if found {
			if i >= len(raw) || raw[i] != '"' {
				return nil
			}
			end, esc, problem := str(raw, i)
			if problem != "" || esc != 0 {
				return nil
			}
			return raw[i+1 : end-1]
		}
		if i = skip(raw, i); i >= len(raw) || raw[i] != ',' {
			return nil
		}
	}
}

// skip returns the offset of the comma or bracket behind the value at i, or the
// length of raw if there is none.
func skip(raw []byte, i int) int {
	depth := 0
	for i < len(raw) {
		switch raw[i] {
		case '"':
			end, _, problem := str(raw, i)
			if problem != "" {
				return len(raw)
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return len(raw)
}
