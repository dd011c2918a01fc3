package fhirserver

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/carillon-fhir/carillon/examples/host"
)

// history serves _history of a resource, a type or all, newest first.
func (s *Server) history(ctx context.Context, v view, in *interaction) (*result, error) {
	p, err := readParameters(in.query, "_count", "_since")
	if err != nil {
		return nil, err
	}
	if len(p.criteria) > 0 {
		return nil, unsupported("a history has no parameters but _count and _since")
	}
	where, args := `v.tenant = $1`, []any{v.tenant}
	narrow := func(condition string, arg any) {
		args = append(args, arg)
		where += fmt.Sprintf(" AND %s $%d", condition, len(args))
	}
	scope := in.path[:len(in.path)-1]
	for i, column := range []string{"v.type", "v.id"}[:len(scope)] {
		narrow(column+" =", scope[i])
	}
	if len(scope) == 2 {
		if _, err := v.newest(ctx, scope[0], scope[1]); err != nil {
			return nil, err
		}
	}
	if !p.since.IsZero() {
		// Rounded up: an instant between two milliseconds excludes the earlier.
		narrow("v.updated >=", (p.since.UnixMicro()+999)/1000)
	}
	total := 0
	if err := v.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM server_version v WHERE `+where, args...).Scan(&total); err != nil {
		return nil, host.Failed("counting versions", err)
	}
	if p.cursor != "" {
		before, err := strconv.ParseInt(p.cursor, 10, 64)
		if err != nil {
			return nil, errCursor
		}
		narrow("v.seq <", before)
	}
	var page []*version
	next := ""
	err = v.each(ctx, func(past *version) (bool, error) {
		if len(page) == p.count {
			if p.count > 0 {
				next = strconv.FormatInt(page[p.count-1].seq, 10)
			}
			return false, nil
		}
		page = append(page, past)
		return true, nil
	}, `SELECT `+versionColumns+` FROM server_version v WHERE `+where+` ORDER BY v.seq DESC LIMIT $`+strconv.Itoa(len(args)+1), append(args, p.count+1)...)
	if err != nil {
		return nil, err
	}
	b := newBundle("history", &total, p.links(s.cfg.BaseURL+"/"+strings.Join(in.path, "/"), next))
	for _, past := range page {
		b.past(s.cfg.BaseURL, past)
	}
	return &result{status: http.StatusOK, resource: b.bytes()}, nil
}
