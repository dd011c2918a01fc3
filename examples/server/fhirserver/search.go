package fhirserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/topic/search"
)

// search serves GET Type?criteria and POST Type/_search. It looks at every current
// resource of the type, or at those that _id names.
func (s *Server) search(ctx context.Context, v view, in *interaction) (*result, error) {
	query := in.query
	if in.form != "" {
		query = strings.TrimPrefix(query+"&"+in.form, "&")
	}
	p, err := readParameters(query, "_count", "_sort", "_total")
	if err != nil {
		return nil, err
	}
	criteria, err := v.parseCriteria(s.cfg.BaseURL, in.path[0], strings.Join(p.criteria, "&"))
	if err != nil {
		return nil, err
	}
	after, err := p.position()
	if err != nil {
		return nil, err
	}
	var page []*version
	var next string
	total := 0
	err = v.find(ctx, s.cfg.BaseURL, in.path[0], criteria, p.sort, func(found *version) bool {
		total++
		switch {
		case !after(found):
		case len(page) < p.count:
			page = append(page, found)
		case next == "" && p.count > 0:
			next = p.key(page[len(page)-1])
		}
		return p.total || next == ""
	})
	if err != nil {
		return nil, err
	}
	shown := &total
	if !p.total {
		shown = nil
	}
	b := newBundle("searchset", shown, p.links(s.cfg.BaseURL+"/"+in.path[0], next))
	for _, found := range page {
		b.match(s.cfg.BaseURL, found)
	}
	return &result{status: http.StatusOK, resource: b.bytes()}, nil
}

// key returns the cursor of a page that ends with v.
func (p *parameters) key(v *version) string {
	if strings.HasSuffix(p.sort, "_id") {
		return v.id
	}
	return strconv.FormatInt(v.seq, 10)
}

// position returns whether a version comes behind the page before.
func (p *parameters) position() (after func(*version) bool, err error) {
	descending := strings.HasPrefix(p.sort, "-")
	switch {
	case p.cursor == "":
		return func(*version) bool { return true }, nil
	case strings.HasSuffix(p.sort, "_id"):
		return func(v *version) bool { return v.id != p.cursor && (v.id < p.cursor) == descending }, nil
	}
	seq, err := strconv.ParseInt(p.cursor, 10, 64)
	if err != nil {
		return nil, errCursor
	}
	return func(v *version) bool { return v.seq != seq && (v.seq < seq) == descending }, nil
}

var errCursor = invalid("%s is not one that this server gave out", cursorParameter)

// match finds the one resource that a conditional interaction means; nil if there is
// none, errAmbiguous if there are several. Nobody else writes what it has found until
// the transaction ends, or makes another conditional write to the type.
func (t *txn) match(ctx context.Context, resourceType, query string) (*version, error) {
	if strings.Trim(query, "&") == "" {
		return nil, errNoCriteria
	}
	base := t.server.cfg.BaseURL
	criteria, err := t.parseCriteria(base, resourceType, query)
	if err != nil {
		return nil, err
	}
	if err := t.hold(ctx, resourceType, ""); err != nil {
		return nil, err
	}
	var matches []*version
	err = t.find(ctx, base, resourceType, criteria, "_id", func(v *version) bool {
		matches = append(matches, v)
		return len(matches) < 2
	})
	switch {
	case err != nil:
		return nil, err
	case len(matches) == 0:
		return nil, nil
	case len(matches) > 1:
		return nil, errAmbiguous
	}
	return matches[0], nil
}

// parseCriteria reads search criteria, all of which must be known and computable.
func (s view) parseCriteria(base, resourceType, query string) (search.Criteria, error) {
	criteria, err := search.ParseQuery(search.Options{Release: s.release, Host: s.host(base)}, resourceType, query)
	if err != nil {
		var refused *search.Error
		if errors.As(err, &refused) {
			return nil, invalid("%s", refused.Error()).at("http." + refused.Parameter)
		}
		return nil, err
	}
	return criteria, nil
}

// find calls found for each resource of the type that meets the criteria, in the
// given order, until it returns false.
func (s view) find(ctx context.Context, base, resourceType string, criteria search.Criteria, sort string, found func(*version) bool) error {
	columns, each := versionColumns, s.each
	if criteria.NeedsHost() {
		columns, each = "v.seq", s.eachBySeq
	}
	query, args := `SELECT `+columns+` FROM server_current c CROSS JOIN server_version v
		WHERE v.seq = c.seq AND c.tenant = $1 AND c.type = $2`, []any{s.tenant, resourceType}
	order := "c.id"
	if strings.HasSuffix(sort, "_lastUpdated") {
		query = `SELECT ` + columns + ` FROM server_version v CROSS JOIN server_current c
			WHERE c.tenant = v.tenant AND c.type = v.type AND c.id = v.id AND c.seq = v.seq AND v.tenant = $1 AND v.type = $2`
		order = "v.seq"
	}
	for _, c := range criteria {
		if c.Parameter().Code == "_id" && c.Modifier == "" {
			ids := slices.DeleteFunc(strings.Split(c.Value, ","), func(id string) bool { return !fhirpath.IsID(id) })
			list, _ := json.Marshal(ids) // strings: it cannot fail
			args = append(args, string(list))
			query += fmt.Sprintf(` AND c.id IN (`+s.elements+`)`, fmt.Sprint("$", len(args)))
		}
	}
	if strings.HasPrefix(sort, "-") {
		order += " DESC"
	}
	query += ` AND v.body IS NOT NULL ORDER BY ` + order
	var seen *search.View
	return each(ctx, func(v *version) (more bool, err error) {
		if len(criteria) > 0 {
			doc, err := fhirpath.Parse(v.body)
			if err != nil {
				return false, err
			}
			if seen == nil {
				seen = search.NewView(doc.Root(), base)
			} else {
				seen.Reset(doc.Root(), base)
			}
			switch ok, err := criteria.Test(ctx, seen); {
			case err != nil:
				return false, unsupported("the search cannot be evaluated on a resource that it would have to look at")
			case !ok:
				return true, nil
			}
		}
		return found(v), nil
	}, query, args...)
}

// formQuery checks the form of a POST _search, which has the syntax of a query.
func formQuery(body []byte) (string, error) {
	if _, err := url.ParseQuery(string(body)); err != nil {
		return "", invalid("the form is not percent-encoded")
	}
	return strings.TrimSpace(string(body)), nil
}
