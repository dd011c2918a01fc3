package fhirproxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/carillon-fhir/carillon/fhirpath"
	"github.com/carillon-fhir/carillon/subscription"
)

// version is a resource as the upstream had it at some time.
type version struct {
	resourceType, id string
	number           string          // meta.versionId, or what stands for it; never read as a number
	raw              json.RawMessage // nil: it was deleted
	updated          time.Time       // zero: the upstream does not say
	first            bool            // a history says that there was none before
}

// ref names a resource, such as Patient/1.
func ref(resourceType, id string) string { return resourceType + "/" + id }

func (v *version) ref() string { return ref(v.resourceType, v.id) }

// versionOf reads a resource; nil if it is none with an id.
func versionOf(root fhirpath.Node) *version {
	v := &version{resourceType: root.Get("resourceType").Text(), id: root.Get("id").Text(), raw: root.Raw()}
	if v.resourceType == "" || !fhirpath.IsID(v.id) {
		return nil
	}
	meta := root.Get("meta")
	v.updated, _ = time.Parse(time.RFC3339Nano, meta.Get("lastUpdated").Text())
	if v.number = meta.Get("versionId").Text(); v.number == "" {
		v.number = meta.Get("lastUpdated").Text()
	}
	if v.number == "" { // an upstream without versions: what is the same is no change
		sum := sha256.Sum256(v.raw)
		v.number = hex.EncodeToString(sum[:])
	}
	return v
}

// change is something to record, and the name by which it is recorded once only.
type change struct {
	subscription.ResourceChange
	seen string
}

func (v *version) seen() string { return v.ref() + "/_history/" + v.number }

// after makes the change from before, nil if there was none, to v.
func (v *version) after(before *version) change {
	switch {
	case v.raw == nil:
		return change{subscription.ResourceChange{Interaction: subscription.Delete, Previous: before.raw, At: v.updated}, before.seen() + "/deleted"}
	case before == nil || before.raw == nil:
		return change{subscription.ResourceChange{Interaction: subscription.Create, Resource: v.raw, At: v.updated}, v.seen()}
	}
	return change{subscription.ResourceChange{Interaction: subscription.Update, Resource: v.raw, Previous: before.raw, At: v.updated}, v.seen()}
}

// by says by which request a change was made.
func (c change) by(t target, status int) change {
	c.Method, c.Status = t.method, strconv.Itoa(status)
	if t.method == http.MethodPost {
		c.URL = t.resourceType
	}
	return c
}

// read reads the newest version of a resource; nil if there is none.
func (r reader) read(ctx context.Context, resourceType, id string) (*version, error) {
	doc, err := r.get(ctx, ref(resourceType, id))
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := versionOf(doc.Root())
	if v == nil || v.resourceType != resourceType || v.id != id {
		return nil, errUpstream
	}
	return v, nil
}

// back reads what a write has left, the named version if that can be had.
func (r reader) back(ctx context.Context, resourceType, id, number string) (*version, error) {
	if number != "" {
		doc, err := r.get(ctx, ref(resourceType, id)+"/_history/"+number)
		if err == nil {
			if v := versionOf(doc.Root()); v != nil && v.resourceType == resourceType && v.id == id {
				return v, nil
			}
		} else if !refused(err) {
			return nil, err
		}
	}
	v, err := r.read(ctx, resourceType, id)
	if err == nil && v == nil {
		err = errUpstream
	}
	return v, err
}

// search finds the newest versions of what a query matches, on at most so many pages.
func (r reader) search(ctx context.Context, resourceType, query string, pages int, f func(*version)) error {
	doc, failed := r.get(ctx, resourceType+"?"+query)
	for ; failed == nil; pages-- {
		for entry := range doc.Root().Get("entry").Elements() {
			if v := versionOf(entry.Get("resource")); v != nil && v.resourceType == resourceType && !entry.Path("search", "mode").Is("include") {
				f(v)
			}
		}
		next, err := r.next(doc.Root())
		if err != nil || next == nil || pages == 1 {
			return err
		}
		doc, failed = r.follow(ctx, next)
	}
	return failed
}

// place takes a resource's id and version out of a Location, absolute or relative.
func place(location, resourceType string) (id, number string) {
	location, _, _ = strings.Cut(location, "?")
	segments := strings.Split(location, "/")
	for i := len(segments) - 2; i >= 0; i-- {
		if segments[i] == resourceType && fhirpath.IsID(segments[i+1]) {
			if i+3 < len(segments) && segments[i+2] == "_history" && fhirpath.IsID(segments[i+3]) {
				number = segments[i+3]
			}
			return segments[i+1], number
		}
	}
	return "", ""
}

func parseVersion(raw json.RawMessage) (*version, error) {
	doc, err := fhirpath.Parse(raw)
	if err != nil {
		return nil, errUpstream
	}
	v := versionOf(doc.Root())
	if v == nil {
		return nil, errUpstream
	}
	return v, nil
}
