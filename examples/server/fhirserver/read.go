package fhirserver

import (
	"context"
	"net/http"
	"strconv"
)

// read serves GET Type/id, with If-None-Match.
func (s *Server) read(ctx context.Context, v view, in *interaction) (*result, error) {
	if in.query != "" {
		return nil, errNoParameters
	}
	found, err := v.newest(ctx, in.path[0], in.path[1])
	if err != nil {
		return nil, err
	}
	return in.show(found)
}

// vread serves GET Type/id/_history/version.
func (s *Server) vread(ctx context.Context, v view, in *interaction) (*result, error) {
	if in.query != "" {
		return nil, errNoParameters
	}
	number, err := strconv.ParseInt(in.path[3], 10, 64)
	if err != nil {
		return nil, errNotFound // versions of this server are numbers
	}
	found, err := v.numbered(ctx, in.path[0], in.path[1], number)
	if err != nil {
		return nil, err
	}
	return in.show(found)
}

var errNoParameters = unsupported("this server has no parameters for a read")

func (in *interaction) show(v *version) (*result, error) {
	if v.body == nil {
		return nil, errDeleted
	}
	if in.ifNoneMatch != "" {
		switch known, err := entityTag(in.ifNoneMatch, "If-None-Match"); {
		case err != nil:
			return nil, err
		case known == v.number:
			return &result{status: http.StatusNotModified, version: v}, nil
		}
	}
	return &result{status: http.StatusOK, resource: v.body, version: v}, nil
}

// entityTag reads the version from an entity tag of this server, W/"3"; 0 for a tag
// that cannot be one of its own.
func entityTag(tag, header string) (int64, error) {
	if len(tag) > 2 && tag[:2] == "W/" {
		tag = tag[2:]
	}
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return 0, invalid(`%s must be one entity tag, such as W/"3"`, header)
	}
	number, err := strconv.ParseInt(tag[1:len(tag)-1], 10, 64)
	if err != nil || number < 1 {
		return 0, nil
	}
	return number, nil
}
