package subscription

import (
	"encoding/json"
	"strconv"
	"time"
)

// adjusted returns the resource as accepted: what the engine itself says (version,
// status, error) taken out, id, defaults and limits put in. Everything else keeps
// its bytes.
func (r *reader) adjusted(s *Subscription) json.RawMessage {
	channel := members(r.root.Get("channel"))
	channel["payload"] = quote(s.ContentType)
	channel["_payload"] = withExtension(r.root.Path("channel", "_payload"), payloadContentURL, "valueCode", quote(string(s.Content)))
	for _, number := range []struct {
		url, name string
		value     int
	}{
		{heartbeatPeriodURL, "valueUnsignedInt", int(s.HeartbeatPeriod / time.Second)},
		{timeoutURL, "valueUnsignedInt", int(s.Timeout / time.Second)},
		{maxCountURL, "valuePositiveInt", s.MaxCount},
	} {
		if number.value > 0 {
			channel = members(parsed(withExtension(parsed(channel.raw()), number.url, number.name, json.RawMessage(strconv.Itoa(number.value)))))
		}
	}
	if r.unmasked {
		channel["header"] = quoteAll(s.Headers)
	}
	resource := members(r.root)
	resource["id"] = quote(s.ID)
	resource["channel"] = channel.raw()
	if s.adjusted {
		resource["_criteria"] = r.withFilters(s.Filters)
	}
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
