package fhirjson

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
)

const (
	date = `[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?`
	day  = `[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`
	hour = `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,9})?`
	zone = `(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])`
)

// formats are those of section 2.24.0.1 of the standard (data types), for the types
// whose texts are not free.
var formats = map[string]*regexp.Regexp{
	"base64Binary": regexp.MustCompile(`^[0-9a-zA-Z+/=\s]+$`),
	"canonical":    regexp.MustCompile(`^\S+$`),
	"code":         regexp.MustCompile(`^\S+( \S+)*$`),
	"date":         regexp.MustCompile(`^` + date + `$`),
	"dateTime":     regexp.MustCompile(`^(` + date + `|` + day + `T` + hour + zone + `)$`),
	"id":           regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`),
	"instant":      regexp.MustCompile(`^` + day + `T` + hour + zone + `$`),
	"integer64":    regexp.MustCompile(`^(0|-?[1-9][0-9]{0,18})$`),
	"oid":          regexp.MustCompile(`^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$`),
	"string":       regexp.MustCompile(`\S`),
	"markdown":     regexp.MustCompile(`\S`),
	"time":         regexp.MustCompile(`^` + hour + `$`),
	"uri":          regexp.MustCompile(`^\S+$`),
	"url":          regexp.MustCompile(`^\S+$`),
	"uuid":         uuid,
}

var uuid = regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// primitive returns what is wrong with a value of that type, "" if nothing is.
func primitive(name string, node fhirpath.Node) string {
	text := node.Text()
	switch name {
	case "boolean":
		if node.Kind() != fhirpath.Bool {
			return "want a boolean"
		}
		return ""
	case "integer", "unsignedInt", "positiveInt":
		i, err := strconv.ParseInt(text, 10, 32)
		if node.Kind() != fhirpath.Number || err != nil || name == "unsignedInt" && i < 0 || name == "positiveInt" && i < 1 {
			return "want a number, " + name
		}
		return ""
	case "decimal":
		if node.Kind() != fhirpath.Number {
			return "want a number"
		}
		return ""
	}
	if node.Kind() != fhirpath.String {
		return "want a string, " + name
	}
	if text == "" {
		return "is empty"
	}
	if format := formats[name]; format != nil && !format.MatchString(text) {
		return "is no " + name
	}
	if name == "uri" && strings.HasPrefix(text, "urn:uuid:") && !uuid.MatchString(text) {
		return "is no UUID"
	}
	return ""
}
