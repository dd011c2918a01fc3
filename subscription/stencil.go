package subscription

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/carillon-fhir/carillon/topic"
)

// stencil is what Specs have in common that differ in nothing but owner, id, end and the
// values of filters. A million Subscriptions have few of them: so each takes the memory of
// the texts that are its own, and is read without a reader, which has read the stencil.
//
// A Spec that has nothing in common with others has a stencil alone, of about its size.
type stencil struct {
	outline string        // the Spec's resource, with blank in place of each gap; "" if it is nobody else's
	model   *Subscription // what a Spec says, but for its gaps
	gaps    []gap         // in the order of the texts that belong there
	users   int           // the matcher's
}

// gap is a place for a text of a Subscription's own.
type gap struct {
	kind   gapKind
	filter int // of the Subscription, for the value of one
}

type gapKind uint8

const (
	gapID    gapKind = iota
	gapEnd           // an instant
	gapValue         // of a filter of R5
	gapQuery         // a value as in an address
)

// blank marks a gap, and ends each text. No JSON has it, and no text that is cut out.
const blank = "\x00"

// span is where a gap was cut.
type span struct {
	from, to int
	kind     gapKind
}

// cut is a Spec that has been taken apart. Its buffers are used again.
type cut struct {
	resource []byte
	spans    []span
	outline  []byte
	texts    []byte // the owner, then what is in the gaps
}

// read takes a Spec apart, as specOf has written it. It reports whether it could.
func (c *cut) read(spec []byte) bool {
	var owner []byte
	owner, c.resource = nil, spec
	if rest, ok := bytes.CutPrefix(spec, []byte(`{"owner":"`)); ok {
		end := bytes.IndexByte(rest, '"')
		if end < 0 || !isPlain(rest[:end]) {
			return false
		}
		owner = rest[:end]
		if c.resource, ok = bytes.CutPrefix(rest[end:], []byte(`","resource":`)); !ok {
			return false
		}
		if c.resource, ok = bytes.CutSuffix(c.resource, []byte("}")); !ok {
			return false
		}
	}
	if !bytes.HasPrefix(c.resource, []byte(`{"resourceType":`)) || bytes.Contains(c.resource, []byte(blank)) {
		return false
	}
	c.spans = appendSpans(c.spans[:0], c.resource)
	c.outline, c.texts = c.outline[:0], append(append(c.texts[:0], owner...), blank...)
	at := 0
	for _, s := range c.spans {
		c.outline = append(append(c.outline, c.resource[at:s.from]...), blank...)
		c.texts = append(append(c.texts, c.resource[s.from:s.to]...), blank...)
		at = s.to
	}
	c.outline = append(c.outline, c.resource[at:]...)
	return true
}

// isPlain reports whether a JSON string of these bytes says just them.
func isPlain(text []byte) bool {
	for _, b := range text {
		if b < ' ' || b == '\\' || b == '"' {
			return false
		}
	}
	return utf8.Valid(text)
}

// appendSpans finds the gaps of a resource.
func appendSpans(dst []span, resource []byte) []span {
	var name []byte // of the member whose value comes, once its colon has come
	depth, named := 0, false
	for i := 0; i < len(resource); i++ {
		switch resource[i] {
		case '{', '[':
			depth++
			named = false
		case '}', ']':
			depth--
			named = false
		case ',':
			named = false
		case ':':
			named = true
		case '"':
			from := i + 1
			for i = from; i < len(resource) && resource[i] != '"'; i++ {
				if resource[i] == '\\' {
					i++
				}
			}
			if i >= len(resource) {
				return dst
			}
			text := resource[from:i]
			if !named {
				name = text
			} else if isPlain(text) {
				dst = appendGaps(dst, name, text, from, depth == 1)
			}
		}
	}
	return dst
}

// appendGaps finds the gaps of a member whose value is that text.
func appendGaps(dst []span, name, text []byte, from int, ofResource bool) []span {
	kind := gapValue
	switch string(name) {
	case "id":
		kind = gapID
	case "end":
		kind = gapEnd
		if _, err := readInstant(string(text)); err != nil {
			return dst
		}
	case "criteria":
		if ofResource && isQuery(string(text)) {
			return appendQuery(dst, text, from)
		}
		return dst
	case "valueString":
		return appendQuery(dst, text, from)
	case "value":
		ofResource = true // wherever it is
	default:
		return dst
	}
	if len(text) == 0 || !ofResource {
		return dst
	}
	return append(dst, span{from, from + len(text), kind})
}

// appendQuery finds the values of parameters: what stands behind the first = of each.
func appendQuery(dst []span, text []byte, from int) []span {
	for pair := range bytes.SplitSeq(text, []byte("&")) {
		name, value, ok := bytes.Cut(pair, []byte("="))
		if ok && len(value) > 0 {
			if isQueryEscaped(value) {
				start := from + len(name) + 1
				dst = append(dst, span{start, start + len(value), gapQuery})
			}
		}
		from += len(pair) + 1
	}
	return dst
}

// isQueryEscaped reports whether a text can be read as that of a query.
func isQueryEscaped(text []byte) bool {
	if bytes.IndexByte(text, '%') < 0 {
		return true
	}
	_, err := url.QueryUnescape(string(text))
	return err == nil
}

// stencilOf returns a new stencil for the Spec that was cut, and what the Spec says. The
// reader decides what the gaps mean: it reads the Spec, and the same once more with other
// texts in the gaps. Where the stencil would not say the same as it, there are no gaps.
func (e *Engine) stencilOf(tenant string, spec []byte, c *cut) (*stencil, error) {
	s, err := e.restoreSpec(tenant, spec)
	if err != nil {
		return nil, err
	}
	st := &stencil{outline: string(c.outline), model: s}
	if slices.ContainsFunc(s.Filters, func(f topic.Filter) bool { return strings.HasPrefix(f.Value, samplePrefix) }) {
		return alone(s), nil // it can't be told from a sample
	}
	samples := s.Owner + blank
	for i, span := range c.spans {
		samples += span.sample(i) + blank
	}
	sampled, err := e.restore(Record{Tenant: tenant, Owner: s.Owner, Resource: st.fill(samples)})
	if err != nil {
		return alone(s), nil
	}
	next := 0
	for i, span := range c.spans {
		g := gap{kind: span.kind}
		if g.kind == gapValue || g.kind == gapQuery {
			more := slices.IndexFunc(sampled.Filters[next:], func(f topic.Filter) bool { return f.Value == span.sample(i) })
			if more < 0 {
				return alone(s), nil
			}
			g.filter = next + more
			next = g.filter + 1
		}
		st.gaps = append(st.gaps, g)
	}
	if !reflect.DeepEqual(st.subscription(tenant, samples), sampled) || !reflect.DeepEqual(st.subscription(tenant, string(c.texts)), s) {
		return alone(s), nil
	}
	model := *s
	model.Resource = nil // which the outline has
	st.model = &model
	return st, nil
}

// sample is a text for the i-th gap that no other has, and no filter of the Spec.
func (s span) sample(i int) string {
	if s.kind == gapEnd {
		return "1999-12-31T23:59:59.125Z"
	}
	return samplePrefix + strings.Repeat("0", i)
}

const samplePrefix = "sample-"

// alone is the stencil of one Subscription.
func alone(s *Subscription) *stencil { return &stencil{model: s} }

// subscription returns what the Spec says that has these texts.
func (st *stencil) subscription(tenant, texts string) *Subscription {
	if st.outline == "" {
		return st.model
	}
	s := *st.model
	s.Filters = slices.Clone(s.Filters)
	st.put(texts, &s)
	s.Tenant, s.Resource = tenant, st.fill(texts)
	return &s
}

// put gives s, a copy of the model with filters of its own, the texts, but not the
// resource that has them.
func (st *stencil) put(texts string, s *Subscription) {
	if st.outline == "" {
		return
	}
	s.Owner, texts, _ = strings.Cut(texts, blank)
	var text string
	for _, g := range st.gaps {
		switch text, texts, _ = strings.Cut(texts, blank); g.kind {
		case gapID:
			s.ID = text
		case gapEnd:
			s.End, _ = readInstant(text)
		case gapValue:
			s.Filters[g.filter].Value = text
		case gapQuery:
			s.Filters[g.filter].Value, _ = url.QueryUnescape(text)
		}
	}
}

// fill returns the resource that has these texts.
func (st *stencil) fill(texts string) json.RawMessage {
	resource := make([]byte, 0, len(st.outline)+len(texts))
	_, texts, _ = strings.Cut(texts, blank) // the owner is not in it
	rest := st.outline
	for {
		part, after, ok := strings.Cut(rest, blank)
		if resource = append(resource, part...); !ok {
			return resource
		}
		part, texts, _ = strings.Cut(texts, blank)
		resource, rest = append(resource, part...), after
	}
}

// readInstant reads an instant as the engine keeps it.
func readInstant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.UTC().Truncate(time.Microsecond), err
}
