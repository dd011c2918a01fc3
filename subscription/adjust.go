package subscription

import "encoding/json"

// adjusted returns the resource as accepted: what the engine itself says (version,
// status, error) taken out, id, defaults and limits put in. Everything else keeps
// its bytes.
func (r *reader) adjusted(s *Subscription) json.RawMessage {
	resource := members(r.root)
	resource["id"] = quote(s.ID)
	r.form.write(r, s, resource)
	for _, name := range []string{"status", "_status", "error", "_error"} {
		delete(resource, name)
	}
	if meta := members(r.root.Get("meta")); meta != nil {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if resource["meta"] = meta.raw(); len(meta) == 0 {
			delete(resource, "meta")
		}
	}
	return resource.raw()
}
