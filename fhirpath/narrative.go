package fhirpath

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// narrativeFunctions judge the XHTML of a Narrative (invariants txt-1 and txt-2,
// https://hl7.org/fhir/narrative.html).
var narrativeFunctions = map[string]function{
	"htmlChecks":  {0, 0, htmlChecks},
	"htmlChecks2": {0, 0, htmlChecks},
}

// htmlChecks is empty for all but a single xhtml element, or a string.
func htmlChecks(f *frame, _ *call, _, in, out []Item) ([]Item, error) {
	if len(in) != 1 || in[0].typ != nil && in[0].typ.name != "xhtml" {
		return out, nil
	}
	s, ok := in[0].system().(string)
	if !ok {
		return out, nil
	}
	if err := f.charge(1 + len(s)/16); err != nil {
		return out, err
	}
	return truthOf(isNarrative(s)).appendTo(out), nil
}

const xhtml = "http://www.w3.org/1999/xhtml"

// narrativeElements are what HTML has for formatting, without head, body, scripts,
// forms, frames, objects and links to style sheets.
var narrativeElements = wordSet(`a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em
	h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var`)

// narrativeAttributes are allowed on all of them: none that handles an event.
var narrativeAttributes = wordSet(`abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing
	cellvalign char charoff charset cite class colspan dir frame headers height href hreflang id lang longdesc name
	nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type valign value width`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// isNarrative reports whether s is one well-formed div of allowed elements and
// attributes that has something to show.
func isNarrative(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	d.Entity = xml.HTMLEntity
	depth, roots, content := 0, 0, false
	for {
		token, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) && roots == 1 && content
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				if roots++; t.Name.Local != "div" {
					return false
				}
			}
			if depth++; depth > MaxDepth || t.Name.Space != xhtml || !narrativeElements[t.Name.Local] || !allowed(t.Attr) {
				return false
			}
			content = content || t.Name.Local == "img"
		case xml.EndElement:
			depth--
		case xml.CharData:
			text := strings.TrimSpace(string(t))
			if text != "" && depth == 0 {
				return false
			}
			content = content || text != ""
		case xml.Directive, xml.ProcInst:
			return false
		}
	}
}

func allowed(attributes []xml.Attr) bool {
	for _, a := range attributes {
		switch {
		case a.Name.Local == "xmlns" || a.Name.Space == "xmlns" || a.Name.Space == "xml":
		case a.Name.Space != "" || !narrativeAttributes[a.Name.Local]:
			return false
		case a.Name.Local == "href" || a.Name.Local == "src":
			if scheme, _, ok := strings.Cut(strings.TrimSpace(a.Value), ":"); ok && strings.EqualFold(scheme, "javascript") {
				return false
			}
		}
	}
	return true
}
